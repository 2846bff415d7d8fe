"""What a roll-out should cost, against what the embedded AWS bills for its fleets."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from local_aws.options import LAMBDA_PYTHON, Options
from local_aws.server import EmbeddedAws
from local_aws.services.hosting_options import HostingOptions
from tests.integration.serving.world import ServingWorld
from thriftline.serving.domain.rollout import PROVISIONING_SECONDS

BOUND = Decimal("0.05")
# What is planned with; traffic moves and instances go within seconds on AWS.
HOSTING = HostingOptions(PROVISIONING_SECONDS, activation_seconds=0, deletion_seconds=0)
WATCH = "min_requests: 0}\n"
ROLLOUTS = {
    "all-at-once": "rollout: {type: all-at-once, bake_seconds: 900, " + WATCH,
    "canary": "rollout: {type: canary, percent: 50, wait_seconds: 900, bake_seconds: 600, " + WATCH,
    "linear": "rollout: {type: linear, percent: 25, wait_seconds: 600, bake_seconds: 600, " + WATCH,
    "rolling": "rollout: {type: rolling, percent: 50, wait_seconds: 600, " + WATCH,
}


@pytest.fixture(scope="module")
def world() -> Iterator[ServingWorld]:
    with EmbeddedAws(Options(time_scale=240, python=LAMBDA_PYTHON, hosting=HOSTING)) as aws:
        yield ServingWorld(aws)


@pytest.mark.parametrize("rollout", ROLLOUTS)
def test_the_price_before_is_the_bill_after(world: ServingWorld, rollout: str) -> None:
    project = f"price-{rollout}"
    world.serve_yaml(
        project,
        f"instance: {{type: ml.m5.xlarge, count: 4}}\n{ROLLOUTS[rollout]}"
        "alarms: {error_share: null, model_errors: null, latency_ratio: null}\n",
    )
    world.register(project)
    assert world.deploy(project).ending == "deployed"
    world.register(project)
    begun = world.aws.clock.service_time()
    ended = world.deploy(project)
    assert ended.ending == "deployed", ended.told
    price = ended.told["price"]
    spans = list(world.aws.services.hosting_bill.spans(f"thriftline-{project}"))
    # The roll-out lasts from the first instance of the new fleet to the last of the former one.
    starts = [one.since for one in spans if one.since > begun]
    ends = [one.until for one in spans if one.until is not None and one.until > begun]
    first, last = min(starts), max(ends)
    seconds = sum(
        Decimal(one.count)
        * Decimal((min(one.until or last, last) - max(one.since, first)).total_seconds())
        for one in spans
        if (one.until is None or one.until > first) and one.since < last
    )
    rate = Decimal(price["rate_usd_per_hour"])
    billed, expected = seconds * rate / 3600, Decimal(price["rollout_usd"])
    assert abs(expected - billed) <= BOUND * billed, (expected, billed)
