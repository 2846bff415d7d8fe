"""A message that was not taken comes later; nothing is repeated inside the function."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from tests.integration.messages.chat_server import ChatServer, chat_server
from thriftline.core.errors import AccessDeniedError
from thriftline.messages.aws.webhook import Webhook
from thriftline.messages.domain.delivery import Answer, wait_seconds
from thriftline.messages.schemas.queue import PostMessageRequest, PostMessageResponse
from thriftline.messages.steps.post_message import WebhookChat, WebhookKind, post_messages

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
EVENT = Path(__file__).parents[3] / "events" / "post_message.json"


class FakeSecret:
    def __init__(self, text: str) -> None:
        self.now = text
        self.read = text

    def text(self) -> str:
        return self.read

    def forget(self) -> None:
        self.read = self.now


class World:
    """A batch of messages, a chat, and a queue that hides."""

    def __init__(self, chat: ChatServer) -> None:
        self.chat = chat
        self.secret = FakeSecret(chat.url)
        self.hidden: list[tuple[str, int]] = []
        self.pauses: list[float] = []
        self.said: list[str] = []

    def hide(self, _arn: str, receipt: str, seconds: int) -> None:
        self.hidden.append((receipt, seconds))

    def post(
        self, many: int = 1, *, kind: WebhookKind = "slack", timeout: float = 5
    ) -> PostMessageResponse:
        record = json.loads(EVENT.read_text())["Records"][0]
        records = [{**record, "messageId": f"m{i}", "receiptHandle": f"r{i}"} for i in range(many)]
        webhook = Webhook(cast("Any", self.secret), timeout)
        return post_messages(
            PostMessageRequest.model_validate({"Records": records}),
            chat_of=lambda _: WebhookChat(webhook, kind),
            queues=cast("Any", self),
            report=lambda kind, answer, tries: self.said.append(f"{kind} {answer} {tries}"),
            pause=self.pauses.append,
            now=NOW,
        )


def kept(response: PostMessageResponse) -> list[str]:
    return [one.itemIdentifier for one in response.batchItemFailures]


@pytest.fixture
def world() -> Iterator[World]:
    with chat_server() as chat:
        yield World(chat)


def test_messages_are_posted_one_a_second(world: World) -> None:
    assert kept(world.post(3)) == []
    assert len(world.chat.posted) == 3
    assert world.pauses == [1, 1]


def test_a_chat_that_slows_down_gets_no_more_of_the_batch(world: World) -> None:
    world.chat.replies += [(200, {}), (429, {"Retry-After": "7"})]
    assert kept(world.post(4)) == ["m1", "m2", "m3"]
    assert len(world.chat.posted) == 2
    assert world.hidden == [("r1", 7), ("r2", 7), ("r3", 7)]


def test_a_message_that_fails_keeps_no_other_from_being_posted(world: World) -> None:
    world.chat.replies += [(500, {}), (200, {})]
    assert kept(world.post(2)) == ["m0"]
    assert world.hidden == [("r0", 30)]


def test_a_form_that_is_refused_is_posted_again_as_text(world: World) -> None:
    world.chat.replies += [(400, {})]
    assert kept(world.post()) == []
    rich, simple = world.chat.posted
    assert "blocks" in rich
    assert set(simple) == {"text"}


def test_a_chat_that_hangs_is_given_up_and_the_address_is_in_no_log(world: World) -> None:
    world.chat.hang = threading.Event()
    assert kept(world.post(timeout=0.2)) == ["m0"]
    assert world.hidden == [("r0", 30)]
    assert "a-secret" not in "".join(world.said)


def test_a_chat_that_is_not_there_is_asked_later_and_its_address_is_in_no_log(world: World) -> None:
    world.secret = FakeSecret("http://127.0.0.1:1/services/a-secret")
    assert kept(world.post()) == ["m0"]
    assert "a-secret" not in "".join(world.said)


def test_a_secret_that_was_changed_is_read_again(world: World) -> None:
    world.secret.read = f"{world.chat.url}/old"
    world.chat.replies.append((404, {}))
    assert kept(world.post()) == ["m0"]
    assert world.hidden == [("r0", 900)]
    assert world.secret.read == world.chat.url


@pytest.mark.parametrize(
    "address", ["", "hooks.slack.com", "http://hooks.slack.com/x", "https://a b", "https://u@h/"]
)
def test_an_address_that_cannot_be_right_is_never_asked(world: World, address: str) -> None:
    world.secret = FakeSecret(address)
    assert kept(world.post()) == ["m0"]
    assert world.chat.posted == []


def test_a_secret_that_cannot_be_read_is_asked_for_later(world: World) -> None:
    def refuse() -> str:
        raise AccessDeniedError("reading the address: AccessDenied")

    world.secret.text = refuse  # type: ignore[method-assign]
    assert kept(world.post()) == ["m0"]


def test_a_text_that_is_no_message_is_dropped(world: World) -> None:
    record = json.loads(EVENT.read_text())["Records"][0]
    for attributes in ({}, {"document": {"stringValue": "{", "dataType": "String"}}):
        request = {"Records": [{**record, "messageAttributes": attributes}]}
        parsed = PostMessageRequest.model_validate(request)
        assert parsed.records[0].message() is None


@pytest.mark.parametrize(
    ("answer", "tries", "seconds"),
    [
        (Answer(429, "30"), 1, 30),
        (Answer(429, "Mon, 30 Nov 2026 12:01:00 GMT"), 1, 61),
        (Answer(429, "Mon, 30 Nov 2026 11:00:00 GMT"), 1, 1),
        (Answer(429, "soon"), 2, 60),
        (Answer(429, "999999999999"), 1, 3_600),
        (Answer(503, "5"), 1, 5),
        (Answer(None), 1, 30),
        (Answer(500), 3, 120),
        (Answer(500), 10, 3_600),
        (Answer(403), 1, 900),
    ],
)
def test_how_long_a_message_waits(answer: Answer, tries: int, seconds: int) -> None:
    assert wait_seconds(answer, tries, NOW) == seconds
