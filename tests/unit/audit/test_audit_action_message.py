"""What a person reads of an action."""

from typing import Any

import pytest

from thriftline.audit.domain.actions import Step
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ActionKind
from thriftline.audit.reports.action_message import ActionNotice, event_of, message_of


def _notice(**facts: Any) -> ActionNotice:
    dull: dict[str, Any] = {
        "action": ActionKind.TERMINATE_ENDPOINT,
        "step": Step.EXECUTE,
        "resource_type": ResourceKind.ENDPOINT,
        "resource": "chat",
        "account": "123456789012",
        "region": "us-west-2",
        "outcome": "done",
        "reason": "Deleted.",
        "planned_because": "0 invocations in 7 days.",
        "calls": ("sagemaker:DeleteEndpoint",),
        "undo": "thriftline restore chat",
        "saved_uri": "s3://artifacts/saved/chat.json",
        "record_uri": "s3://artifacts/audits/a/actions/0000.json",
    }
    return ActionNotice(**(dull | facts))


def test_a_message_says_what_why_with_which_calls_and_how_to_undo_it() -> None:
    body = message_of(_notice(), "audit-1").text
    for part in ("chat", "us-west-2", "0 invocations", "sagemaker:DeleteEndpoint"):
        assert part in body
    assert "To undo it:\n  thriftline restore chat" in body
    assert "s3://artifacts/saved/chat.json" in body


@pytest.mark.parametrize(
    ("outcome", "subject"),
    [
        ("done", "Thriftline: chat deleted"),
        ("declined", "Thriftline: chat left alone (terminate_endpoint)"),
        ("failed", "Thriftline: chat not done, failed (terminate_endpoint)"),
    ],
)
def test_the_subject_tells_how_it_ended(outcome: str, subject: str) -> None:
    assert message_of(_notice(outcome=outcome), "audit-1").title == subject


@pytest.mark.parametrize("action", [*ActionKind])
def test_every_kind_of_action_has_words_of_its_own(action: ActionKind) -> None:
    marks = (ActionKind.MARK_ENDPOINT, ActionKind.UNMARK_ENDPOINT)
    step = Step.MARK if action in marks else Step.EXECUTE
    assert not message_of(_notice(action=action, step=step), "audit-1").title.endswith(" done")


def test_no_message_or_event_is_longer_than_aws_takes() -> None:
    told = _notice(reason="x" * 300_000, undo="y" * 300_000)
    assert len(message_of(told, "audit-1").text.encode()) < 200_000
    assert len(event_of(told, "a", 0).model_dump_json().encode()) < 200_000
