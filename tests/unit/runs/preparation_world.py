"""A run that prepares raw data, in moto's S3 and DynamoDB, with an engine that obeys."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.unit.runs.bucket_fixture import no_bucket
from tests.unit.runs.engine_fixture import FakeEngine, engines_over
from tests.unit.runs.run_world import NOW, PROJECT, RUN_ID, RunWorld, run_world
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.aws.buckets import Bucket
from thriftline.money.ledger import Budgets
from thriftline.runs.domain.approvals import ASKS_NOBODY, ApprovalPolicy
from thriftline.runs.domain.ceilings import Ceilings
from thriftline.runs.domain.layout import Upload
from thriftline.runs.schemas.run import DatasetFile, Run
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.schemas.steps.budget import SettleBudgetRequest, SettleBudgetResponse
from thriftline.runs.schemas.steps.ending import CleanUpRequest, CleanUpResponse
from thriftline.runs.schemas.steps.preparation import (
    PlanPreparationResponse,
    PollPreparationResponse,
    StartPreparationResponse,
)
from thriftline.runs.steps.clean_up import clean_up
from thriftline.runs.steps.plan_preparation import Money, plan_preparation
from thriftline.runs.steps.poll_preparation import RawData, poll_preparation
from thriftline.runs.steps.raw_sources import RawSources
from thriftline.runs.steps.settle_budget import settle_budget
from thriftline.runs.steps.start_preparation import start_preparation

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:m:e"
MONTH = "2026-11"
CEILINGS = Ceilings(
    max_usd_per_run=Decimal(50),
    instance_types=("*",),
    least_gate_confidence=0.5,
    least_gate_test_size=1,
    most_gate_margin=1,
    gate_above_majority=False,
    trainers=("sagemaker",),
)


@dataclass
class PreparationWorld:
    """The run's world, its engine, and the clock."""

    run: RunWorld
    data: Bucket
    engine: FakeEngine
    upload: Upload
    now: datetime = NOW
    budgets: Budgets = field(default_factory=lambda: Budgets(Decimal(100), {}))
    approval: ApprovalPolicy = ASKS_NOBODY

    def plan(self) -> PlanPreparationResponse:
        return plan_preparation(
            RUN_ID,
            artifacts=self.run.artifacts,
            engines=engines_over(self.run.artifacts, self.engine),
            runs=self.run.runs,
            money=Money(self.run.ledger, self.budgets, CEILINGS, self.approval),
            raw=RawSources(self.data),
            now=self.now,
        )

    def start(self, attempt: int = 1) -> StartPreparationResponse:
        return start_preparation(
            RUN_ID,
            attempt,
            artifacts=self.run.artifacts,
            engines=engines_over(self.run.artifacts, self.engine),
            runs=self.run.runs,
            program=b"print()\n",
            now=self.now,
        )

    def poll(self, attempt: int = 1) -> PollPreparationResponse:
        return poll_preparation(
            RUN_ID,
            attempt,
            artifacts=self.run.artifacts,
            engines=engines_over(self.run.artifacts, self.engine),
            runs=self.run.runs,
            raw=RawData(self.data, RawSources(self.data)),
            now=self.now,
        )

    def clean_up(self) -> CleanUpResponse:
        return clean_up(
            CleanUpRequest(run_id=RUN_ID, upload=self.upload, execution_arn=EXECUTION),
            runs=self.run.runs,
            artifacts=self.run.artifacts,
            trainers=trainers_over(self.run.artifacts),
            engines=engines_over(self.run.artifacts, self.engine),
            queue=self.run.queue,
            report=lambda _name, _error: None,
            bucket_of=no_bucket,
            now=self.now,
        )

    def settle(self) -> SettleBudgetResponse:
        return settle_budget(
            SettleBudgetRequest(run_id=RUN_ID, upload=self.upload, execution_arn=EXECUTION),
            runs=self.run.runs,
            artifacts=self.run.artifacts,
            trainers=trainers_over(self.run.artifacts),
            engines=engines_over(self.run.artifacts, self.engine),
            ledger=self.run.ledger,
            now=self.now,
        )

    def end(self) -> SettleBudgetResponse:
        """Does what the machine does at the end of every run: clean up until done, then settle."""
        for _ in range(4):
            if not self.clean_up().stopped_jobs:
                return self.settle()
            self.pass_time(seconds=30)
        raise AssertionError("Clean up never ended.")

    def pass_time(self, **delta: float) -> None:
        self.now += timedelta(**delta)
        self.engine.now = self.now

    @property
    def attempts(self) -> list[dict[str, Any]]:
        """What the run's item has of each attempt."""
        item = self.run.runs.get(RUN_ID) or {}
        names = sorted(name for name in item if name.startswith("preparation_0"))
        return [item[name] for name in names]

    @property
    def held_usd(self) -> Decimal:
        """What the month holds."""
        return self.run.ledger.month(MONTH).held_usd

    @property
    def settled_usd(self) -> Decimal:
        """What the month has settled."""
        return self.run.ledger.month(MONTH).settled_usd

    def document(self) -> Run:
        """What run.json says now."""
        body = self.run.artifacts.read(f"runs/{RUN_ID}/run.json")
        return Run.model_validate_json(body or b"")

    def put_raw(self, body: bytes, name: str = "raw.csv") -> None:
        """Makes this the only raw file."""
        self._put_raw((), body, name)

    def add_raw(self, body: bytes, name: str) -> None:
        """Puts a raw file beside the others."""
        self._put_raw(self.document().raw_files, body, name)

    def _put_raw(self, beside: tuple[DatasetFile, ...], body: bytes, name: str) -> None:
        key = f"datasets/{PROJECT}/{name}"
        found = self.run.s3.put_object(Bucket="data", Key=key, Body=body)
        file = DatasetFile(bucket="data", key=key, version_id=found["VersionId"], size=len(body))
        run = self.document().model_copy(update={"raw_files": (*beside, file)})
        self.run.put(f"runs/{RUN_ID}/run.json", run.model_dump_json())

    def rewrite(self, **spec: Any) -> None:
        """Writes the run's spec anew; ``prepare`` is empty where it is not given."""
        former = self.document()
        run = former.model_copy(update={"spec": RunSpec.model_validate({"prepare": {}, **spec})})
        self.run.put(f"runs/{RUN_ID}/run.json", run.model_dump_json())


@contextmanager
def preparation_world() -> Iterator[PreparationWorld]:
    """Makes the world with one raw file beside run.yaml, and takes it away."""
    with run_world() as world:
        world.s3.create_bucket(Bucket="data")
        world.s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
        folder = f"datasets/{PROJECT}/"
        raw = world.s3.put_object(Bucket="data", Key=f"{folder}raw.csv", Body=b"text,label\na,b\n")
        spec = world.s3.put_object(Bucket="data", Key=f"{folder}run.yaml", Body=b"prepare: {}\n")
        upload = Upload("data", f"{folder}run.yaml", spec["VersionId"])
        world.runs.claim(RUN_ID, PROJECT, upload, EXECUTION, NOW)
        opened = world.write_run(prepare={})
        files = (
            DatasetFile(
                bucket="data", key=f"{folder}raw.csv", version_id=raw["VersionId"], size=15
            ),
        )
        opened = opened.model_copy(update={"raw_files": files, "upload": upload})
        world.put(f"runs/{RUN_ID}/run.json", opened.model_dump_json())
        data = Bucket(world.s3, "data")
        yield PreparationWorld(world, data, FakeEngine(world.artifacts, NOW), upload)
