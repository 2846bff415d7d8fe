"""Approval: exactly the first valid answer counts, and every caller is told which."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import boto3
import pytest
from pydantic import ValidationError

from tests.unit.lost_answers import lose_first_answer
from tests.unit.runs.approval_world import LATE, TOKEN, ApprovalWorld, response
from tests.unit.runs.run_world import NOW, RUN_ID
from thriftline.core.errors import UnreadableDocumentError
from thriftline.runs.aws.approvals_table import ApprovalsTable
from thriftline.runs.domain.approvals import Approval, Outcome, Standing
from thriftline.runs.schemas.approval import AnswerApprovalRequest
from thriftline.runs.steps.answer_approval import Answered
from thriftline.runs.steps.deliver_answer import deliver


@pytest.mark.parametrize("answer", ["approve", "reject"])
def test_the_first_answer_counts_wakes_the_workflow_and_says_who(
    world: ApprovalWorld, answer: str
) -> None:
    world.ask()

    answered = world.say(answer, by="ann@example.com", now=NOW + timedelta(hours=1))

    assert (answered.outcome, answered.status) == (Outcome.ACCEPTED, 200)
    assert world.states.woken == [TOKEN]
    assert world.approval.answered_by == "ann@example.com"
    assert world.approval.answered_at == NOW + timedelta(hours=1)
    assert world.approval.delivered


def test_the_second_answer_changes_nothing_and_is_told_whose_was_first(
    world: ApprovalWorld,
) -> None:
    world.ask()
    world.say("reject", by="ann")

    usd = str(world.approval.worst_case_usd)
    event = {"run_id": RUN_ID, "answer": "approve", "by": "bob", "worst_case_usd": usd}
    second = response(world, event)

    assert second.statusCode == 409
    told = json.loads(second.body)
    assert told["outcome"] == "already"
    assert told["message"].startswith("Rejected by ann at 2026-11-21 12:00 UTC.")
    assert world.approval.standing is Standing.REJECTED
    assert world.states.woken == [TOKEN]


@pytest.mark.parametrize("said", ["0.01", "1000"])
def test_a_yes_to_other_dollars_than_those_asked_for_approves_nothing(
    world: ApprovalWorld, said: str
) -> None:
    world.ask()
    event = {"run_id": RUN_ID, "answer": "approve", "by": "bob", "worst_case_usd": said}

    told = response(world, event)

    assert told.statusCode == 409
    message = json.loads(told.body)["message"]
    assert f"asks for up to {world.approval.worst_case_usd} USD" in message
    assert "Nothing was approved." in message
    assert (world.approval.standing, world.states.woken) == (Standing.WAITING, [])


def test_a_yes_to_a_request_that_was_answered_is_told_so_whatever_it_names(
    world: ApprovalWorld,
) -> None:
    world.ask()
    world.say("reject", by="ann")
    event = {"run_id": RUN_ID, "answer": "approve", "by": "bob", "worst_case_usd": "0.01"}

    told = json.loads(response(world, event).body)

    assert told["outcome"] == "already"
    assert told["message"].startswith("Rejected by ann")


@pytest.mark.parametrize(("answer", "outcome"), [(None, "shown"), ("reject", "accepted")])
def test_a_look_and_a_no_are_taken_whatever_they_name(
    world: ApprovalWorld, answer: str | None, outcome: str
) -> None:
    world.ask()
    event = {"run_id": RUN_ID, "answer": answer, "by": "bob", "worst_case_usd": "0.01"}

    assert json.loads(response(world, event).body)["outcome"] == outcome


def test_a_yes_without_its_dollars_is_no_answer() -> None:
    event = {"run_id": RUN_ID, "answer": "approve", "by": "bob"}
    with pytest.raises(ValidationError, match="worst_case_usd: a yes names the dollars"):
        AnswerApprovalRequest.model_validate(event)


def _race(world: ApprovalWorld, callers: int) -> list[Answered]:
    together = Barrier(callers)

    def answer(number: int) -> Answered:
        together.wait()
        return world.say("reject" if number % 2 else "approve", by=f"caller {number}")

    with ThreadPoolExecutor(callers) as pool:
        return list(pool.map(answer, range(callers)))


@pytest.mark.parametrize("round_", range(5))
def test_of_ten_answers_at_once_exactly_one_is_accepted(world: ApprovalWorld, round_: int) -> None:
    world.ask()

    answers = _race(world, 10)

    outcomes = [one.outcome for one in answers]
    assert sorted(outcomes) == [Outcome.ACCEPTED] + [Outcome.ALREADY] * 9
    first = outcomes.index(Outcome.ACCEPTED)
    assert world.approval.answered_by == f"caller {first}"
    assert world.approval.standing is (Standing.REJECTED if first % 2 else Standing.APPROVED)
    assert world.states.woken == [TOKEN]


class _ReadsThenWrites(ApprovalsTable):
    """A twin that is broken on purpose: two callers may both see that nobody has answered."""

    together = Barrier(10)

    def answer(
        self,
        run_id: str,
        standing: Standing,
        by: str,
        now: datetime,
        *,
        to: Approval | None = None,
    ) -> tuple[Approval | None, bool]:
        seen = self.get(run_id)
        self.together.wait()
        if seen is None or not seen.is_open(now):
            return seen, False
        return self._change(
            run_id, "SET standing = :to", "attribute_exists(run_id)", {":to": standing}
        )


def test_a_table_that_reads_before_it_writes_fails_the_same_race(world: ApprovalWorld) -> None:
    world.ask()
    world.approvals.__class__ = _ReadsThenWrites

    outcomes = [one.outcome for one in _race(world, 10)]

    assert outcomes.count(Outcome.ACCEPTED) > 1


def test_an_answer_after_the_expiry_changes_nothing(world: ApprovalWorld) -> None:
    world.ask()

    answered = world.say("approve", now=LATE)

    assert (answered.outcome, answered.status) == (Outcome.EXPIRED, 410)
    assert world.approval.standing is Standing.WAITING
    assert world.states.woken == []


def test_an_answer_for_a_run_that_asked_nobody_is_unknown(world: ApprovalWorld) -> None:
    assert world.say("approve").status == 404
    assert world.say(None).status == 404
    assert world.approvals.get(RUN_ID) is None


def test_an_answer_after_the_execution_was_stopped_does_not_count_and_is_told_so(
    world: ApprovalWorld,
) -> None:
    world.ask()
    world.states.running = False

    answered = world.say("approve")

    assert (answered.outcome, answered.status) == (Outcome.ENDED, 410)
    assert world.approval.standing is Standing.WITHDRAWN
    assert world.say("reject").outcome is Outcome.ENDED
    assert world.approvals.pending() == ()


def test_an_answer_whose_wake_up_was_made_before_still_counts(world: ApprovalWorld) -> None:
    """The reply of a first call was lost: the token is used up, and the execution goes on."""
    world.ask()
    world.states.open.clear()

    assert world.say("approve").outcome is Outcome.ACCEPTED

    assert world.approval.standing is Standing.APPROVED
    assert world.close().approved


def test_an_answer_to_a_token_that_was_replaced_meanwhile_is_delivered_to_the_new_one(
    world: ApprovalWorld,
) -> None:
    world.ask()
    answered, _ = world.approvals.answer(RUN_ID, Standing.APPROVED, "Ada", NOW)
    assert answered is not None
    # The task is tried again after its answer was taken, and before that is delivered.
    world.states.open.clear()
    world.ask("a new token")
    assert deliver(answered, approvals=world.approvals, executions=world.executions)
    assert world.sweep().delivered == (RUN_ID,)
    assert world.states.woken == ["a new token"]


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_an_answer_that_is_not_delivered_is_kept_and_delivered_by_the_sweep(
    world: ApprovalWorld, code: str
) -> None:
    world.ask()
    world.states.error = code
    assert world.say("approve").outcome is Outcome.ACCEPTED
    assert world.sweep().failed == (RUN_ID,)
    world.states.error = ""

    assert world.sweep().delivered == (RUN_ID,)

    assert world.states.woken == [TOKEN]
    assert world.sweep().delivered == ()


def test_an_answer_whose_receipt_was_lost_is_the_first_all_the_same(world: ApprovalWorld) -> None:
    world.ask()
    client = boto3.client("dynamodb", region_name="us-east-1")
    world.approvals = ApprovalsTable(client, "runs")
    tries = lose_first_answer(client, "UpdateItem")

    answered = world.say("approve", by="ann")

    assert answered.outcome is Outcome.ACCEPTED
    assert len(tries) > 1
    assert world.states.woken == [TOKEN]
    # The same person a moment later, or another one in this moment, is not.
    later = NOW + timedelta(microseconds=1)
    assert world.say("approve", by="ann", now=later).outcome is Outcome.ALREADY
    assert world.say("approve", by="bob").outcome is Outcome.ALREADY
    assert world.say("reject", by="ann").outcome is Outcome.ALREADY


@pytest.mark.parametrize("answer", ["approve", "reject"])
def test_an_answer_writes_nothing_that_a_request_does_not_have(
    world: ApprovalWorld, answer: str
) -> None:
    """Functions of a former version read an item that has no attribute more than they know."""
    world.ask()
    key = {"run_id": {"S": f"approval#{RUN_ID}"}}
    asked = world.table.get_item(TableName="runs", Key=key)["Item"]

    assert world.say(answer).outcome is Outcome.ACCEPTED

    answered = world.table.get_item(TableName="runs", Key=key)["Item"]
    assert asked != answered
    assert set(answered) == set(asked)


@pytest.mark.parametrize("answer", ["approve", "reject"])
def test_an_answer_to_a_request_that_cannot_be_read_changes_nothing(
    world: ApprovalWorld, answer: str
) -> None:
    world.ask()
    usd = str(world.approval.worst_case_usd)
    key = {"run_id": {"S": f"approval#{RUN_ID}"}}
    asked = world.table.get_item(TableName="runs", Key=key)["Item"]
    unread = {**asked, "of_a_later_version": {"S": "x"}}
    world.table.put_item(TableName="runs", Item=unread)
    event = {"run_id": RUN_ID, "answer": answer, "by": "bob", "worst_case_usd": usd}

    with pytest.raises(UnreadableDocumentError, match="cannot be read"):
        world.answer(AnswerApprovalRequest.model_validate(event))

    assert world.table.get_item(TableName="runs", Key=key)["Item"] == unread
    assert world.states.woken == []


@pytest.mark.parametrize("answer", ["approve", "reject"])
def test_an_answer_that_counts_says_so_without_the_plan(world: ApprovalWorld, answer: str) -> None:
    world.ask()
    usd = str(world.approval.worst_case_usd)
    world.run.put(f"runs/{RUN_ID}/plan.json", '{"schema_version": 99}')
    event = {"run_id": RUN_ID, "answer": answer, "by": "ann", "worst_case_usd": usd}

    first = response(world, event)
    second = response(world, event, NOW + timedelta(microseconds=1))

    assert first.statusCode == 200
    assert json.loads(first.body)["outcome"] == "accepted"
    assert "it counts" in json.loads(first.body)["message"]
    assert second.statusCode == 409
    assert "changed nothing" in json.loads(second.body)["message"]
    assert "Stop the run" not in first.body + second.body
    assert world.states.woken == [TOKEN]
