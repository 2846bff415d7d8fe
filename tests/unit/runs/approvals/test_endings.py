"""What the workflow reads of an approval when it is woken up, and how a request ends."""

from datetime import timedelta

import pytest

from tests.unit.runs.approval_world import LATE, ApprovalWorld
from tests.unit.runs.run_world import RUN_ID
from thriftline.core.errors import ApprovalExpiredError, ApprovalRejectedError
from thriftline.runs.domain.approvals import Outcome, Standing


def test_an_approved_run_goes_on(world: ApprovalWorld) -> None:
    world.ask()
    world.say("approve", by="ann")

    closed = world.close()

    assert (closed.approved, closed.answered_by) == (True, "ann")
    assert world.close() == closed
    assert world.approvals.pending() == ()


def test_a_rejected_run_says_who_and_what_to_do(world: ApprovalWorld) -> None:
    world.ask()
    world.say("reject", by="ann")

    with pytest.raises(ApprovalRejectedError, match=r"ann rejected .* 2\.83 USD.*above the 2\.00"):
        world.close()
    with pytest.raises(ApprovalRejectedError):
        world.close()


def test_a_wait_that_timed_out_is_expired_and_an_answer_comes_too_late(
    world: ApprovalWorld,
) -> None:
    world.ask()

    with pytest.raises(ApprovalExpiredError, match=r"Nobody approved .*Nothing was spent"):
        world.close(timed_out=True)

    assert world.say("approve").outcome is Outcome.EXPIRED
    assert world.approval.standing is Standing.EXPIRED


def test_an_answer_that_was_taken_counts_though_the_wait_timed_out(world: ApprovalWorld) -> None:
    world.ask()
    world.states.error = "ThrottlingException"
    world.say("approve", now=LATE - timedelta(seconds=1))

    assert world.close(LATE, timed_out=True).approved


def test_a_wake_up_without_an_answer_is_none(world: ApprovalWorld) -> None:
    """Whoever holds the token may call SendTaskSuccess: the table decides."""
    world.ask()

    assert not world.close().approved

    assert world.approval.standing is Standing.WAITING


def test_the_sweep_ends_a_wait_that_nobody_answered(world: ApprovalWorld) -> None:
    world.ask()
    assert world.sweep(LATE - timedelta(seconds=1)).expired == ()

    swept = world.sweep(LATE)

    assert (swept.expired, swept.delivered) == ((RUN_ID,), (RUN_ID,))
    with pytest.raises(ApprovalExpiredError):
        world.close(LATE)


def test_the_sweep_forgets_a_run_whose_execution_is_gone(world: ApprovalWorld) -> None:
    world.ask()
    world.states.running = False

    world.sweep()

    assert world.approvals.pending() == ()
    assert world.approval.standing is Standing.WITHDRAWN


def test_a_run_that_ended_withdraws_its_request_and_not_an_answer_that_counted(
    world: ApprovalWorld,
) -> None:
    world.ask()
    world.say("approve")
    world.close()
    world.approvals.withdraw(RUN_ID)
    assert world.approval.standing is Standing.APPROVED

    world.approvals.withdraw("a run that asked nobody")
    assert world.approvals.get("a run that asked nobody") is None
