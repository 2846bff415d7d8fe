"""What of S3 is still referred to, and so is never called an orphan."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from thriftline.domain.audit.facts import ResourceKind
from thriftline.domain.audit.inventory import Inventory

# Only when all of these were read to the end is it known that nothing refers to a prefix.
REFERRING_KINDS = frozenset(
    {
        ResourceKind.ENDPOINT,
        ResourceKind.MODEL,
        ResourceKind.MODEL_PACKAGE,
        ResourceKind.TRAINING_JOB,
    }
)
_RUNNING = ("InProgress", "Stopping")


@dataclass(frozen=True, slots=True)
class References:
    """S3 URIs, in order, so that many prefixes can be asked about."""

    uris: tuple[str, ...]
    folders: frozenset[str]

    @classmethod
    def of(cls, uris: Iterable[str]) -> "References":
        """Returns the references; a URI may be an object or a folder, with or without a slash."""
        known = frozenset(uris)
        return cls(tuple(sorted(known)), frozenset(f"{uri.rstrip('/')}/" for uri in known))

    def hold(self, bucket: str, prefix: str) -> bool:
        """Whether a URI lies under a prefix, or the prefix under a URI that is a folder.

        A prefix is what S3 takes it for: ``job-1`` holds ``job-10`` too, ``job-1/`` does not.
        """
        place = f"s3://{bucket}/{prefix}"
        first = bisect_left(self.uris, place)
        if first < len(self.uris) and self.uris[first].startswith(place):
            return True
        slashes = (index + 1 for index, letter in enumerate(place) if letter == "/")
        return any(place[:end] in self.folders for end in slashes)


def references_of(inventory: Inventory) -> References:
    """Returns every S3 URI that a model, the registry, an endpoint or a running job uses."""
    uris: set[str | None] = set()
    for model in inventory.models:
        uris.update(model.artifact_s3_uris)
    for package in inventory.model_packages:
        uris.update(package.artifact_s3_uris)
    for endpoint in inventory.endpoints:
        uris.add(endpoint.async_output_s3_uri)
    for job in inventory.training_jobs:
        if job.status in _RUNNING:
            uris.update((job.checkpoint_s3_uri, job.artifact_s3_uri))
            # Jobs share an output path; each writes to a folder of its own name there.
            if job.output_s3_uri:
                uris.add(f"{job.output_s3_uri.rstrip('/')}/{job.name}/")
    return References.of(uri for uri in uris if uri)
