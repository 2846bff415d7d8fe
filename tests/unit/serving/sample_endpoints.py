"""Endpoints as the page shows them: one with everything, and one of each state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from thriftline.serving.domain.costs import Use, monthly_cost
from thriftline.serving.domain.kinds import Scaling, ServingWish
from thriftline.serving.reports.endpoint_page import (
    ShownComparison,
    ShownDeployment,
    ShownEndpoint,
    ShownQuality,
    ShownSignal,
    ShownVersion,
)

NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
ANN = "arn:aws:iam::123456789012:user/ann"


def deployment(number: int, ending: str | None, reason: str) -> ShownDeployment:
    begun = NOW - timedelta(hours=number)
    return ShownDeployment(
        deployment_id=f"d-20261130T00000{number}-0000000{number}",
        action="deploy",
        registry_version=9 - number,
        who=ANN,
        why="more of the new labels",
        opened_at=begun,
        ended_at=begun + timedelta(minutes=22) if ending else None,
        ending=ending,
        reason=reason,
        requests=1_234 if ending else None,
        usd=Decimal("0.087"),
        stages=("Creating", "Baking", "ActivatingTraffic"),
    )


def version(number: int, in_use: bool) -> ShownVersion:
    return ShownVersion(
        number=number,
        registry_version=number + 5,
        who=ANN,
        when=NOW - timedelta(days=9 - number),
        why="approved",
        config=f"thriftline-shop-v{number + 5}-0a1b2c3{number}",
        in_use=in_use,
    )


FULL = ShownEndpoint(
    endpoint="thriftline-shop",
    project="shop",
    kind="real-time",
    status="InService",
    made_at=NOW,
    instances={"main": 3},
    instance_type="ml.m5.large",
    scaling="2 to 6 instances; 14 requests a second of one instance are the target.",
    schedule="On from Monday to Friday, 08:00 to 19:00 Europe/Berlin.",
    versions=(version(3, True), version(2, False), version(1, False)),
    deployments=(
        deployment(1, "deployed", "thriftline-shop-v8 is in service after 1,234 requests."),
        deployment(2, "rolled_back", "The update was turned around: v6 serves as before."),
        deployment(3, "inconclusive", "v6 saw 3 requests while it was watched."),
    ),
    comparison=ShownComparison(
        experiment_id="x-20261129T000000-00000001",
        kind="shadow",
        measure="accuracy",
        ending="better",
        reason="The challenger is right where the champion is wrong.",
        deadline=NOW,
        after="promoted",
        counts={"pairs": "4,707", "disagreements": "301"},
    ),
    quality=ShownQuality(
        start=NOW - timedelta(hours=24),
        end=NOW,
        rows=12_345,
        estimated_accuracy=0.912,
        live_accuracy=(0.9, 0.87, 0.92, 400),
        signals=(ShownSignal("main", "labels", "quiet", 0.012, "PSI 0.012 is below 0.1."),),
        breaches=(),
    ),
    months=monthly_cost(
        ServingWish(scaling=Scaling(2, 6), scheduled=True),
        Decimal("0.115"),
        Use(hours_on=Decimal(239)),
    ),
    price_source="AWS Price List, 2026-05-20",
)
EMPTY = ShownEndpoint("thriftline-new", "new", "serverless", None, NOW)
ASLEEP = replace(FULL, asleep=True, status=None)
UPDATING = replace(
    FULL,
    status="Updating",
    stages=("Baking",),
    under_way="d-1",
    deployments=(deployment(0, None, ""), *FULL.deployments),
)
ROLLED_BACK = replace(FULL, deployments=FULL.deployments[1:])
BROKEN = replace(FULL, status="UpdateRollbackFailed")
