"""Lists the raw data that ``prepare.source`` names, in the buckets that the stack may read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.runs.domain.raw_data import RawListing, RawObject, is_raw, listing_of
from thriftline.runs.schemas.prepare_section import PrepareSection

# Whatever lies there starts runs of its own, so a run that read it would read its own copy.
_DATASETS = "datasets/"


@dataclass(frozen=True)
class RawSources:
    """The data bucket, and those of the stack's parameter RawDataBuckets by their names."""

    data: Bucket
    others: Mapping[str, Bucket] = field(default_factory=dict)

    def bucket(self, name: str) -> Bucket | None:
        """Returns a bucket that raw data may lie in; None: the stack does not read it."""
        return self.data if name == self.data.name else self.others.get(name)

    def listing(self, prepare: PrepareSection) -> RawListing:
        """Returns the current versions of all files of the sources, or why they cannot be read."""
        sources = prepare.source or ()
        for uri in sources:
            if problem := self._problem(uri):
                return RawListing(problem=f"run.yaml: prepare.source: {problem} Nothing was spent.")
        return listing_of(sources, self._objects(sources, prepare.format))

    def _problem(self, uri: str) -> str | None:
        bucket, prefix = _parts(uri)
        if bucket == self.data.name and (
            prefix.startswith(_DATASETS) or _DATASETS.startswith(prefix)
        ):
            return (
                f"{uri} lies under {_DATASETS}, where a file starts a run of its own; put raw data "
                f"elsewhere in {bucket}, such as raw/."
            )
        if bucket == self.data.name or bucket in self.others:
            return None
        allowed = ", ".join([self.data.name, *sorted(self.others)])
        return (
            f"this stack does not read the bucket {bucket}; it reads {allowed}. Add it to the "
            "stack's parameter RawDataBuckets, or copy the data."
        )

    def _objects(self, sources: Sequence[str], data_format: str) -> Iterator[RawObject]:
        for uri in sources:
            name, prefix = _parts(uri)
            bucket = self.data if name == self.data.name else self.others[name]
            for one in bucket.list_current(prefix):
                if is_raw(one.key.removeprefix(prefix), data_format):
                    yield RawObject(name, one.key, one.version_id, one.size, one.etag)


def _parts(uri: str) -> tuple[str, str]:
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    return bucket, prefix
