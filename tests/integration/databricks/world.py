"""An engine that asks a loopback Databricks, with the time of its clock."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

from tests.integration.databricks.server import Loopback
from tests.integration.databricks.story import Story, Work
from tests.integration.databricks.workspace import Clock
from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.secrets import Secret
from thriftline.core.settings import Settings
from thriftline.runs.domain.preparation import (
    PreparationOrder,
    PreparationState,
    PreparationWork,
)
from thriftline.runs.engines.databricks.engine import DatabricksEngine
from thriftline.runs.engines.databricks.workspace import Workspace

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:databricks"
RATES = {
    "m5.xlarge": {"dbu_per_hour": "0.69", "ec2_usd_per_hour": "0.192"},
    "m5a.xlarge": {"dbu_per_hour": "0.69", "ec2_usd_per_hour": "0.172"},
    "m5d.xlarge": {"dbu_per_hour": "0.69", "ec2_usd_per_hour": "0.226"},
}
SETTINGS = {
    "DATABRICKS_SECRET_ARN": ARN,
    "DATABRICKS_USD_PER_DBU": "0.15",
    "DATABRICKS_NODE_RATES": json.dumps(RATES),
    "STACK_NAME": "thriftline",
}
WORK = PreparationWork(
    stored_bytes=10**10,
    unpacked_bytes=10**10,
    files=8,
    largest_unsplittable_bytes=0,
    max_vcpus=16,
    max_minutes=60,
    spare_capacity=True,
)
GIB_MONTH = Decimal("0.14")


class HeldSecret:
    """A client of Secrets Manager that holds one secret, and counts who reads it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.reads = 0

    def get_secret_value(self, SecretId: str) -> Mapping[str, str]:
        assert SecretId == ARN
        self.reads += 1
        return {"SecretString": self.text}


class HeldObjects:
    """A client of S3 that holds objects."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def get_paginator(self, name: str) -> "HeldObjects":
        assert name == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str, **_: Any) -> list[dict[str, Any]]:
        found = [key for key in self.objects if key.startswith(Prefix)]
        return [{"Contents": [{"Key": key, "Size": 1, "ETag": "e"} for key in found]}]

    def get_object(self, Bucket: str, Key: str, **_: Any) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.objects[Key])}


class World:
    """The engine, and the workspace that it asks."""

    def __init__(
        self,
        loopback: Loopback,
        story: Story | None = None,
        settings: Mapping[str, str] = SETTINGS,
        timeout_seconds: float = 0.5,
    ) -> None:
        self.loopback = loopback
        self.workspace = loopback.workspace
        self.story = story or Story()
        self.workspace.works = lambda _: Work(self.story)
        self.secret = HeldSecret(loopback.secret)
        self.s3 = HeldObjects()
        self.artifacts = Bucket(cast("Any", self.s3), "artifacts")
        self.engine = self.make(settings, timeout_seconds)

    def make(
        self, settings: Mapping[str, str] = SETTINGS, timeout_seconds: float = 0.5
    ) -> DatabricksEngine:
        """The engine of a function that was started anew."""
        secret = Secret(cast("Any", self.secret), ARN)
        return DatabricksEngine(
            Settings(settings),
            self.artifacts,
            lambda: Workspace(secret, self.now, timeout_seconds, 0.01),
            lambda: GIB_MONTH,
            self.now,
        )

    @property
    def clock(self) -> Clock:
        return cast("Clock", self.workspace.clock)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.workspace.clock(), UTC)

    def order(self, name: str = "reviews-1-prepare-1", **changes: Any) -> PreparationOrder:
        """The order of a quote for some work."""
        quote = self.engine.quote(replace(WORK, **changes))
        assert quote.cannot is None, quote.cannot
        run = "s3://artifacts/scratch/reviews-1"
        return PreparationOrder(
            name=name,
            run_id="reviews-1",
            project="reviews",
            attempt=1,
            program_uri=f"{run}/preparation/prepare.py",
            config_uri=f"{run}/preparation/config.json",
            output_uri=f"{run}/prepared/attempt-01/",
            log_uri=f"{run}/preparation/logs",
            terms=json.loads(json.dumps(quote.terms)),
        )

    def started(self, **changes: Any) -> PreparationOrder:
        """An order that runs."""
        order = self.order(**changes)
        return replace(order, started_id=self.engine.start(order).id)

    def after(self, seconds: float, order: PreparationOrder) -> PreparationState:
        """What the engine sees later."""
        self.clock.advance(seconds)
        state = self.engine.look(order)
        assert state is not None
        return state

    def ended(self, order: PreparationOrder) -> PreparationState:
        """The end of an order, however long it takes."""
        for _ in range(200):
            state = self.after(60, order)
            if not state.is_active:
                return state
        raise AssertionError("it never ended")


Make = Callable[..., World]
