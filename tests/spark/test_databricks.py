"""The real program of preparation/ as a task of the loopback Databricks, by the engine's calls."""

import io
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet
import pytest
from moto import mock_aws

from preparation.bundle import program
from tests.integration.databricks.programs import programs, spark_or_stand_in
from tests.integration.databricks.server import Loopback, databricks
from tests.integration.databricks.workspace import Workspace
from tests.integration.databricks.world import World
from thriftline.core.aws.buckets import Bucket
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.preparation import PreparationState
from thriftline.runs.domain.prepared_config import preparation_config
from thriftline.runs.schemas.prepare_section import PrepareSection

PATIENCE_SECONDS = 240
RAW = "\n".join(
    [
        "review,stars",
        *(
            f"the film number {row} is about thing {row * 7},{1 + row % 2 * 4}"
            for row in range(300)
        ),
        *("the very same words again and again,5" for _ in range(20)),
    ]
)


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        for name in ("raw", "artifacts"):
            client.create_bucket(Bucket=name)
        client.put_object(Bucket="raw", Key="reviews/a.csv", Body=RAW.encode())
        yield client


@pytest.fixture
def world(s3: Any, tmp_path: Path) -> Iterator[World]:
    with databricks(Workspace(clock=time.time)) as loopback:
        yield _world(loopback, s3, tmp_path)


def _world(loopback: Loopback, s3: Any, folder: Path) -> World:
    world = World(loopback, timeout_seconds=10)
    world.artifacts = Bucket(s3, "artifacts")
    world.engine = world.make(timeout_seconds=10)
    loopback.workspace.works = programs(s3, folder, spark_or_stand_in())
    return world


def prepared(world: World, s3: Any, section: Mapping[str, Any]) -> PreparationState:
    """Writes what an attempt needs, starts it, and waits for its end."""
    order = world.order()
    prepare = PrepareSection.model_validate(section).model_dump(mode="json")
    config = preparation_config(
        prepare, run_id=order.run_id, seed=1, sources=["s3://raw/reviews/"], output=order.output_uri
    )
    for uri, body in ((order.program_uri, program()), (order.config_uri, json.dumps(config))):
        key = uri.removeprefix("s3://artifacts/")
        s3.put_object(Bucket="artifacts", Key=key, Body=body.encode())
    order = replace(order, started_id=world.engine.start(order).id)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        state = world.engine.look(order)
        assert state is not None
        if not state.is_active:
            return state
        time.sleep(0.5)
    raise AssertionError("it never ended")


def test_the_program_prepares_and_is_settled(world: World, s3: Any) -> None:
    section = {"columns": {"text": "review", "label": "stars"}, "near_duplicates": None}
    state = prepared(world, s3, section)

    assert state.ending is Ending.COMPLETED, state.reason
    assert state.billed_usd is not None
    assert state.billed_usd >= world.workspace.bills_usd() > 0
    prefix = "scratch/reviews-1/prepared/attempt-01/"
    body = s3.get_object(Bucket="artifacts", Key=f"{prefix}manifest.json")["Body"].read()
    rows: list[dict[str, str]] = []
    for one in json.loads(body)["files"]:
        found = s3.get_object(Bucket="artifacts", Key=prefix + one["path"])["Body"].read()
        rows += pyarrow.parquet.read_table(io.BytesIO(found)).to_pylist()
    assert len(rows) == 301
    assert {row["label"] for row in rows} == {"1", "5"}


def test_what_the_program_refuses_is_the_ending_and_its_sentence(world: World, s3: Any) -> None:
    section = {"columns": {"text": "review", "label": "stars"}, "labels": {"1": "bad"}}
    state = prepared(world, s3, section)

    assert state.ending is Ending.USER_ERROR
    assert "RUN_EXECUTION_ERROR" in state.reason
    assert "the map has no label for" in state.reason
