"""The engines of AWS against the embedded AWS, with a quick program in Spark's place."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from local_aws.preparation.options import (
    PreparationFault,
    PreparationFaultKind,
    PreparationOptions,
)
from tests.integration.local_aws.spark_runs import Spark, spark
from tests.integration.preparation.world import ENGINES, PROGRAM, WORK, World
from thriftline.runs.domain.endings import Ending


@pytest.fixture(scope="module")
def emr() -> Iterator[Spark]:
    with spark(PreparationOptions(program=PROGRAM)) as running:
        yield running


@pytest.fixture(scope="module", params=list(ENGINES))
def world(request: pytest.FixtureRequest, emr: Spark) -> World:
    return World(request.param, emr)


def test_a_preparation_is_quoted_started_once_and_settled_within_its_worst_case(
    world: World,
) -> None:
    quote, order = world.quote(), world.order()
    assert quote.worst_usd is not None

    started = world.engine.start(order)
    assert world.engine.start(order).id == started.id
    state = world.ended(replace(order, started_id=started.id))

    assert (state.ending, state.id) == (Ending.COMPLETED, started.id)
    assert state.billed_usd is not None
    assert 0 < state.billed_usd <= quote.worst_usd
    assert "manifest.json" in world.emr.keys(order.output_uri)


def test_a_start_whose_answer_was_lost_is_found_by_its_name_and_stopped(world: World) -> None:
    order = world.order()
    world.emr.fault(PreparationFault(PreparationFaultKind.HOLD, run=order.name))
    started = world.engine.start(order)

    found = world.engine.look(order)
    assert found is not None
    assert (found.id, found.is_active) == (started.id, True)
    world.engine.stop(order)

    assert world.ended(order).ending is Ending.STOPPED
    world.engine.stop(order)
    assert world.engine.look(world.order()) is None


def test_an_attempt_that_passes_its_limit_is_out_of_time_and_billed_no_more_than_was_held(
    world: World,
) -> None:
    quote, order = world.quote(), world.order("wait")
    world.engine.start(order)
    world.started(order)

    world.emr.advance(3600)

    state = world.ended(order)
    assert state.ending is Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT
    assert state.billed_usd is not None
    assert quote.worst_usd is not None
    assert quote.worst_usd / 2 < state.billed_usd <= quote.worst_usd


def test_an_attempt_that_is_stopped_while_it_runs_is_billed_for_what_it_ran(
    world: World,
) -> None:
    order = world.order("wait")
    world.engine.start(order)
    world.started(order)

    world.engine.stop(order)

    state = world.ended(order)
    assert state.ending is Ending.STOPPED
    assert state.billed_usd


@pytest.mark.parametrize(
    ("kind", "endings"),
    [
        (PreparationFaultKind.CAPACITY, {Ending.CAPACITY}),
        # Of a processing job a lost machine looks as a program that was killed for its memory.
        (PreparationFaultKind.DRIVER_LOST, {Ending.INTERRUPTED, Ending.USER_ERROR}),
        (PreparationFaultKind.INTERNAL_ERROR, {Ending.INTERNAL_ERROR}),
    ],
)
def test_bad_luck_has_its_ending(
    world: World, kind: PreparationFaultKind, endings: set[Ending]
) -> None:
    order = world.order()
    world.emr.fault(PreparationFault(kind, run=order.name))
    world.engine.start(order)

    assert world.ended(order).ending in endings


def test_a_fault_of_the_data_is_said_as_the_program_said_it(world: World) -> None:
    order = world.order("fail")
    world.engine.start(order)

    state = world.ended(order)
    assert (state.ending, state.reason) == (
        Ending.USER_ERROR,
        "The preparation failed: No row is left.",
    )


def test_a_quota_of_vcpus_that_is_too_small_ends_as_quota_and_is_in_the_next_quote(
    emr: Spark,
) -> None:
    world = World("emr_serverless", emr)
    order = world.order()
    quotas = emr.aws.services.quotas.at("123456789012", "us-east-1")
    asked = {"ServiceCode": "emr-serverless", "QuotaCode": "L-D05C8A75"}
    client = emr.aws.client("service-quotas")
    name = client.get_aws_default_service_quota(**asked)["Quota"]["QuotaName"]
    quotas.set(name, 3)
    try:
        world.engine.start(order)
        assert world.ended(order).ending is Ending.QUOTA
        quote = world.engine.quote(replace(WORK, max_minutes=5))
        assert "3 vCPUs" in (quote.cannot or "")
    finally:
        quotas.set(name, 16)
