"""What a chat is sent: within its limits, and nothing that a stranger wrote is markup."""

import json
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from thriftline.core.message import Fact, Message
from thriftline.messages.domain.amazon_q import amazon_q_body
from thriftline.messages.domain.fitting import escaped_for_cards, escaped_for_slack, fitted
from thriftline.messages.domain.slack import LONGEST_ALL, MOST_BLOCKS, slack_body, slack_text
from thriftline.messages.domain.teams import LARGEST_BYTES, teams_body, teams_text

LINK = "https://approvals.example/a?run=1&sig=x|y>"


def made(text: str, *, times: int = 1, many: int = 1, link: str | None = None) -> Message:
    long = text * times
    return Message(
        kind="run",
        tone="problem",
        thread="reviews-1",
        title=long,
        sentence=long,
        detail=long,
        facts=tuple(Fact("name", long) for _ in range(many)),
        dollars=long,
        next_steps=(long,) * 6,
        link=link,
        text="",
    )


def texts_of(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in texts_of(one)]
    if isinstance(value, list):
        return [text for one in value for text in texts_of(one)]
    return [value] if isinstance(value, str) else []


@settings(max_examples=15, deadline=None)
@given(st.text(min_size=1), st.integers(1, 3_000), st.integers(0, 20))
def test_a_slack_message_is_within_every_limit(text: str, times: int, many: int) -> None:
    body = slack_body(made(text, times=times, many=many, link=LINK))
    assert len(json.dumps(body, ensure_ascii=False)) <= LONGEST_ALL
    assert body["text"]
    assert len(body["blocks"]) <= MOST_BLOCKS
    for block in body["blocks"]:
        limit = {"header": 150, "section": 3_000}.get(block["type"], 3_000)
        assert len(block.get("text", {}).get("text", "x")) <= limit
        assert len(block.get("fields", [])) <= 10
        assert all(len(one["text"]) <= 2_000 for one in block.get("fields", []))


def test_slack_shows_no_mention_link_or_entity_of_a_stranger() -> None:
    body = slack_body(made("<!channel> <https://evil.example|here> & co", link=LINK))
    shown = [text for text in [*texts_of(body["blocks"][1:]), body["text"]] if "channel" in text]
    assert shown
    assert not any("<!" in text or "<https://evil" in text for text in shown)
    assert all("&lt;!channel&gt;" in text and "&amp; co" in text for text in shown)
    (link,) = [text for text in texts_of(body) if text.endswith("|Open>")]
    assert link == "<https://approvals.example/a?run=1&amp;sig=x%7Cy%3E|Open>"


@given(st.text(alphabet="<>&a", max_size=200), st.integers(1, 100))
def test_a_text_is_never_cut_inside_of_an_entity(text: str, limit: int) -> None:
    cut = fitted(text, limit, escaped_for_slack)
    assert len(cut) <= max(limit, 1)
    assert not re.search(r"&(?!amp;|lt;|gt;)", cut)


@settings(max_examples=15, deadline=None)
@given(st.text(min_size=1), st.integers(1, 3_000), st.integers(0, 20))
def test_a_card_of_teams_is_small(text: str, times: int, many: int) -> None:
    body = teams_body(made(text, times=times, many=many, link="https://a.example"))
    assert len(json.dumps(body).encode()) <= LARGEST_BYTES
    card = body["attachments"][0]["content"]
    assert card["type"] == "AdaptiveCard"
    assert card["actions"] == [
        {"type": "Action.OpenUrl", "title": "Open", "url": "https://a.example"}
    ]


def test_a_card_shows_no_markdown_of_a_stranger() -> None:
    assert escaped_for_cards("[a](b) *c*") == r"\[a\]\(b\) \*c\*"
    assert LARGEST_BYTES < 28_000
    card = teams_text(made("[x](https://evil.example)"))["attachments"][0]["content"]
    assert all("](" not in text for text in texts_of(card["body"]))


def test_a_plain_form_is_the_text_alone() -> None:
    assert set(slack_text(made("x"))) == {"text"}


@given(st.text(min_size=1), st.integers(1, 500))
def test_amazon_q_gets_its_schema_and_the_thread(text: str, times: int) -> None:
    body = json.loads(amazon_q_body(made(text, times=times)))
    assert (body["version"], body["source"]) == ("1.0", "custom")
    assert body["content"]["textType"] == "client-markdown"
    assert len(body["content"]["description"]) <= 3_000
    assert body["metadata"]["threadId"] == "reviews-1"
    assert not re.search(r"[<>]", body["content"]["description"] + body["content"]["title"])
