"""What people are told of a preparation: the result, its page and the message."""

from dataclasses import replace
from decimal import Decimal

from tests.unit.runs.engine_fixture import BILLED_USD, WORST_USD
from tests.unit.runs.preparation_world import PreparationWorld, preparation_world
from tests.unit.runs.run_world import RUN_ID
from tests.unit.runs.sample_results import rejected, succeeded
from tests.unit.runs.test_message import ENDED
from thriftline.runs.domain.endings import Ending
from thriftline.runs.reports.message import message_of
from thriftline.runs.reports.run_page import run_page
from thriftline.runs.schemas.result_preparation import ResultPreparation
from thriftline.runs.steps.preparation_result import preparation_result


def prepared(world: PreparationWorld) -> ResultPreparation:
    found = preparation_result(RUN_ID, world.run.runs.get(RUN_ID) or {}, world.run.artifacts)
    assert found is not None
    return found


def made_well(world: PreparationWorld) -> ResultPreparation:
    world.rewrite(prepare={"engine": "emr_serverless"})
    world.plan()
    world.start()
    world.engine.endings = {1: Ending.COMPLETED}
    world.poll()
    return prepared(world)


def test_the_result_has_engine_dollars_and_what_each_stage_left() -> None:
    with preparation_world() as world:
        assert preparation_result(RUN_ID, {}, world.run.artifacts) is None
        shown = made_well(world)
    assert (shown.engine, shown.usd, shown.worst_case_usd) == (
        "emr_serverless",
        BILLED_USD,
        WORST_USD,
    )
    assert (shown.rows_read, shown.rows_written) == (12, 9)
    assert [(one.name, one.rows_in - one.rows_out) for one in shown.stages] == [
        ("read", 0),
        ("exact_duplicates", 3),
    ]
    assert shown.report == f"s3://artifacts/runs/{RUN_ID}/preparation.html"


def test_an_attempt_that_runs_has_no_dollars_yet_and_one_never_started_has_none() -> None:
    with preparation_world() as world:
        world.rewrite(prepare={"engine": "emr_serverless"})
        world.plan()
        assert prepared(world).usd == 0
        world.start()
        assert prepared(world).usd is None
        assert prepared(world).rows_read is None


def test_the_page_adds_both_bills_and_leads_to_the_preparation() -> None:
    with preparation_world() as world:
        shown = made_well(world)
    result = succeeded().model_copy(update={"preparation": shown})
    assert result.cost.usd is not None
    assert result.billed_usd == result.cost.usd + BILLED_USD
    page = run_page(result)
    assert '<a href="preparation.html">' in page
    assert "run.yaml names emr_serverless" in page
    assert "12 in, <strong>9</strong> out" in page
    assert "exact duplicates" in page
    assert succeeded().billed_usd == succeeded().cost.usd


def test_a_run_that_was_rejected_after_its_preparation_says_what_that_cost() -> None:
    with preparation_world() as world:
        shown = made_well(world)
    page = run_page(rejected().model_copy(update={"preparation": shown}))
    assert "Rejected before training; its preparation cost $0.30" in page
    assert "nothing was spent" in run_page(rejected())


def test_the_message_tells_of_rows_and_dollars() -> None:
    told = replace(
        ENDED, status="rejected", prepared="12 raw rows became 9", prepared_usd=Decimal("0.3")
    )
    text = message_of(told).text
    assert "was rejected; its preparation cost $0.30." in text
    assert "\nPrepared: 12 raw rows became 9\n" in text
    unknown = message_of(replace(told, prepared_usd=None)).text
    assert "what its preparation cost is not known yet" in unknown
