"""A message that says why an upload starts no run."""

from datetime import datetime

from thriftline.core.aws.topic import Topic
from thriftline.core.message import Message
from thriftline.core.text import plain
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.layout import Upload

_LONGEST_KEY = 300


def tell_no_run(
    upload: Upload, about: str, reason: str, runs: RunsTable, alerts: Topic, now: datetime
) -> None:
    """Sends the reason to people; what it is about they are told once a day in a folder."""
    folder, _, name = upload.key.rpartition("/")
    if not runs.is_first(plain(f"{now:%Y-%m-%d} {folder} {about}", _LONGEST_KEY)):
        return
    sentence = f"{plain(upload.key)} (version {plain(upload.version_id)}) started no run."
    later = "Other uploads that start no run for the same reason are not reported again today."
    alerts.send(
        Message(
            kind="upload",
            tone="problem",
            thread=folder,
            title=f"Thriftline: {plain(name, 60)} started no run",
            sentence=sentence,
            detail=f"{reason}.\n{later}",
            text=f"{sentence}\n\n{reason}.\n\n{later}\n",
        )
    )
