"""Messages and events."""

import json
from typing import Any, ClassVar, cast

import boto3
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from moto import mock_aws

from thriftline.core.aws.event_bus import EventBus
from thriftline.core.aws.topic import Topic
from thriftline.core.errors import (
    AwsRequestError,
    ServiceUnavailableError,
    ThriftlineError,
    ThrottledError,
)
from thriftline.core.events import Event
from thriftline.core.message import Message


class _Failed(Event):
    SOURCE: ClassVar[str] = "thriftline.training"
    DETAIL_TYPES: ClassVar[tuple[str, ...]] = ("TrainingFailed",)

    why: str


class _Published:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.messages: list[dict[str, str]] = []

    def publish(self, **message: str) -> None:
        self.messages.append(message)


def _message(title: str, text: str) -> Message:
    return Message(kind="run", tone="good", thread="reviews-1", title=title, sentence="", text=text)


class _Bus:
    """Answers PutEvents."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.entries: list[dict[str, str]] = []

    def put_events(self, **request: Any) -> dict[str, Any]:
        self.entries += request["Entries"]
        return self.answer


@given(st.text())
@example("\x08\r0")
def test_any_subject_becomes_one_that_sns_takes(text: str) -> None:
    client = _Published()
    Topic(cast("Any", client), "arn").send(_message(text, "body"))
    subject = client.messages[0]["Subject"]
    assert 1 <= len(subject) <= 100
    assert subject.isascii()
    assert subject.isprintable()
    assert not subject[0].isspace()


def test_a_subscriber_gets_subject_and_message() -> None:
    with mock_aws():
        sns = boto3.client("sns", region_name="us-east-1")
        sqs = boto3.client("sqs", region_name="us-east-1")
        queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
        arn = sns.create_topic(Name="alerts")["TopicArn"]
        sns.subscribe(
            TopicArn=arn,
            Protocol="sqs",
            Endpoint=sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])[
                "Attributes"
            ]["QueueArn"],
        )
        Topic(sns, arn).send(_message("Thriftline: reviews\nfailed", "Größe"))
        (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
        body = json.loads(message["Body"])
        assert body["Subject"] == "Thriftline: reviews failed"
        assert body["Message"] == "Größe"


def test_an_event_names_its_source_and_type() -> None:
    client = _Bus({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})
    EventBus(cast("Any", client), "default").put(_Failed(why="no room"))
    assert client.entries == [
        {
            "EventBusName": "default",
            "Source": "thriftline.training",
            "DetailType": "TrainingFailed",
            "Detail": '{"version":"1.0","why":"no room"}',
        }
    ]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ThrottlingException", ThrottledError),
        ("InternalFailure", ServiceUnavailableError),
        ("MalformedDetail", AwsRequestError),
    ],
)
def test_an_event_that_was_not_taken_is_an_error_by_its_kind(
    code: str, error: type[ThriftlineError]
) -> None:
    entry = {"ErrorCode": code, "ErrorMessage": "no"}
    bus = EventBus(cast("Any", _Bus({"FailedEntryCount": 1, "Entries": [entry]})), "default")
    with pytest.raises(error, match=f"{code}: no"):
        bus.put(_Failed(why="no room"))
