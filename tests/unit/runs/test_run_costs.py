"""Attempts out of the runs table, and their cost."""

from decimal import Decimal
from typing import Any

from thriftline.runs.steps.run_costs import attempts_of, cost_of_attempts, model_uri_of


def _facts(**changes: Any) -> dict[str, Any]:
    return {
        "job_name": "r-01",
        "instance_type": "ml.g5.xlarge",
        "instance_count": Decimal(1),
        "spot": True,
        "status": "Completed",
        "secondary_status": "Completed",
        "ending": "completed",
        "failure_reason": None,
        "started_at": "2026-11-21T11:00:00+00:00",
        "ended_at": "2026-11-21T11:30:00+00:00",
        "training_seconds": Decimal(1000),
        "billable_seconds": Decimal(400),
        "interruptions": Decimal(0),
        "billed_usd": "0.160000000",
        "undiscounted_usd": "0.400000000",
    } | changes


def test_attempts_come_in_order_and_other_attributes_are_none() -> None:
    item = {
        "run_id": "r",
        "attempt_10": _facts(job_name="r-10"),
        "attempt_02": _facts(job_name="r-02"),
        "attempts": 2,
    }
    assert [(one.attempt, one.job_name) for one in attempts_of(item)] == [
        (2, "r-02"),
        (10, "r-10"),
    ]


def test_facts_that_are_not_there_are_none() -> None:
    (attempt,) = attempts_of({"attempt_01": {"job_name": "r-01", "failure_reason": ""}})
    assert attempt.failure_reason is None
    assert attempt.billable_seconds is None
    assert attempt.spot is None


def test_zero_is_known() -> None:
    (attempt,) = attempts_of({"attempt_01": _facts(billable_seconds=Decimal(0))})
    assert attempt.billable_seconds == 0


def test_each_attempt_costs_its_own_rate() -> None:
    dear = _facts(billed_usd="1.840000000", undiscounted_usd="1.840000000")
    cost = cost_of_attempts(attempts_of({"attempt_01": _facts(), "attempt_02": dear}))
    assert cost.usd == Decimal("2.00")
    assert cost.on_demand_usd == Decimal("2.24")
    assert cost.spot_saving == float(1 - Decimal("2.00") / Decimal("2.24"))
    assert cost.billed_seconds == 800


def test_a_job_that_never_got_an_instance_cost_nothing() -> None:
    no_capacity = _facts(
        status="Failed",
        ending="capacity",
        started_at=None,
        training_seconds=None,
        billable_seconds=None,
        billed_usd="0.000000000",
        undiscounted_usd="0.000000000",
    )
    item = {"attempt_01": no_capacity, "attempt_02": _facts(job_name="r-02")}
    cost = cost_of_attempts(attempts_of(item))
    assert cost.usd == Decimal("0.16")
    assert cost.billed_seconds == 400


def test_a_job_whose_end_was_not_seen_leaves_the_cost_unknown() -> None:
    unseen = _facts(
        status="InProgress",
        training_seconds=None,
        billable_seconds=None,
        billed_usd=None,
        undiscounted_usd=None,
    )
    assert cost_of_attempts(attempts_of({"attempt_01": unseen})).usd is None


def test_the_model_is_that_of_the_last_attempt_that_left_one() -> None:
    item = {"attempt_01": _facts(model_uri=None), "attempt_02": _facts(model_uri="s3://b/m")}
    assert model_uri_of(item) == "s3://b/m"
    assert model_uri_of({"attempt_01": _facts()}) is None
