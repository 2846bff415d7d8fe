"""Why an upload starts no run, said where the person who uploaded looks: in a message."""

from datetime import datetime

from thriftline.core.aws.topic import Topic
from thriftline.core.text import plain
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.layout import Upload
from thriftline.runs.domain.uploads import KEY_PATTERN, UploadKind, classify
from thriftline.runs.schemas.steps import ExplainUploadResponse

_LONGEST_KEY = 300


def explain_upload(
    upload: Upload, *, runs: RunsTable, alerts: Topic, now: datetime
) -> ExplainUploadResponse:
    """Reports the pattern that the key missed, once a day for files of a kind in a folder.

    A key outside ``datasets/``, or of a folder or of a hidden file, is nobody's data set: what is
    returned goes into the log alone.
    """
    classified = classify(upload.key)
    reason = classified.reason
    if classified.kind is not UploadKind.NOT_A_DATASET:
        reason = f"{upload.key} is of the form {KEY_PATTERN}, but the rule did not match it"
    folder, _, name = upload.key.rpartition("/")
    if upload.key.startswith("datasets/") and name and not name.startswith((".", "_")):
        kind = name.lower().rpartition(".")[2]
        tell_no_run(upload, f"{kind} in {folder}", reason, runs, alerts, now)
    return ExplainUploadResponse(reason=f"no run: {reason}")


def tell_no_run(
    upload: Upload, about: str, reason: str, runs: RunsTable, alerts: Topic, now: datetime
) -> None:
    """Sends the reason to people; what it is about they are told once a day in a folder."""
    folder, _, name = upload.key.rpartition("/")
    if not runs.is_first(plain(f"{now:%Y-%m-%d} {folder} {about}", _LONGEST_KEY)):
        return
    alerts.publish(
        f"Thriftline: {plain(name, 60)} started no run",
        f"{plain(upload.key)} (version {plain(upload.version_id)}) started no run.\n\n"
        f"{reason}.\n\nOther uploads that start no run for the same reason are not reported again "
        "today.\n",
    )
