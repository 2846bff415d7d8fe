"""Which run an execution may clean up and report, when Open run itself failed."""

from datetime import datetime

from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.layout import Upload, run_id_of
from thriftline.runs.domain.uploads import UploadKind, classify


def own_run_id(
    run_id: str | None, upload: Upload, execution_arn: str, *, runs: RunsTable, now: datetime
) -> str | None:
    """Returns the execution's own run id; None when the run belongs to another execution.

    A run that nobody opened is claimed, so that its failure is on record under its id.
    """
    if run_id is not None:
        return run_id
    classified = classify(upload.key)
    if classified.kind is UploadKind.NOT_A_DATASET:
        return None
    candidate = run_id_of(upload, classified.project)
    claim = runs.claim(candidate, classified.project, upload, execution_arn, now)
    return candidate if claim.mine else None
