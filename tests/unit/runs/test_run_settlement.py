"""A run is settled when what it was billed is known, and its hold stays until then."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.runs.budget_world import EXECUTION, UPLOAD, Scene, a_scene
from tests.unit.runs.run_world import NOW, RUN_ID
from tests.unit.runs.sagemaker_plans import a_rung
from thriftline.core.errors import RunSettledError
from thriftline.money.ledger import settle
from thriftline.runs.domain.layout import run_id_of
from thriftline.runs.schemas.result import ResultSettlement
from thriftline.runs.steps.run_costs import attempts_of, cost_of_attempts
from thriftline.runs.steps.run_documents import read_plan
from thriftline.runs.steps.settlement_result import settlement_of


@pytest.fixture
def scene() -> Iterator[Scene]:
    with a_scene() as made:
        yield made


def test_a_run_settles_with_what_every_attempt_was_billed(scene: Scene) -> None:
    scene.reserve()
    first = scene.start()
    gone = "CapacityError: no instance"
    facts = {"TrainingTimeInSeconds": 900, "BillableTimeInSeconds": 300, "FailureReason": gone}
    scene.end(first, "Failed", **facts)
    second = scene.start(2)
    scene.end(second, TrainingTimeInSeconds=1000, BillableTimeInSeconds=400)
    answer = scene.settle()
    # 1.44 USD an hour, for 700 seconds.
    assert answer.status == "settled"
    assert scene.committed() == answer.settled_usd == Decimal("0.28")
    assert scene.settle(now=NOW + timedelta(hours=1)).reason == "It was settled before."
    assert scene.committed() == Decimal("0.28")
    item = scene.world.runs.get(RUN_ID) or {}
    assert item["settled_usd"] == "0.280000000"


def test_a_result_shows_the_bill_row_by_row_and_to_the_cent(scene: Scene) -> None:
    # A type with no volumes of its own.
    terms = {"instance_type": "ml.m5.xlarge", "volume_gib": 30}
    rung = a_rung("1.44", "1.44", max_runtime_seconds=3600, max_wait_seconds=7200, **terms)
    plan = read_plan(scene.world.artifacts, RUN_ID)
    expected = {
        "expected_usd": Decimal("0.25"),
        "expected_low_usd": Decimal("0.20"),
        "expected_high_usd": Decimal("0.29"),
    }
    plan = plan.model_copy(update={"rungs": (rung,), **expected})
    scene.world.put(f"runs/{RUN_ID}/plan.json", plan.model_dump_json())
    scene.reserve()
    first = scene.start()
    gone = "CapacityError: no instance"
    facts = {"TrainingTimeInSeconds": 900, "BillableTimeInSeconds": 301, "FailureReason": gone}
    scene.end(first, "Failed", **facts)
    second = scene.start(2)
    # Kept warm for five minutes.
    times: dict[str, Any] = {"TrainingTimeInSeconds": 400, "BillableTimeInSeconds": 400}
    scene.end(second, **times, WarmPoolStatus={"Status": "Available"})
    assert "is not known" in scene.settle().reason
    kept = {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 300}
    scene.end(second, **times, WarmPoolStatus=kept)
    scene.poll(first, 1)
    scene.poll(second, 2)
    scene.settle()

    item = scene.world.runs.get(RUN_ID) or {}
    cost = cost_of_attempts(attempts_of(item))
    settlement = settlement_of(item, plan, cost, completed=True)
    assert settlement.status == "settled"
    assert [(row.attempt, row.what, row.seconds) for row in settlement.rows] == [
        (1, "instances", 301),
        (1, "storage", 301),
        (2, "instances", 400),
        (2, "storage", 400),
        (2, "warm pool instances", 300),
        (2, "warm pool storage", 300),
    ]
    instances = [row.usd for row in settlement.rows if row.rate_usd == Decimal("1.44")]
    assert instances == [Decimal("0.1204"), Decimal("0.16"), Decimal("0.12")]
    # 30 GB at 0.14 USD a month of 730 hours.
    assert settlement.rows[1].usd == round(Decimal(30) * Decimal("0.14") * 301 / 2_628_000, 9)
    assert sum(row.cents_usd for row in settlement.rows) == settlement.total_usd
    assert settlement.total_usd == round(settlement.settled_usd or Decimal(0), 2)
    assert scene.committed() == settlement.settled_usd
    assert settlement.inside_range is False
    assert settlement.estimate_miss == pytest.approx(0.608, abs=0.01)
    # 701 of 1,300 seconds were billed; a warm pool has no discount.
    assert settlement.spot_saving == pytest.approx(1 - 1001 / 1600, abs=0.001)
    failed = settlement_of(item, plan, cost, completed=False)
    assert (failed.estimate_miss, failed.inside_range) == (None, None)
    # An attempt of a former version has dollars and no rows: no rows are better than half of them.
    older = {**item, "attempt_01": {**item["attempt_01"], "charges": None}}
    whole = settlement_of(older, plan, cost, completed=True)
    assert (whole.rows, whole.total_usd) == ((), settlement.total_usd)


def test_a_settlement_that_was_lost_before_its_note_is_noted_by_the_next_call(
    scene: Scene,
) -> None:
    scene.reserve()
    scene.end(scene.start(), TrainingTimeInSeconds=1000, BillableTimeInSeconds=400)
    # The function died between the ledger and the run's item.
    settle(scene.world.ledger, "2026-11", RUN_ID, "Reviews", Decimal("0.16"), NOW.date())
    assert scene.settle().reason == "It was settled before."
    item = scene.world.runs.get(RUN_ID) or {}
    assert (item["settled_usd"], item["settled_at"]) == ("0.160000000", NOW.isoformat())
    assert scene.committed() == Decimal("0.16")


def test_dollars_that_are_noted_and_not_yet_settled_are_said_to_be_held(scene: Scene) -> None:
    scene.reserve()
    scene.end(scene.start(), TrainingTimeInSeconds=1000, BillableTimeInSeconds=400)
    # The ledger was away after the note.
    scene.world.runs.keep_first(RUN_ID, "settled_usd", "0.160000000")
    before = _shown(scene)
    assert (before.status, before.settled_usd) == ("kept", None)
    scene.settle()
    after = _shown(scene)
    assert (after.status, after.settled_usd) == ("settled", Decimal("0.16"))


def _shown(scene: Scene) -> ResultSettlement:
    item = scene.world.runs.get(RUN_ID) or {}
    return settlement_of(item, None, cost_of_attempts(attempts_of(item)), completed=True)


def test_an_attempt_that_nobody_recorded_is_billed_all_the_same(scene: Scene) -> None:
    """Start training lost its answer, and Clean up failed."""
    scene.reserve()
    name = scene.start()
    scene.world.runs.update(RUN_ID, attempt_01=None)
    scene.end(name, TrainingTimeInSeconds=1000, BillableTimeInSeconds=400)
    scene.settle()
    assert scene.committed() == Decimal("0.16")


def test_while_a_job_runs_or_its_bill_is_unknown_the_hold_stays(scene: Scene) -> None:
    scene.reserve()
    name = scene.start()
    assert scene.settle().status == "kept"
    scene.end(name, "Failed", TrainingTimeInSeconds=900)
    answer = scene.settle()
    assert answer.status == "kept"
    assert name in answer.reason
    assert answer.settled_usd is None
    assert scene.committed() == Decimal("1.61")


def test_an_attempt_on_record_that_the_trainer_does_not_show_keeps_the_hold(scene: Scene) -> None:
    scene.reserve()
    name = scene.start()
    del scene.sagemaker.jobs[name]
    assert "does not show it" in scene.settle().reason
    assert scene.committed() == Decimal("1.61")


def test_a_redriven_execution_of_a_settled_run_starts_nothing(scene: Scene) -> None:
    scene.reserve()
    scene.end(scene.start(), TrainingTimeInSeconds=1000, BillableTimeInSeconds=400)
    scene.settle()
    with pytest.raises(RunSettledError):
        scene.start(2)
    with pytest.raises(RunSettledError):
        scene.reserve(now=NOW + timedelta(days=3))
    assert len(scene.sagemaker.created) == 1
    assert scene.committed() == Decimal("0.16")


def test_a_run_that_was_never_held_has_nothing_to_settle(scene: Scene) -> None:
    scene.world.s3.delete_object(Bucket="artifacts", Key=f"runs/{RUN_ID}/plan.json")
    assert scene.settle().status == "nothing_held"
    assert scene.world.ledger.month("2026-11").closed == frozenset()


def test_another_execution_settles_nothing(scene: Scene) -> None:
    scene.reserve()
    scene.world.runs.claim(run_id_of(UPLOAD, "Reviews"), "Reviews", UPLOAD, EXECUTION, NOW)
    answer = scene.settle(run_id=None, execution=f"{EXECUTION}-again")
    assert answer.reason == "The execution has no run of its own."
    assert scene.committed() == Decimal("1.61")


def test_a_run_of_a_former_version_that_held_nothing_is_counted(scene: Scene) -> None:
    scene.reserve()
    scene.end(scene.start(), TrainingTimeInSeconds=1000, BillableTimeInSeconds=400)
    client = scene.world.ledger._client
    client.delete_item(TableName="ledger", Key={"ledger_id": {"S": "2026-11"}})
    client.update_item(
        TableName="runs",
        Key={"run_id": {"S": RUN_ID}},
        UpdateExpression="REMOVE ledger_month, held_usd",
    )
    scene.settle()
    assert scene.committed() == Decimal("0.16")
