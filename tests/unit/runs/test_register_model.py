"""Register model: the version, its lineage, and once only."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest

from tests.unit.runs.finished_run import CHAMPION, EXECUTION, JOB, NOW, RUN_ID, World, world
from tests.unit.runs.registry_fakes import FakeRegistryClient
from tests.unit.runs.sample_evaluations import evaluated, gate_of, training
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.deployment_ids import DEPLOYMENT_ID
from thriftline.core.errors import AwsRequestError, EvaluationError
from thriftline.evaluation.document import Evaluation
from thriftline.runs.aws.model_registry import ModelRegistry
from thriftline.runs.schemas.gate_section import GateSection
from thriftline.runs.schemas.steps.registration import RegisterModelResponse
from thriftline.runs.steps.register_model import register_model


@dataclass
class Scene:
    """A run that was evaluated, and a registry."""

    world: World
    registry: FakeRegistryClient

    def evaluate(self, minimum: float) -> None:
        """Writes ``evaluation.json``."""
        found = evaluated(("negative", "positive"), 100, 1.6, None)
        document = Evaluation(
            run_id=RUN_ID,
            job_name=JOB,
            evaluated_at=NOW,
            test_records=100,
            labels=("negative", "positive"),
            confidence=0.95,
            resamples=found.resamples,
            seed=7,
            candidate=found.candidate,
            champion=found.champion,
            comparison=found.comparison,
            gate=gate_of(found, GateSection(minimum=minimum, champion_margin=0.01)),
            training=training(),
        )
        self.world.put("evaluation.json", document.model_dump_json().encode())

    def register(self) -> str:
        """Runs the step and returns the version's ARN."""
        return self.registered().model_package_arn

    def registered(self) -> RegisterModelResponse:
        """Runs the step."""
        return register_model(
            RUN_ID,
            JOB,
            artifacts=self.world.artifacts,
            registry=ModelRegistry(cast("Any", self.registry), "thriftline"),
            runs=self.world.runs,
            trainers=trainers_over(self.world.artifacts),
            cost_tags={"thriftline:stack": "s"},
        )


@pytest.fixture
def scene() -> Iterator[Scene]:
    with world() as made:
        made.claim()
        made.put_run()
        made.put_planned(CHAMPION)
        made.put_output("model.tar.gz", b"weights")
        made.attempt(1)
        found = Scene(made, FakeRegistryClient())
        found.evaluate(0.1)
        yield found


def test_the_version_carries_its_lineage(scene: Scene) -> None:
    scene.register()
    (package,) = scene.registry.packages
    lineage = package["CustomerMetadataProperties"]
    assert lineage["run_id"] == RUN_ID
    assert lineage["job_name"] == JOB
    assert lineage["execution_arn"] == EXECUTION
    assert lineage["dataset_uri"] == "s3://data/datasets/reviews/reviews.csv"
    assert lineage["dataset_version"] == "v1"
    assert lineage["seed"] == "7"
    assert lineage["base_model_revision"] == "a" * 40
    assert lineage["instance_type"] == "ml.g5.xlarge"
    assert lineage["cost_usd"] == "0.160000"
    assert len(lineage["run_spec_sha256"]) == 64
    assert 0 < float(lineage["accuracy"]) < 1
    assert len(lineage) <= 50


def test_the_version_serves_the_jobs_model_with_the_image_that_trained_it(scene: Scene) -> None:
    scene.register()
    (package,) = scene.registry.packages
    (container,) = package["InferenceSpecification"]["Containers"]
    assert container == {
        "Image": "repo/image:of-the-job",
        "ModelDataUrl": f"s3://artifacts/training/{RUN_ID}/{JOB}/output/model.tar.gz",
    }
    statistics = package["ModelMetrics"]["ModelQuality"]["Statistics"]
    assert statistics["S3Uri"] == f"s3://artifacts/runs/{RUN_ID}/evaluation.json"


def test_a_version_of_a_run_that_was_ended_meanwhile_is_rejected(scene: Scene) -> None:
    scene.world.runs.decide_ending(RUN_ID, {"ending": "failed", "ended_at": NOW.isoformat()})
    assert scene.registered().deployment is None
    (package,) = scene.registry.packages
    assert package["ModelApprovalStatus"] == "Rejected"
    assert "it was stopped before its model was registered" in package["ApprovalDescription"]
    assert (scene.world.runs.get(RUN_ID) or {}).get("state") != "Register model"


@pytest.mark.parametrize(("minimum", "status"), [(0.1, "Approved"), (1.0, "Rejected")])
def test_the_gates_decision_is_the_versions_status(
    scene: Scene, minimum: float, status: str
) -> None:
    scene.evaluate(minimum)
    scene.register()
    assert scene.registry.packages[0]["ModelApprovalStatus"] == status


def test_a_repeated_step_finds_the_same_version(scene: Scene) -> None:
    assert scene.register() == scene.register()
    assert len(scene.registry.packages) == 1
    item = scene.world.runs.get(RUN_ID)
    assert item is not None
    assert item["model_package_arn"] == scene.registry.packages[0]["ModelPackageArn"]


def test_the_group_has_the_tags_for_cost_allocation(scene: Scene) -> None:
    scene.register()
    assert scene.registry.groups["thriftline-reviews"]["Tags"] == [
        {"Key": "thriftline:stack", "Value": "s"},
        {"Key": "thriftline:project", "Value": "reviews"},
    ]


def test_a_job_without_a_model_registers_nothing(scene: Scene) -> None:
    scene.world.artifacts.delete_prefix("training/")
    with pytest.raises(EvaluationError, match=r"model\.tar\.gz"):
        scene.register()
    assert scene.registry.packages == []


def test_a_run_that_was_not_evaluated_registers_nothing(scene: Scene) -> None:
    scene.world.artifacts.delete_prefix(f"runs/{RUN_ID}/evaluation.json")
    with pytest.raises(AwsRequestError, match=r"evaluation\.json"):
        scene.register()


def test_an_approved_version_is_deployed_where_the_run_says_so(scene: Scene) -> None:
    assert scene.registered().deployment is None, "nobody asked for one"
    scene.world.put_run(deploy=True)
    first, again = scene.registered(), scene.registered()
    assert first.deployment is not None
    assert first.deployment == again.deployment, "a retry asks for the same deployment"
    request = first.deployment.request
    assert request is not None
    assert request["model_package_arn"] == first.model_package_arn
    assert (request["project"], request["source"]) == ("reviews", "run")
    assert DEPLOYMENT_ID.fullmatch(first.deployment.deployment_id or "")


def test_a_version_that_the_gate_did_not_approve_is_not_deployed(scene: Scene) -> None:
    scene.world.put_run(deploy=True)
    scene.evaluate(1.0)
    assert scene.registered().deployment is None
