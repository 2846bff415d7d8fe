"""A request for approval: when a person is asked, what they are told, and asking twice."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.unit.runs.approval_world import (
    HOURS,
    SECRET,
    TOKEN,
    ApprovalWorld,
    a_link,
    http_event,
    response,
)
from tests.unit.runs.run_world import NOW, RUN_ID
from thriftline.core.errors import ApprovalRejectedError
from thriftline.runs.domain.approvals import (
    Outcome,
    Part,
    Standing,
    asks_again_above,
    is_needed,
    threshold,
    wait_seconds,
)
from thriftline.runs.steps.run_documents import read_plan

LATER = NOW + timedelta(hours=1)


# ---- When a person is asked


@pytest.mark.parametrize(
    ("stack", "run", "expected"),
    [
        (None, None, None),
        ("10", None, "10"),
        (None, "3", "3"),
        ("10", "3", "3"),
        ("10", "30", "10"),
    ],
)
def test_run_yaml_lowers_the_threshold_of_the_stack_and_never_raises_it(
    stack: str | None, run: str | None, expected: str | None
) -> None:
    given_stack, given_run, wanted = (each and Decimal(each) for each in (stack, run, expected))
    assert threshold(given_stack, given_run) == wanted  # type: ignore[arg-type]


def test_a_person_is_asked_above_the_threshold_and_not_at_it() -> None:
    assert not is_needed(Decimal("10.00"), Decimal(10))
    assert is_needed(Decimal("10.01"), Decimal(10))
    assert is_needed(Decimal("0.01"), Decimal(0))
    assert not is_needed(Decimal(1_000_000), None)


def test_the_workflow_waits_longer_than_an_answer_is_taken() -> None:
    assert wait_seconds(timedelta(hours=1)) == 3600 + 15 * 60


# ---- The message


def test_the_message_shows_the_plan_and_a_link_that_holds_no_token(world: ApprovalWorld) -> None:
    world.ask()

    (message,) = world.topic.messages
    assert "may Reviews spend up to $2.83?" in message
    assert "above $2.00 a person is asked" in message
    assert "$0.50 to $1.98, likely $0.99, in about 0.7 hours" in message
    assert "$812.00 are left in 2026-11, with $2.88 held for this run" in message
    assert "* ml.g5.xlarge, Spot: $0.50 to $1.98, likely $0.99; $2.83 at the most" in message
    assert "  ml.p3: unknown; $9.00 at the most" in message
    assert "2026-11-24 12:00 UTC" in message
    assert f"https://api.example/approval?{a_link().query}" in message
    assert TOKEN not in message
    assert SECRET not in message
    assert set(a_link().query.replace("&", "=").split("=")[::2]) == {"id", "expires", "signature"}


def test_a_threshold_of_nothing_is_shown_as_what_it_is(world: ApprovalWorld) -> None:
    plan = read_plan(world.run.artifacts, RUN_ID)
    every = plan.model_copy(update={"approval_above_usd": Decimal(0)})
    world.run.put(f"runs/{RUN_ID}/plan.json", every.model_dump_json())
    world.ask()
    assert world.approval.above_usd == 0
    assert "above $0.00 a person is asked" in world.topic.messages[-1]


def test_without_a_page_the_message_shows_the_commands(world: ApprovalWorld) -> None:
    world.ask(base_url="")

    (message,) = world.topic.messages
    for answer in ("approve", "reject"):
        assert f"  thriftline approvals {answer} {RUN_ID} --stack money\n" in f"{message}\n"
    assert "signature" not in message


def test_a_task_that_is_tried_again_asks_once_and_waits_with_its_new_token(
    world: ApprovalWorld,
) -> None:
    world.ask()
    world.ask("second", NOW + timedelta(hours=1))

    assert len(world.topic.messages) == 1
    assert world.approval.expires_at == NOW + HOURS
    world.say("approve")
    assert world.states.woken == ["second"]


def test_a_message_that_was_not_sent_is_sent_by_the_next_try(world: ApprovalWorld) -> None:
    world.run.s3.delete_object(Bucket="artifacts", Key=f"runs/{RUN_ID}/run.json")
    with pytest.raises(Exception, match=r"run\.json"):
        world.ask()
    world.run.write_run()

    world.ask()

    assert len(world.topic.messages) == 1


# ---- A run that asks twice: for its preparation, then for its training


def asked_for_its_run(world: ApprovalWorld) -> None:
    """Its preparation was approved up to 2.40 USD and took 0.60; its training comes on top."""
    world.prepares(worst="1.20", limit="8.00", above="1.00")
    world.ask(part=Part.PREPARATION)
    world.say("approve", by="ann")
    assert world.close().approved
    world.was_prepared(charged="0.60", approved="2.40")
    world.ask("the second token", now=LATER)


def test_a_preparation_is_asked_for_with_all_of_its_attempts(world: ApprovalWorld) -> None:
    world.prepares(worst="1.20", limit="8.00", above="1.00")
    world.ask(part=Part.PREPARATION)

    assert world.approval.worst_case_usd == Decimal("2.40")
    assert world.approval.above_usd == Decimal("1.00")
    (message,) = world.topic.messages
    for said in ("$2.40", "Nothing has been spent", "emr_serverless", "no price before the rows"):
        assert said in message
    page = response(world, http_event("GET")).body
    assert "emr_serverless" in page
    assert "asked again if the run may cost more" in page

    world.say("reject", by="ann")
    with pytest.raises(ApprovalRejectedError, match=r"Its preparation may cost up to 2\.40 USD"):
        world.close()


def test_a_yes_to_a_preparation_is_none_to_the_run(world: ApprovalWorld) -> None:
    asked_for_its_run(world)

    assert world.approval.standing is Standing.WAITING
    assert not world.close(LATER).approved
    assert world.approval.worst_case_usd == Decimal("2.83") + Decimal("0.60")
    assert world.approval.above_usd == Decimal("2.40")
    assert world.approval.spent_usd == Decimal("0.60")
    assert "Its preparation took $0.60" in world.topic.messages[-1]
    item = world.run.runs.get(RUN_ID) or {}
    approved = item["preparation_approved"]
    assert (approved["by"], approved["usd"]) == ("ann", "2.40")

    world.ask("a third token", now=LATER)
    world.say("approve", by="bob", now=LATER)
    world.ask("a fourth token", now=LATER)
    assert world.close(LATER).answered_by == "bob"


def test_a_no_to_the_run_says_what_its_preparation_took(world: ApprovalWorld) -> None:
    asked_for_its_run(world)
    world.say("reject", by="bob", now=LATER)
    with pytest.raises(ApprovalRejectedError, match=r"took 0\.60 USD of that, and no more"):
        world.close(LATER)


def test_the_link_of_the_first_question_answers_no_second_one(world: ApprovalWorld) -> None:
    asked_for_its_run(world)

    for method, body in (("GET", None), ("POST", "answer=approve")):
        answered = world.over_http(http_event(method, a_link(), body), LATER)
        assert (answered.outcome, answered.approval) == (Outcome.ASKED_ANEW, None)
    assert world.approval.standing is Standing.WAITING

    own = http_event("POST", a_link(LATER + HOURS), "answer=approve")
    assert world.over_http(own, LATER).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("above", "approved", "again"),
    [(None, "5", None), ("3", None, "3"), ("3", "5", "5"), ("7", "5", "7")],
)
def test_what_was_approved_is_not_asked_for_twice(
    above: str | None, approved: str | None, again: str | None
) -> None:
    said = asks_again_above(above and Decimal(above), approved and Decimal(approved))  # type: ignore[arg-type]
    assert said == (again and Decimal(again))
