"""The event that SageMaker sends when the status of a job changes."""

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

LOG = logging.getLogger(__name__)


def announce_job(events: Any, detail_type: str, arn: str, detail: Mapping[str, Any]) -> None:
    """Send the event; a job goes on when it cannot be sent, for SageMaker promises none."""
    entry = {
        "Source": "aws.sagemaker",
        "DetailType": detail_type,
        "Resources": [arn],
        "Detail": json.dumps(detail, default=_milliseconds),
    }
    try:
        events.put_events(Entries=[entry])
    except Exception as error:
        LOG.warning("the state of %s was not announced: %s", arn, error)


def _milliseconds(value: Any) -> int:
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    raise TypeError(f"{type(value).__name__} has no place in an event")
