"""A message that says why an upload starts no run."""

from datetime import datetime

from thriftline.core.aws.topic import Topic
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
    alerts.publish(
        f"Thriftline: {plain(name, 60)} started no run",
        f"{plain(upload.key)} (version {plain(upload.version_id)}) started no run.\n\n"
        f"{reason}.\n\nOther uploads that start no run for the same reason are not reported again "
        "today.\n",
    )
