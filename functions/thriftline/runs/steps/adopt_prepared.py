"""Makes what a preparation wrote the data set of its run."""

from collections.abc import Mapping
from decimal import Decimal

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import DatasetRejectedError, TrainingFailedError
from thriftline.core.kept import reading
from thriftline.runs.domain.layout import prepared_prefix, run_prefix
from thriftline.runs.schemas.preparation_plan import PreparationPlan
from thriftline.runs.schemas.prepared_manifest import PreparedFile, PreparedManifest
from thriftline.runs.schemas.run import DatasetFile, Run, RunPreparation

PREPARATION = "preparation.json"
PREPARATION_PAGE = "preparation.html"
_MANIFEST = "manifest.json"
_PREPARE_AGAIN = "Give the stack the program of its own version, and upload the raw data again."
_KEPT = (
    (PREPARATION, PREPARATION, "application/json"),
    ("index.html", PREPARATION_PAGE, "text/html; charset=utf-8"),
)


def adopt_prepared(
    run: Run, attempt: int, plan: PreparationPlan, charged_usd: Decimal, artifacts: Bucket
) -> None:
    """Writes ``run.json`` once more, with the prepared files; safe to repeat.

    What the preparation says of itself is copied out of the scratch, to stay with the run.

    Raises:
        TrainingFailedError: the preparation left no manifest, or not the files that it names.
        UnreadableDocumentError: the manifest is of no version that is known here.
        DatasetRejectedError: no row is left to train on.
    """
    prefix = prepared_prefix(run.run_id, attempt)
    manifest = _manifest(artifacts, prefix)
    sizes = {one.key: one.size for one in artifacts.list(prefix)}
    files = tuple(_file(one, prefix, sizes, artifacts) for one in manifest.files if one.rows)
    if not any(file.split == "train" for file in files):
        raise DatasetRejectedError(
            "prepare: no row is left to train on; preparation.html of the run says at which stage "
            "the rows were removed."
        )
    for name, kept_as, content_type in _KEPT:
        body = read_written(artifacts, prefix, name)
        if body is not None:
            artifacts.write(f"{run_prefix(run.run_id)}{kept_as}", body, content_type)
    preparation = RunPreparation(
        engine=plan.engine,
        attempt=attempt,
        rows=sum(one.rows for one in manifest.files),
        held_usd=plan.held_usd,
        charged_usd=charged_usd,
        # It only starts after a yes, where one is needed.
        approved_usd=plan.most_usd if plan.needs_approval else None,
    )
    adopted = run.model_copy(update={"files": files, "preparation": preparation})
    artifacts.write_json(f"{run_prefix(run.run_id)}run.json", adopted.model_dump_json(indent=2))


def read_written(artifacts: Bucket, prefix: str, name: str) -> bytes | None:
    """Returns a document of the program: one object, or the one part of a folder of Spark."""
    body = artifacts.read(prefix + name)
    if body is not None:
        return body
    parts = [one.key for one in artifacts.list(f"{prefix}{name}/part-")]
    return artifacts.read(parts[0]) if len(parts) == 1 else None


def _manifest(artifacts: Bucket, prefix: str) -> PreparedManifest:
    body = read_written(artifacts, prefix, _MANIFEST)
    place = artifacts.uri(prefix + _MANIFEST)
    if body is None:
        raise TrainingFailedError(
            f"The preparation ended well and left no manifest at {place}, so what it wrote is not "
            "known to be whole."
        )
    with reading(f"The preparation's manifest {place}", _PREPARE_AGAIN):
        return PreparedManifest.model_validate_json(body)


def _file(
    written: PreparedFile, prefix: str, sizes: Mapping[str, int], artifacts: Bucket
) -> DatasetFile:
    own = artifacts.uri("")
    key = written.path.removeprefix(own) if written.path.startswith(own) else prefix + written.path
    size = sizes.get(key)
    if size is None or size != written.bytes:
        raise TrainingFailedError(
            f"The preparation's manifest names {artifacts.uri(key)} with {written.bytes:,} bytes; "
            + ("it is not there." if size is None else f"it has {size:,}.")
        )
    # Each attempt has a prefix of its own, so that nothing here is ever written twice.
    return DatasetFile(
        bucket=artifacts.name, key=key, version_id="", size=size, split=written.split
    )
