"""Why an upload starts no run, said where the person who uploaded looks."""

from datetime import datetime

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.topic import Topic
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.layout import Upload
from thriftline.runs.domain.uploads import (
    KEY_PATTERN,
    UploadKind,
    classify,
    is_serve_spec,
    project_of_unread,
)
from thriftline.runs.schemas.steps.opening import ExplainUploadResponse
from thriftline.runs.steps.refuse_upload import refuse_upload
from thriftline.runs.steps.tell_no_run import tell_no_run


def explain_upload(
    upload: Upload, *, artifacts: Bucket, runs: RunsTable, alerts: Topic, now: datetime
) -> ExplainUploadResponse:
    """Reports the pattern that the key missed, once a day for files of a kind in a folder.

    Nobody is told of a ``serve.yaml``: it is at its place. A data file that is not read, such as
    ``a.tsv`` or ``a.CSV``, has the result of a rejected run too. A key outside ``datasets/``, or of
    a folder or of a hidden file, is nobody's data set: what is returned goes into the log alone.
    """
    classified = classify(upload.key)
    reason = classified.reason
    if classified.kind is not UploadKind.NOT_A_DATASET:
        reason = f"{upload.key} is of the form {KEY_PATTERN}, but the rule did not match it"
    folder, _, name = upload.key.rpartition("/")
    told = name and not name.startswith((".", "_")) and not is_serve_spec(upload.key)
    if upload.key.startswith("datasets/") and told:
        kind = name.lower().rpartition(".")[2]
        tell_no_run(upload, f"{kind} in {folder}", reason, runs, alerts, now)
    project = project_of_unread(upload.key)
    if project:
        refuse_upload(
            upload, project, f"{reason}. Nothing was spent.", artifacts=artifacts, now=now
        )
    return ExplainUploadResponse(reason=f"no run: {reason}")
