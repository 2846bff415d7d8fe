"""What is quoted at the worst is never under what the loopback Databricks bills."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.databricks.server import Loopback, databricks
from tests.integration.databricks.story import Loss, Story
from tests.integration.databricks.workspace import Clock, Workspace
from tests.integration.databricks.world import World

TYPES = ("m5.xlarge", "m5a.xlarge", "m5d.xlarge")


@pytest.fixture(scope="module")
def served() -> Iterator[Loopback]:
    with databricks() as found:
        yield found


stories = st.builds(
    Story,
    pending_seconds=st.floats(0, 120),
    set_up_seconds=st.floats(60, 500),
    works_seconds=st.one_of(st.none(), st.floats(1, 10_000)),
    clean_up_seconds=st.floats(0, 280),
    code=st.sampled_from(["SUCCESS", "RUN_EXECUTION_ERROR", "CLOUD_FAILURE", "NEW"]),
    losses=st.lists(st.builds(Loss, st.floats(0, 5_000), st.floats(60, 600)), max_size=5),
    spot_share=st.floats(0.1, 1.0),
    times_out_from_start=st.booleans(),
    has_cluster=st.sampled_from([True] * 9 + [False]),
)
specs = st.fixed_dictionaries(
    {
        "node_type": st.sampled_from(TYPES),
        "workers": st.integers(1, 30),
        "ebs_volume_gib": st.one_of(st.none(), st.integers(100, 1_000)),
    }
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    story=stories,
    spec=specs,
    minutes=st.integers(5, 180),
    spot=st.booleans(),
    stopped_after=st.one_of(st.none(), st.floats(0, 8_000)),
)
def test_over_random_specs_and_stories(
    served: Loopback,
    story: Story,
    spec: dict[str, Any],
    minutes: int,
    spot: bool,
    stopped_after: float | None,
) -> None:
    served.workspace = Workspace(Clock())
    world = World(served, story)
    limits = {
        "stored_bytes": 10**6,
        "unpacked_bytes": 10**6,
        "max_vcpus": 400,
        "max_minutes": max(10, minutes),
        "spare_capacity": spot,
        "settings": spec,
    }
    order = world.started(**limits)
    if stopped_after is not None:
        world.clock.advance(stopped_after)
        world.engine.stop(order)
    ended = world.ended(order)
    worst = Decimal(order.terms["usd_per_node_hour"]) * (spec["workers"] + 1)
    worst *= Decimal(order.terms["timeout_seconds"] + 900) / 3600

    assert ended.billed_usd is not None
    assert world.workspace.bills_usd() <= ended.billed_usd + Decimal("0.000001")
    assert ended.billed_usd <= worst
    assert world.workspace.active() == []
