"""Which jobs name a place in S3 as their checkpoints or output: whoever shares it may need it."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import takewhile

from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.resources.jobs import TrainingJob
from thriftline.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class JobPlaces:
    """The URIs that jobs name, in order, and who names each."""

    uris: tuple[str, ...]
    named_by: dict[str, frozenset[str]]

    @classmethod
    def of(cls, inventory: Inventory) -> "JobPlaces":
        """Returns the places of all jobs of an inventory, ended or not."""
        pairs = [(uri, job.name) for job in inventory.training_jobs for uri in _named(job)]
        pairs += [
            (uri, job.name) for job in inventory.processing_jobs for uri in job.output_s3_uris
        ]
        named: dict[str, set[str]] = defaultdict(set)
        for uri, name in pairs:
            named[f"{uri.rstrip('/')}/"].add(name)
        return cls(tuple(sorted(named)), {uri: frozenset(names) for uri, names in named.items()})

    def users(self, bucket: str, prefix: str) -> frozenset[str]:
        """Returns the jobs that name a prefix, something under it, or a folder that it is in."""
        place = f"s3://{bucket}/{prefix}"
        return frozenset().union(*(self.named_by[uri] for uri in self._touching(place)))

    def _touching(self, place: str) -> Iterator[str]:
        first = bisect_left(self.uris, place)
        following = (self.uris[index] for index in range(first, len(self.uris)))
        yield from takewhile(lambda uri: uri.startswith(place), following)
        ends = (index + 1 for index, letter in enumerate(place) if letter == "/")
        yield from (place[:end] for end in ends if place[:end] in self.named_by)


def _named(job: TrainingJob) -> Iterable[str]:
    if job.checkpoint_s3_uri:
        yield job.checkpoint_s3_uri
    # Jobs share an output path; each writes to a folder of its own name there.
    if job.output_s3_uri:
        yield f"{job.output_s3_uri.rstrip('/')}/{job.name}/"
