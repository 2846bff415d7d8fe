"""One planned run with its dollars, and the calls that hold, start, end and settle it."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.unit.runs.engine_fixture import engines_over
from tests.unit.runs.fake_sagemaker import CREATED_AT, FakeSageMaker
from tests.unit.runs.run_world import NOW, RUN_ID, RunWorld, run_world
from tests.unit.runs.sagemaker_plans import a_plan, a_rung
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.errors import ThriftlineError
from thriftline.money.ledger import Budgets
from thriftline.runs.domain.layout import Upload
from thriftline.runs.schemas.steps.budget import (
    ReserveBudgetResponse,
    SettleBudgetRequest,
    SettleBudgetResponse,
)
from thriftline.runs.steps.poll_training import poll_training
from thriftline.runs.steps.reserve_budget import require_hold, reserve_budget
from thriftline.runs.steps.settle_budget import settle_budget
from thriftline.runs.steps.start_training import start_training

UPLOAD = Upload("data", "datasets/Reviews/reviews.csv", "v1")
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:m:e"
BUDGETS = Budgets(Decimal(100), {})


@dataclass
class Scene:
    """One planned run, and its calls."""

    world: RunWorld
    sagemaker: FakeSageMaker

    def reserve(self, now: datetime = NOW, budgets: Budgets = BUDGETS) -> ReserveBudgetResponse:
        return reserve_budget(
            RUN_ID,
            artifacts=self.world.artifacts,
            runs=self.world.runs,
            ledger=self.world.ledger,
            budgets=budgets,
            now=now,
        )

    def start(self, attempt: int = 1) -> str:
        require_hold(RUN_ID, runs=self.world.runs, ledger=self.world.ledger)
        started = start_training(
            RUN_ID,
            attempt,
            artifacts=self.world.artifacts,
            trainers=trainers_over(self.world.artifacts, self.sagemaker),
            runs=self.world.runs,
            queue=self.world.queue,
            now=NOW,
            allowed=("sagemaker",),
        )
        assert started.job_name is not None
        return started.job_name

    def end(self, name: str, status: str = "Completed", **facts: Any) -> None:
        started = {"TrainingStartTime": CREATED_AT, "TrainingEndTime": CREATED_AT}
        self.sagemaker.move(name, status, status, **{**started, **facts})

    def poll(self, job_name: str, attempt: int) -> None:
        with contextlib.suppress(ThriftlineError):
            poll_training(
                RUN_ID,
                job_name,
                attempt,
                artifacts=self.world.artifacts,
                trainers=trainers_over(self.world.artifacts, self.sagemaker),
                runs=self.world.runs,
                now=NOW,
            )

    def settle(
        self, now: datetime = NOW, run_id: str | None = RUN_ID, execution: str = EXECUTION
    ) -> SettleBudgetResponse:
        return settle_budget(
            SettleBudgetRequest(run_id=run_id, upload=UPLOAD, execution_arn=execution),
            runs=self.world.runs,
            artifacts=self.world.artifacts,
            trainers=trainers_over(self.world.artifacts, self.sagemaker),
            engines=engines_over(self.world.artifacts),
            ledger=self.world.ledger,
            now=now,
        )

    def committed(self, month: str = "2026-11") -> Decimal:
        return self.world.ledger.month(month).committed_usd


@contextmanager
def a_scene() -> Iterator[Scene]:
    """Makes the scene, and takes it away."""
    with run_world() as world:
        world.write_run()
        rung = a_rung("1.44", "1.44", volume_gib=0, max_runtime_seconds=3600, max_wait_seconds=7200)
        plan = a_plan(
            run_id=RUN_ID,
            rungs=(rung,),
            allowance_usd=Decimal("1.44"),
            stop_grace_usd=Decimal("0.05"),
            upload_grace_usd=Decimal("0.12"),
            max_attempts=2,
        )
        world.put(f"runs/{RUN_ID}/plan.json", plan.model_dump_json())
        world.runs.claim(RUN_ID, "Reviews", UPLOAD, EXECUTION, NOW)
        yield Scene(world, FakeSageMaker())


class StandInTopic:
    """SNS that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []

    def publish(self, **request: str) -> None:
        self.messages.append((request["Subject"], request["Message"]))
