"""What of S3 is still referred to, and so is never called an orphan."""

from collections.abc import Iterable

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


def referred_uris(inventory: Inventory) -> frozenset[str]:
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
    return frozenset(uri for uri in uris if uri)


def is_referred(bucket: str, prefix: str, uris: Iterable[str]) -> bool:
    """Whether any URI lies under a prefix, or the prefix under a URI that is a folder itself.

    A prefix is what S3 takes it for: ``job-1`` holds ``job-10`` too, ``job-1/`` does not.
    """
    place = f"s3://{bucket}/{prefix}"
    return any(uri.startswith(place) or place.startswith(f"{uri.rstrip('/')}/") for uri in uris)
