"""What of S3 is still referred to, and so is never called an orphan."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from thriftline.audit.domain.facts import ResourceKind, Unread, known
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.audit.domain.resources.jobs import ProcessingJob, ReadingJob, TrainingJob
from thriftline.core.dataclass import dataclass

# Only when all of these were read to the end is it known that nothing refers to a prefix.
REFERRING_KINDS = frozenset(
    {
        ResourceKind.ENDPOINT,
        ResourceKind.MODEL,
        ResourceKind.MODEL_PACKAGE,
        ResourceKind.TRAINING_JOB,
        ResourceKind.PROCESSING_JOB,
        ResourceKind.TRANSFORM_JOB,
        ResourceKind.TUNING_JOB,
        ResourceKind.MLFLOW_SERVER,
        ResourceKind.SERVED_ENDPOINT,
    }
)
_RUNNING = ("InProgress", "Stopping")
_SCHEME = "s3://"


@dataclass(frozen=True, slots=True)
class References:
    """S3 URIs, in order, so that many prefixes can be asked about."""

    uris: tuple[str, ...]
    folders: frozenset[str]
    prefixes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, uris: Iterable[str], reads: Iterable[str] = ()) -> "References":
        """Returns the references; a URI may be an object or a folder, with or without a slash.

        ``reads`` stand for all that begins with them: a job that reads ``job-1`` reads ``job-10``.
        """
        prefixes = frozenset(reads)
        distinct = frozenset(uris) | prefixes
        folders = frozenset(f"{uri.rstrip('/')}/" for uri in distinct)
        return cls(tuple(sorted(distinct)), folders, prefixes)

    def hold(self, bucket: str, prefix: str) -> bool:
        """Whether a URI lies under a prefix, or the prefix under a URI that is a folder.

        A prefix is what S3 takes it for: ``job-1`` holds ``job-10`` too, ``job-1/`` does not.
        """
        place = f"s3://{bucket}/{prefix}"
        first = bisect_left(self.uris, place)
        if first < len(self.uris) and self.uris[first].startswith(place):
            return True
        if any(place[:end] in self.prefixes for end in range(len(_SCHEME) + 1, len(place))):
            return True
        slashes = (index + 1 for index, letter in enumerate(place) if letter == "/")
        return any(place[:end] in self.folders for end in slashes)


def references_of(inventory: Inventory) -> References:
    """Returns every S3 URI that a model, the registry, an endpoint or a running job uses.

    What any job of the look-back has read is used too: a nightly job reads it again tomorrow.
    """
    uris: set[str | None] = set()
    for model in inventory.models:
        uris.update(model.artifact_s3_uris)
    for package in inventory.model_packages:
        uris.update(package.artifact_s3_uris)
    for endpoint in inventory.endpoints:
        uris.add(endpoint.async_output_s3_uri)
        for component in known(endpoint.inference_components) or ():
            uris.update(component.artifact_s3_uris)
    # A version that a deployment may bring back is in use, whatever became of its model.
    uris.update(
        version.artifact_s3_uri
        for served in inventory.served_endpoints
        for version in served.versions
    )
    uris.update(server.artifact_s3_uri for server in inventory.mlflow_servers)
    for job in inventory.training_jobs:
        if job.status in _RUNNING:
            uris.update(_of_job(job))
    reads = (uri for job in reading_jobs(inventory) for uri in job.read_s3_uris)
    return References.of((uri for uri in uris if uri), reads)


def reading_jobs(inventory: Inventory) -> Iterator[TrainingJob | ProcessingJob | ReadingJob]:
    """Yields every job that may read something of S3."""
    yield from inventory.training_jobs
    yield from inventory.processing_jobs
    yield from inventory.transform_jobs
    yield from inventory.tuning_jobs


def _of_job(job: TrainingJob) -> Iterator[str | None]:
    yield from (job.checkpoint_s3_uri, job.artifact_s3_uri)
    # Jobs share an output path; each writes to a folder of its own name there.
    if job.output_s3_uri:
        yield f"{job.output_s3_uri.rstrip('/')}/{job.name}/"


def unknown_references(inventory: Inventory) -> tuple[str, ...]:
    """Returns why it cannot be known what is used; then nothing is known to be an orphan.

    An endpoint goes on loading the artifacts of a model that somebody deleted: only the model
    told where they lie. What a manifest lists, only the manifest tells.
    """
    models = {model.name for model in inventory.models}
    manifests = {uri: job.name for job in reading_jobs(inventory) for uri in job.manifest_s3_uris}
    return (
        *(
            f"endpoint {endpoint.name}: {why}"
            for endpoint in inventory.endpoints
            for why in dict.fromkeys(_unknown_of(endpoint, models))
        ),
        *(
            f"job {name}: it reads what {uri} lists, which is not read"
            for uri, name in sorted(manifests.items())
        ),
    )


def _unknown_of(endpoint: Endpoint, models: set[str]) -> Iterator[str]:
    named = [variant.model for variant in (*endpoint.variants, *endpoint.shadow_variants)]
    if isinstance(endpoint.inference_components, Unread):
        yield f"its inference components: {endpoint.inference_components.error}"
    else:
        named += (name for one in endpoint.inference_components for name in one.models)
    for model in named:
        if isinstance(model, Unread):
            yield f"its model: {model.error}"
        elif model is not None and model not in models:
            yield f"its model {model} does not exist, so what it loads is not known"
