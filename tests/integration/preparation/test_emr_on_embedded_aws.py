"""EMR Serverless's engine against the embedded AWS, with a quick program in Spark's place."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_aws.preparation.bill import billed
from local_aws.preparation.options import (
    PreparationFault,
    PreparationFaultKind,
    PreparationOptions,
)
from local_aws.preparation.spark_settings import settings_of, workers_of
from tests.integration.local_aws.aws import eventually
from tests.integration.local_aws.spark_runs import Spark, spark
from thriftline.core.aws.buckets import Bucket
from thriftline.core.settings import Settings
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.preparation import PreparationOrder, PreparationState, PreparationWork
from thriftline.runs.engines.emr_serverless.engine import EmrServerlessEngine
from thriftline.runs.engines.emr_serverless.job_runs import JobRuns
from thriftline.runs.engines.emr_serverless.quota import vcpu_quota
from thriftline.runs.engines.emr_serverless.request import Place, start_request
from thriftline.runs.engines.emr_serverless.states import billed_usd

PROGRAM = Path(__file__).with_name("program.py")

WORK = PreparationWork(
    stored_bytes=10**9,
    unpacked_bytes=10**9,
    files=1,
    largest_unsplittable_bytes=0,
    max_vcpus=16,
    max_minutes=30,
    spare_capacity=True,
)


class World:
    """The engine with the embedded AWS behind it."""

    def __init__(self, emr: Spark) -> None:
        self.emr = emr
        bucket = Bucket(emr.aws.client("s3"), emr.bucket)
        environment = {
            "AWS_REGION": "us-east-1",
            "STACK_NAME": "fixture",
            "EMR_APPLICATION_ID": emr.application,
            "EMR_JOB_ROLE_ARN": emr.role,
            "PREPARATION_MAX_VCPUS": "64",
        }
        self.engine = EmrServerlessEngine(
            lambda: JobRuns(emr.emr, emr.application),
            bucket,
            Settings(environment),
            lambda: vcpu_quota(emr.aws.client("service-quotas")),
        )

    def order(self, do: str = "copy") -> PreparationOrder:
        """An attempt of a run of its own, whose program does something."""
        config, output = self.emr.config()
        sources = [f"s3://{self.emr.bucket}/raw/"]
        body = {"sources": sources, "output": output, "do": do}
        key = config.removeprefix(f"s3://{self.emr.bucket}/")
        self.emr.aws.client("s3").put_object(Bucket=self.emr.bucket, Key=key, Body=json.dumps(body))
        run_id = f"reviews-{uuid4().hex[:16]}"
        return PreparationOrder(
            name=f"{run_id}-prep01",
            run_id=run_id,
            project="reviews",
            attempt=1,
            program_uri=f"s3://{self.emr.bucket}/code/prepare.py",
            config_uri=config,
            output_uri=output,
            log_uri=f"s3://{self.emr.bucket}/logs/",
            terms=self.engine.quote(WORK).terms,
        )

    def ended(self, order: PreparationOrder) -> PreparationState:
        """Waits for the end of an attempt."""

        def look() -> PreparationState | None:
            state = self.engine.look(order)
            return state if state is not None and not state.is_active else None

        found: PreparationState = eventually(look)
        return found

    def reached(self, order: PreparationOrder, status: str) -> None:
        """Waits for a state."""
        eventually(lambda: (state := self.engine.look(order)) and state.status == status)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with spark(PreparationOptions(program=PROGRAM)) as running:
        yield World(running)


def test_a_preparation_is_quoted_started_and_settled_within_its_worst_case(world: World) -> None:
    quote = world.engine.quote(WORK)
    assert quote.worst_usd is not None
    # The account's quota is known here, and it is the default.
    assert not any("L-D05C8A75" in one for one in quote.warnings)
    order = world.order()

    started = world.engine.start(order)
    assert world.engine.start(order).id == started.id
    state = world.ended(replace(order, started_id=started.id))

    assert (state.ending, state.id) == (Ending.COMPLETED, started.id)
    assert state.billed_usd is not None
    assert 0 < state.billed_usd <= quote.worst_usd
    assert world.emr.written(order.output_uri)[-1] == "manifest.json"


def test_a_start_whose_answer_was_lost_is_found_by_its_name_and_stopped(world: World) -> None:
    order = world.order()
    world.emr.fault(PreparationFault(PreparationFaultKind.HOLD, run=order.name))
    started = world.engine.start(order)

    found = world.engine.look(order)
    assert found is not None
    assert (found.id, found.is_active) == (started.id, True)
    world.engine.stop(order)

    state = world.ended(order)
    assert state.ending is Ending.STOPPED
    world.engine.stop(order)
    assert world.engine.look(world.order()) is None


def test_a_run_that_passes_its_limit_is_out_of_time_and_billed_no_more_than_was_held(
    world: World,
) -> None:
    quote, order = world.engine.quote(WORK), world.order("wait")
    world.engine.start(order)
    world.reached(order, "RUNNING")

    world.emr.advance(3600)

    state = world.ended(order)
    assert state.ending is Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT
    assert state.billed_usd is not None
    assert quote.worst_usd is not None
    assert quote.worst_usd / 2 < state.billed_usd <= quote.worst_usd


def test_a_run_that_is_stopped_while_it_runs_is_billed_for_what_it_ran(world: World) -> None:
    order = world.order("wait")
    world.engine.start(order)
    world.reached(order, "RUNNING")

    world.engine.stop(order)

    state = world.ended(order)
    assert state.ending is Ending.STOPPED
    assert state.billed_usd


@pytest.mark.parametrize(
    ("kind", "ending"),
    [
        (PreparationFaultKind.CAPACITY, Ending.CAPACITY),
        (PreparationFaultKind.DRIVER_LOST, Ending.INTERRUPTED),
        (PreparationFaultKind.INTERNAL_ERROR, Ending.INTERNAL_ERROR),
    ],
)
def test_bad_luck_has_its_ending(world: World, kind: PreparationFaultKind, ending: Ending) -> None:
    order = world.order()
    world.emr.fault(PreparationFault(kind, run=order.name))
    world.engine.start(order)

    assert world.ended(order).ending is ending


def test_a_fault_of_the_data_is_said_as_the_program_said_it(world: World) -> None:
    order = world.order("fail")
    world.engine.start(order)

    state = world.ended(order)
    assert (state.ending, state.reason) == (
        Ending.USER_ERROR,
        "The preparation failed: No row is left.",
    )


def test_a_quota_that_is_too_small_ends_as_quota_and_is_in_the_next_quote(world: World) -> None:
    order = world.order()
    quotas = world.emr.aws.services.quotas.at("123456789012", "us-east-1")
    client = world.emr.aws.client("service-quotas")
    asked = {"ServiceCode": "emr-serverless", "QuotaCode": "L-D05C8A75"}
    name = client.get_aws_default_service_quota(**asked)["Quota"]["QuotaName"]
    quotas.set(name, 3)
    try:
        world.engine.start(order)
        assert world.ended(order).ending is Ending.QUOTA
        assert "3 vCPUs" in (world.engine.quote(replace(WORK, max_minutes=5)).cannot or "")
    finally:
        quotas.set(name, 16)


@settings(max_examples=200, deadline=None)
@given(
    gigabytes=st.floats(0.001, 3000),
    max_vcpus=st.integers(2, 4000),
    max_minutes=st.integers(5, 10_080),
    seconds=st.floats(0, 1),
)
def test_what_the_embedded_aws_bills_never_passes_what_was_quoted(
    gigabytes: float, max_vcpus: int, max_minutes: int, seconds: float
) -> None:
    environment = {
        "AWS_REGION": "us-east-1",
        "EMR_APPLICATION_ID": "00app",
        "PREPARATION_MAX_VCPUS": "4000",
    }
    engine = EmrServerlessEngine(
        cast("Any", None), cast("Any", None), Settings(environment), lambda: 4000
    )
    size = int(gigabytes * 10**9)
    quote = engine.quote(
        replace(WORK, unpacked_bytes=size, max_vcpus=max_vcpus, max_minutes=max_minutes)
    )
    if quote.worst_usd is None:
        return
    order = PreparationOrder(
        "n", "r", "p", 1, "s3://p", "s3://c", "s3://o/", "s3://l/", quote.terms
    )
    request = start_request(order, Place("00app", "role", "", {}))
    workers = workers_of(settings_of(request))
    executors = workers.at_most(None, 4000)
    ran = seconds * request["executionTimeoutMinutes"] * 60

    used = billed(workers, executors, ran).shown()

    usd = billed_usd(used, quote.terms["rates"])
    assert usd is not None
    assert 0 < usd <= quote.worst_usd
