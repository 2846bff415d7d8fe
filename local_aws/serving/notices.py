"""What asynchronous endpoints say to SNS topics when a request is through."""

import base64
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_aws.serving.process import Reply

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """How a request ended; without an answer it failed."""

    region: str
    endpoint: str
    inference_id: str
    received: datetime
    content_type: str
    input_location: str
    output: str
    answer: Reply | None
    reason: str = ""


class Notices:
    """Publishes outcomes to the topics that an endpoint names."""

    def __init__(self, sns_of: Callable[[str], Any], clock: Callable[[], datetime]) -> None:
        self._sns_of = sns_of
        self._clock = clock

    def send(self, config: Mapping[str, Any], outcome: Outcome) -> None:
        """Publish an outcome, if anybody wants it."""
        wanted = config["OutputConfig"].get("NotificationConfig") or {}
        topic = wanted.get("SuccessTopic" if outcome.answer is not None else "ErrorTopic")
        if not topic:
            return
        text = message(outcome, wanted, self._clock())
        try:
            self._sns_of(outcome.region).publish(TopicArn=topic, Message=json.dumps(text))
        except Exception:
            # The answer is in S3 all the same.
            LOG.exception("the notice about %s was not published", outcome.inference_id)


def message(outcome: Outcome, wanted: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the message about an outcome."""
    completed = outcome.answer is not None
    asked = {
        "contentType": outcome.content_type,
        "endpointName": outcome.endpoint,
        "inputLocation": outcome.input_location,
    }
    text: dict[str, Any] = {
        "awsRegion": outcome.region,
        "eventTime": _shown(now),
        "receivedTime": _shown(outcome.received),
        "invocationStatus": "Completed" if completed else "Failed",
        "requestParameters": {name: value for name, value in asked.items() if value},
        "inferenceId": outcome.inference_id,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    if outcome.answer is None:
        text["failureReason"] = outcome.reason
        if outcome.output:
            text["responseParameters"] = {"outputLocation": outcome.output}
        return text
    text["responseParameters"] = {
        "contentType": outcome.answer.headers.get("content-type", ""),
        "outputLocation": outcome.output,
    }
    if "SUCCESS_NOTIFICATION_TOPIC" in (wanted.get("IncludeInferenceResponseIn") or ()):
        text["responseBody"] = {
            "content": base64.b64encode(outcome.answer.body).decode(),
            "encoding": "BASE64",
        }
    return text


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
