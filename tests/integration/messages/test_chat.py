"""A message of the stack reaches a chat, by the stack's own queue and function."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from local_aws.server import EmbeddedAws, Options
from tests.integration.local_aws.aws import eventually
from tests.integration.messages.chat_server import ChatServer, chat_server
from thriftline.core.aws.topic import Topic
from thriftline.core.message import Message

SECRET = "chat-webhook"
ARN = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{SECRET}"


@dataclass
class World:
    aws: EmbeddedAws
    chat: ChatServer
    notes: str

    def send(self, title: str) -> None:
        message = Message(
            kind="run",
            tone="good",
            thread="reviews-1",
            title=title,
            sentence="Run reviews-1 succeeded.",
            text="The mail.",
        )
        Topic(self.aws.client("sns"), self.aws.outputs["AlertsTopicArn"]).send(message)

    def notifications(self) -> list[dict[str, Any]]:
        """What Amazon Q was sent and nobody has taken yet."""
        sqs = self.aws.client("sqs")
        found = sqs.receive_message(QueueUrl=self.notes, MaxNumberOfMessages=10).get("Messages", [])
        for one in found:
            sqs.delete_message(QueueUrl=self.notes, ReceiptHandle=one["ReceiptHandle"])
        return [json.loads(one["Body"]) for one in found]

    def dead_letters(self) -> int:
        attributes = self.aws.client("sqs").get_queue_attributes(
            QueueUrl=self.aws.outputs["ChatDeadLetterQueueUrl"],
            AttributeNames=["ApproximateNumberOfMessages"],
        )
        return int(attributes["Attributes"]["ApproximateNumberOfMessages"])


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    parameters = {"ChatWebhookSecretArn": ARN, "AmazonQ": "on"}
    with chat_server() as chat, EmbeddedAws(Options(parameters=parameters)) as aws:
        aws.client("secretsmanager").create_secret(Name=SECRET, SecretString=chat.url)
        sqs = aws.client("sqs")
        notes = sqs.create_queue(QueueName="amazon-q")["QueueUrl"]
        queue = sqs.get_queue_attributes(QueueUrl=notes, AttributeNames=["QueueArn"])
        aws.client("sns").subscribe(
            TopicArn=aws.outputs["ChatTopicArn"],
            Protocol="sqs",
            Endpoint=queue["Attributes"]["QueueArn"],
            Attributes={"RawMessageDelivery": "true"},
        )
        yield World(aws, chat, notes)


def test_a_message_reaches_slack_and_amazon_q_and_what_is_no_message_reaches_neither(
    world: World,
) -> None:
    world.aws.client("sns").publish(
        TopicArn=world.aws.outputs["AlertsTopicArn"], Message="an alarm", Subject="ALARM"
    )
    world.send("first")
    assert eventually(lambda: "first" in world.chat.titles())
    assert world.chat.titles() == ["first"]
    (note,) = eventually(world.notifications)
    assert note["version"] == "1.0"
    assert note["source"] == "custom"
    assert note["metadata"]["threadId"] == "reviews-1"
    assert note["content"]["title"] == "first"


def test_a_chat_that_asks_for_a_pause_gets_the_message_after_it_and_not_before(
    world: World,
) -> None:
    world.chat.posted.clear()
    world.chat.replies.append((429, {"Retry-After": "1200"}))
    world.send("throttled")
    assert eventually(lambda: world.chat.titles() == ["throttled"])
    time.sleep(1)
    assert world.chat.titles() == ["throttled"]
    world.aws.clock.advance(timedelta(seconds=1_201))
    assert eventually(lambda: world.chat.titles() == ["throttled"] * 2)
    # Amazon Q had it at once, and once: it has a queue of its own.
    assert [one["content"]["title"] for one in world.notifications()] == ["throttled"]


def test_a_chat_that_is_broken_keeps_nobody_waiting_and_its_messages_end_as_dead_letters(
    world: World,
) -> None:
    world.chat.posted.clear()
    world.chat.always = (500, {})
    world.send("broken")

    def is_dead() -> bool:
        world.aws.clock.advance(timedelta(minutes=15))
        return world.dead_letters() == 1

    assert eventually(is_dead)
    assert world.chat.titles() == ["broken"] * 10
