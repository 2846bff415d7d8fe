"""Raw data that a preparation reads: which objects of a folder, and what stands for all of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from thriftline.runs.domain.arrivals import MOST_FILES, FileVersion, digest_of
from thriftline.runs.domain.uploads import is_data_file

# One task reads such a file alone, however large it is.
_UNSPLITTABLE = ".gz"


@dataclass(frozen=True)
class RawObject:
    """The current version of one raw object."""

    bucket: str
    key: str
    version_id: str
    size: int
    etag: str = ""

    @property
    def uri(self) -> str:
        """Its address."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class RawListing:
    """What the sources of a run.yaml hold; ``problem`` says why a run cannot read it."""

    files: tuple[RawObject, ...] = ()
    problem: str | None = None


def is_raw(key: str, data_format: str) -> bool:
    """Whether an object of a source is data: not hidden, and of the format by its name.

    Where run.yaml names the format, the name of a file need not say it.
    """
    if any(part.startswith((".", "_")) for part in key.split("/")) or key.endswith("/"):
        return False
    return data_format != "auto" or is_data_file(key.rsplit("/", 1)[-1])


def listing_of(sources: Sequence[str], found: Iterable[RawObject]) -> RawListing:
    """Returns the objects in order of their address, or why they are no raw data."""
    files: list[RawObject] = []
    for one in found:
        if one.size:
            files.append(one)
        if len(files) > MOST_FILES:
            return RawListing(
                problem=f"run.yaml: prepare.source: more than {MOST_FILES:,} files; merge some of "
                "them. Nothing was spent."
            )
    if not files:
        return RawListing(
            problem=f"run.yaml: prepare.source: {', '.join(sources)} hold no data file "
            "(.csv, .jsonl, .parquet, each also .gz; of another name where prepare.format says "
            "the format). Nothing was spent."
        )
    return RawListing(tuple(sorted(files, key=lambda one: one.uri)))


def as_one_file(sources: Sequence[str], listing: RawListing) -> FileVersion:
    """Returns what stands for a listing in a claim: its version is a digest of all of it."""
    rows = [f"{one.uri} {one.version_id} {one.etag} {one.size}" for one in listing.files]
    digest = digest_of(*rows)
    return FileVersion(
        name=" ".join(sorted(sources)),
        version_id=digest,
        size=sum(one.size for one in listing.files),
        etag=digest,
    )


def largest_unsplittable(files: Iterable[tuple[str, int]]) -> int:
    """Returns the size of the largest file that one task has to read alone, 0 when there is none.

    Args:
        files: names with their sizes in bytes.
    """
    return max((size for name, size in files if name.lower().endswith(_UNSPLITTABLE)), default=0)
