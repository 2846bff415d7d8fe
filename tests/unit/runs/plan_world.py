"""A run whose data set was read, and its plan with what the stack allows."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, cast

from tests.unit.runs.run_world import NOW, PROJECT, RUN_ID, RunWorld, run_world
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.runs.aws.model_registry import RegisteredModel
from thriftline.runs.domain.approvals import ASKS_NOBODY, ApprovalPolicy
from thriftline.runs.domain.ceilings import Ceilings
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.steps.training import PlanRunResponse
from thriftline.runs.steps.plan_run import plan_run
from thriftline.runs.steps.run_documents import read_plan
from thriftline.runs.trainers.registry import Trainers

DATASET = {
    "verdict": "accepted",
    "rows": 10_000,
    "characters": 1_140_000,
    "splits": {"train": 8000, "validation": 1000, "test": 1000},
}
LARGE = {
    "rows": 400_000,
    "characters": 320_000_000,
    "splits": {"train": 320_000, "validation": 40_000, "test": 40_000},
}
MINILM = {
    "model_type": "bert",
    "num_hidden_layers": 6,
    "hidden_size": 384,
    "intermediate_size": 1536,
    "vocab_size": 30_522,
}


class FakeRegistry:
    """A registry with one champion, or none."""

    def __init__(self, champion: RegisteredModel | None = None) -> None:
        self._champion = champion

    def champion(self, project: str) -> RegisteredModel | None:
        assert project == PROJECT
        return self._champion


OPEN = Ceilings(
    max_usd_per_run=Decimal(1_000_000),
    instance_types=("ml.*",),
    least_gate_confidence=0.5,
    least_gate_test_size=1,
    most_gate_margin=1.0,
    gate_above_majority=False,
    trainers=("sagemaker",),
)


def plan(
    world: RunWorld,
    region: str = "us-east-1",
    champion: RegisteredModel | None = None,
    ceilings: Ceilings = OPEN,
    approval: ApprovalPolicy = ASKS_NOBODY,
    quotas: dict[str, int] | None = None,
    trainers: Trainers | None = None,
) -> tuple[PlanRunResponse, Plan]:
    response = plan_run(
        RUN_ID,
        artifacts=world.artifacts,
        registry=cast("Any", FakeRegistry(champion)),
        trainers=trainers or trainers_over(world.artifacts, quotas=quotas, AWS_REGION=region),
        region=region,
        now=NOW,
        ceilings=ceilings,
        finished=world.finished,
        approval=approval,
    )
    return response, read_plan(world.artifacts, RUN_ID)


def plan_of_characters(
    world: RunWorld, characters: int, trainers: Trainers, **training: Any
) -> Plan:
    """Plans a run of the section ``training`` on data of so many characters, under a high cap."""
    world.write_run(training=training, budget={"max_usd": "10000"})
    world.put(f"runs/{RUN_ID}/dataset.json", json.dumps({**DATASET, "characters": characters}))
    return plan(world, trainers=trainers)[1]


@contextmanager
def plan_world() -> Iterator[RunWorld]:
    """Makes the world of a run whose data set was read, and takes it away."""
    with run_world() as made:
        made.put(f"runs/{RUN_ID}/dataset.json", json.dumps(DATASET))
        yield made
