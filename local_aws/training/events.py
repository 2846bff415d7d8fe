"""The event that SageMaker sends when a training job's status changes."""

import json
import logging
from datetime import datetime
from typing import Any

from local_aws.training.record import TrainingRecord

LOG = logging.getLogger(__name__)

_LEFT_OUT = frozenset({"FinalMetricDataList", "TrainingTimeInSeconds", "BillableTimeInSeconds"})


def announce(events: Any, record: TrainingRecord) -> None:
    """Send the event; a job goes on when it cannot be sent, for SageMaker promises none."""
    detail = {key: value for key, value in record.describe().items() if key not in _LEFT_OUT}
    detail["Tags"] = {tag["Key"]: tag["Value"] for tag in record.tags}
    entry = {
        "Source": "aws.sagemaker",
        "DetailType": "SageMaker Training Job State Change",
        "Resources": [record.arn],
        "Detail": json.dumps(detail, default=_milliseconds),
    }
    try:
        events.put_events(Entries=[entry])
    except Exception as error:
        LOG.warning("the state of %s was not announced: %s", record.name, error)


def _milliseconds(value: Any) -> int:
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    raise TypeError(f"{type(value).__name__} has no place in an event")
