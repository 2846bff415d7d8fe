"""Starts the run of a data set that lies in the data bucket, as its upload would have."""

from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.executions import Executions
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import DatasetRejectedError
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.layout import Upload, run_id_of
from thriftline.runs.domain.uploads import UploadKind, classify

# CopyObject takes no more.
LARGEST_COPY = 5 * 1024**3


@dataclass(frozen=True)
class RunOrder:
    """What is to be run; ``version_id`` None is the newest. ``by`` is who asks.

    ``again``: a run of its own, though this version has one; once for a ``token``.
    """

    project: str
    key: str
    version_id: str | None
    again: bool
    by: str
    token: str


def execution_name(run_id: str) -> str:
    """Returns the name of the execution that a request for a run starts."""
    return f"api-{run_id}"


def start_run(
    order: RunOrder,
    *,
    data: Bucket,
    copies: Bucket,
    runs: RunsTable,
    executions: Executions,
    machine_arn: str,
) -> str:
    """Returns the id of the run: the same that the upload's event gives; safe to repeat.

    Args:
        order: what is to be run.
        data: the bucket with the data set.
        copies: the same bucket, by a client that makes no second try: S3 may go on with a copy that
            it does not answer, and each copy is a version whose event starts a run.
        runs: the table of runs.
        executions: of the machine.
        machine_arn: of the training workflow.

    Raises:
        DatasetRejectedError: there is no such data set, or it cannot be copied.
        DatasetChangedError: this version of it is gone.
    """
    found = classify(order.key)
    if found.kind is UploadKind.NOT_A_DATASET:
        raise DatasetRejectedError(f"key: {found.reason}.")
    if found.project != order.project:
        raise DatasetRejectedError(f"key: it lies in project {found.project}.")
    upload = _version(order, data, copies)
    run_id = run_id_of(upload, order.project)
    if runs.get(run_id) is None:
        executions.start(machine_arn, execution_name(run_id), _event(upload, order.by))
    return run_id


def _version(order: RunOrder, data: Bucket, copies: Bucket) -> Upload:
    if order.version_id is None:
        newest = data.current_version(order.key)
        if newest is None:
            raise DatasetRejectedError(
                f"key: {data.uri(order.key)} is not there. POST /uploads says where to send it."
            )
        version_id, size = newest
    else:
        version_id = order.version_id
        size = data.size_of_version(order.key, version_id)
    if order.again:
        if size > LARGEST_COPY:
            raise DatasetRejectedError(
                f"again: the data set has {size:,} bytes, and S3 copies {LARGEST_COPY:,}. Upload "
                "it again."
            )
        version_id = copies.write_again(order.key, version_id, order.token)
    return Upload(data.name, order.key, version_id, size=size)


def _event(upload: Upload, by: str) -> dict[str, Any]:
    """Returns what EventBridge sends of an upload, as far as the workflow reads it."""
    return {
        "source": "thriftline.api",
        "detail": {
            "bucket": {"name": upload.bucket},
            "object": {
                "key": upload.key,
                "version-id": upload.version_id,
                "size": upload.size,
            },
            "requester": by,
        },
    }
