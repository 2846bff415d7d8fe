"""The event that SageMaker sends when a training job's status changes."""

from typing import Any

from local_aws.events.job_events import announce_job
from local_aws.training.record import TrainingRecord

_LEFT_OUT = frozenset({"FinalMetricDataList", "TrainingTimeInSeconds", "BillableTimeInSeconds"})


def announce(events: Any, record: TrainingRecord) -> None:
    """Send the event."""
    detail = {key: value for key, value in record.describe().items() if key not in _LEFT_OUT}
    detail["Tags"] = {tag["Key"]: tag["Value"] for tag in record.tags}
    announce_job(events, "SageMaker Training Job State Change", record.arn, detail)
