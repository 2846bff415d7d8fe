"""The sweep of Bedrock: what runs left goes, and what somebody needs or nobody knows stays."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runs.finished_run import NOW, OPENED, RUN_ID, UPLOAD, World, world
from tests.unit.runs.registry_fakes import FakeRegistryClient, refusal
from tests.unit.runs.word_trainer import DEPLOYMENT, MODEL, WordTrainer
from thriftline.core.aws.executions import Execution
from thriftline.core.errors import AccessDeniedError, ThrottledError
from thriftline.runs.aws.model_registry import ModelRegistry, ModelVersion
from thriftline.runs.domain.leftovers import QUIET, UNSEEN, Belonging, Kind, OwnRun, judged
from thriftline.runs.schemas.steps.sweeps import SweepBedrockResponse
from thriftline.runs.steps.sweep_bedrock import BedrockSweeper, sweep_bedrock
from thriftline.runs.trainers.bedrock.belongings import BedrockBelongings

OTHER_MODEL = MODEL[:-1] + "z"
OVER = OwnRun(True, NOW - timedelta(hours=2))


def _belonging(kind: Kind, **changes: Any) -> Belonging:
    facts: dict[str, Any] = {
        "kind": kind,
        "arn": f"arn:{kind}",
        "name": kind.value,
        "model_uri": MODEL,
        "run_id": RUN_ID,
        "project": "reviews",
    }
    return Belonging(**facts | changes)


@pytest.mark.parametrize("kind", Kind)
def test_what_a_run_left_that_is_over_goes(kind: Kind) -> None:
    assert judged(_belonging(kind), OVER, NOW).goes


@pytest.mark.parametrize("kind", [Kind.MODEL, Kind.THROUGHPUT])
def test_a_registered_model_stays_with_what_serves_it(kind: Kind) -> None:
    registered = OwnRun(True, OVER.ended_at, MODEL)
    assert not judged(_belonging(kind), registered, NOW).goes
    assert judged(_belonging(kind, model_uri=OTHER_MODEL), registered, NOW).goes


def test_an_evaluation_deployment_goes_also_where_its_model_is_registered() -> None:
    registered = OwnRun(True, OVER.ended_at, MODEL)
    assert judged(_belonging(Kind.DEPLOYMENT), registered, NOW).goes
    standing = _belonging(Kind.DEPLOYMENT, is_standing=True)
    assert not judged(standing, registered, NOW).goes


def test_a_throughput_goes_at_its_deadline_whatever_became_of_its_run() -> None:
    for run in (UNSEEN, OwnRun(False), OwnRun(True, OVER.ended_at, MODEL)):
        late = _belonging(Kind.THROUGHPUT, delete_after=NOW)
        assert judged(late, run, NOW).goes
        assert not judged(late, run, NOW - timedelta(seconds=1)).goes


@given(
    kind=st.sampled_from(Kind),
    standing=st.booleans(),
    registered=st.sampled_from([None, MODEL, OTHER_MODEL]),
)
def test_nothing_goes_of_a_run_that_runs_or_cannot_be_seen(
    kind: Kind, standing: bool, registered: str | None
) -> None:
    one = _belonging(kind, is_standing=standing)
    for run in (UNSEEN, OwnRun(False), OwnRun(True, NOW - QUIET / 2, registered)):
        assert not judged(one, run, NOW).goes


# With the adapters


@dataclass
class FakeBedrock:
    """The calls of a Bedrock client that the sweep makes."""

    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    def add(self, kind: Kind, name: str, model: str = MODEL, **tags: str) -> str:
        """Keeps a thing with the stack's tag, and returns its ARN."""
        arn = model if kind is Kind.MODEL else f"arn:{kind}:{name}"
        known = {"thriftline:stack": "thriftline", "thriftline:run-id": RUN_ID}
        given = {key.replace("__", ":").replace("_", "-"): value for key, value in tags.items()}
        self.things[arn] = {"kind": kind, "name": name, "model": model, "tags": known | given}
        return arn

    def get_paginator(self, operation: str) -> Any:
        kinds = {
            "list_custom_model_deployments": (
                Kind.DEPLOYMENT,
                "modelDeploymentSummaries",
                ("customModelDeploymentArn", "customModelDeploymentName"),
            ),
            "list_provisioned_model_throughputs": (
                Kind.THROUGHPUT,
                "provisionedModelSummaries",
                ("provisionedModelArn", "provisionedModelName"),
            ),
            "list_custom_models": (Kind.MODEL, "modelSummaries", ("modelArn", "modelName")),
        }
        kind, key, (arn_key, name_key) = kinds[operation]
        fake = self

        class Pages:
            def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
                if operation in fake.refused:
                    raise refusal(fake.refused[operation], "no", operation)
                for arn, one in list(fake.things.items()):
                    if one["kind"] is kind:
                        row = {"modelArn": one["model"], arn_key: arn, name_key: one["name"]}
                        yield {key: [row]}

        return Pages()

    def list_tags_for_resource(self, **request: Any) -> dict[str, Any]:
        arn = request["resourceARN"]
        if arn in self.refused:
            raise refusal(self.refused[arn], "no", "ListTagsForResource")
        tags = self.things[arn]["tags"].items()
        return {"tags": [{"key": key, "value": value} for key, value in tags]}

    def _delete(self, arn: str) -> None:
        if f"delete {arn}" in self.refused:
            raise refusal(self.refused[f"delete {arn}"], "no", "Delete")
        self.deleted.append(arn)

    def delete_custom_model_deployment(self, **request: Any) -> None:
        self._delete(request["customModelDeploymentIdentifier"])

    def delete_provisioned_model_throughput(self, **request: Any) -> None:
        self._delete(request["provisionedModelId"])

    def delete_custom_model(self, **request: Any) -> None:
        self._delete(request["modelIdentifier"])


class FakeExecutions:
    """What Step Functions says of the run's execution."""

    def __init__(self) -> None:
        self.found: Execution | Exception | None = Execution("FAILED", NOW - timedelta(hours=2))

    def look(self, arn: str) -> Execution | None:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class RegistryClient(FakeRegistryClient):
    """Lists groups too, or refuses to."""

    refused_groups = ""

    def get_paginator(self, operation: str) -> Any:
        if operation != "list_model_package_groups":
            return super().get_paginator(operation)
        if self.refused_groups:
            error = {"Error": {"Code": self.refused_groups, "Message": "no"}}
            raise ClientError(cast("Any", error), "ListModelPackageGroups")
        groups = [{"ModelPackageGroupName": name} for name in self.groups]

        class Pages:
            def paginate(self, **request: Any) -> list[dict[str, Any]]:
                return [{"ModelPackageGroupSummaryList": groups}]

        return Pages()


@dataclass
class Scene:
    """A run's world, with a Bedrock and a registry beside it."""

    world: World
    bedrock: FakeBedrock = field(default_factory=FakeBedrock)
    executions: FakeExecutions = field(default_factory=FakeExecutions)
    registry: RegistryClient = field(default_factory=RegistryClient)
    trainer: WordTrainer = field(default_factory=WordTrainer)
    told: list[str] = field(default_factory=list)

    def register(self, model: str, promotion: Any = "approved") -> str:
        """Registers the run's model."""
        version = ModelVersion(
            run_id=RUN_ID,
            project="reviews",
            opened_at=NOW,
            trainer="bedrock",
            image_uri=None,
            model_uri=model,
            document_url="s3://artifacts/runs/r/model.json",
            evaluation_url="s3://artifacts/runs/r/evaluation.json",
            promotion=promotion,
            reason="Good.",
            lineage={"job_name": f"{RUN_ID}-01"},
        )
        return ModelRegistry(cast("Any", self.registry), "thriftline").register(version, {})

    def sweep(self) -> SweepBedrockResponse:
        """Runs the step."""
        sweeper = BedrockSweeper(
            belongings=BedrockBelongings(cast("Any", self.bedrock), "thriftline"),
            runs=self.world.runs,
            registry=ModelRegistry(cast("Any", self.registry), "thriftline"),
            executions=cast("Any", self.executions),
            trainer=self.trainer,
        )
        return sweep_bedrock(
            sweeper, now=NOW, report=lambda name, error: self.told.append(f"{name}: {error}")
        )


@pytest.fixture
def scene() -> Iterator[Scene]:
    with world() as made:
        made.runs.claim(RUN_ID, "reviews", UPLOAD, "arn:execution", OPENED)
        yield Scene(made)


def test_of_a_dead_run_everything_goes_and_what_serves_a_model_before_it(scene: Scene) -> None:
    model = scene.bedrock.add(Kind.MODEL, "m")
    throughput = scene.bedrock.add(Kind.THROUGHPUT, "t")
    deployment = scene.bedrock.add(Kind.DEPLOYMENT, "d", thriftline__purpose="evaluation")
    answer = scene.sweep()
    assert scene.bedrock.deleted == [deployment, throughput, model]
    assert [one.arn for one in answer.taken_away] == [deployment, throughput, model]
    assert (answer.kept, answer.unknown) == (0, 0)


def test_the_registered_model_and_the_standing_deployment_stay(scene: Scene) -> None:
    scene.register(MODEL)
    scene.bedrock.add(Kind.MODEL, "m")
    other = scene.bedrock.add(Kind.MODEL, "first attempt", OTHER_MODEL)
    scene.bedrock.add(Kind.DEPLOYMENT, "s", thriftline__purpose="standing")
    answer = scene.sweep()
    assert scene.bedrock.deleted == [other]
    assert answer.kept == 2


def test_what_has_another_stacks_tag_or_none_is_not_looked_at(scene: Scene) -> None:
    scene.bedrock.add(Kind.MODEL, "m", thriftline__stack="thriftline-dev")
    scene.bedrock.things["arn:deployment:d"] = {
        "kind": Kind.DEPLOYMENT,
        "name": "d",
        "model": MODEL,
        "tags": {},
    }
    answer = scene.sweep()
    assert (scene.bedrock.deleted, answer.kept) == ([], 0)


@pytest.mark.parametrize(
    "found", [Execution("RUNNING", None), None, AccessDeniedError("no"), ThrottledError("busy")]
)
def test_nothing_goes_while_the_run_runs_or_cannot_be_seen(scene: Scene, found: Any) -> None:
    scene.executions.found = found
    scene.bedrock.add(Kind.MODEL, "m")
    answer = scene.sweep()
    assert scene.bedrock.deleted == []
    assert answer.kept + answer.unknown == 1


def test_a_run_that_step_functions_forgot_is_over_when_its_item_says_so(scene: Scene) -> None:
    scene.executions.found = None
    scene.world.runs.update(RUN_ID, ended_at=(NOW - timedelta(days=100)).isoformat())
    model = scene.bedrock.add(Kind.MODEL, "m")
    scene.sweep()
    assert scene.bedrock.deleted == [model]


def test_what_is_of_no_known_run_stays(scene: Scene) -> None:
    scene.bedrock.add(Kind.MODEL, "m", thriftline__run_id="unknown-0123456789abcdef")
    assert scene.sweep().kept == 1
    assert scene.bedrock.deleted == []


def test_one_that_cannot_be_deleted_is_reported_and_keeps_nothing_else(scene: Scene) -> None:
    deployment = scene.bedrock.add(Kind.DEPLOYMENT, "d")
    model = scene.bedrock.add(Kind.MODEL, "m")
    scene.bedrock.refused[f"delete {deployment}"] = "ThrottlingException"
    answer = scene.sweep()
    assert scene.bedrock.deleted == [model]
    assert answer.unknown == 1
    assert scene.told[0].startswith("d: ")


@pytest.mark.parametrize("what", ["list_custom_model_deployments", "tags of the model"])
def test_what_cannot_be_read_stays_fails_the_sweep_and_delays_no_deadline(
    scene: Scene, what: str
) -> None:
    model = scene.bedrock.add(Kind.MODEL, "m")
    late = scene.bedrock.add(Kind.THROUGHPUT, "t")
    scene.bedrock.things[late]["tags"]["thriftline:delete-after"] = NOW.isoformat()
    deployment = scene.bedrock.add(Kind.DEPLOYMENT, "d")
    scene.bedrock.refused[model if "tags" in what else what] = "AccessDeniedException"
    with pytest.raises(AccessDeniedError):
        scene.sweep()
    seen = [deployment, late] if "tags" in what else [late, model]
    assert scene.bedrock.deleted == seen
    assert len(scene.told) == 1


def test_a_deadline_needs_nothing_of_the_run(scene: Scene) -> None:
    late = scene.bedrock.add(Kind.THROUGHPUT, "t")
    scene.bedrock.things[late]["tags"]["thriftline:delete-after"] = NOW.isoformat()
    scene.executions.found = AccessDeniedError("no")
    scene.sweep()
    assert scene.bedrock.deleted == [late]


def test_a_registry_that_cannot_be_read_fails_the_sweep_and_delays_no_deadline(
    scene: Scene,
) -> None:
    late = scene.bedrock.add(Kind.THROUGHPUT, "t")
    scene.bedrock.things[late]["tags"]["thriftline:delete-after"] = NOW.isoformat()
    scene.registry.refused_groups = "AccessDeniedException"
    with pytest.raises(AccessDeniedError):
        scene.sweep()
    assert scene.bedrock.deleted == [late]
    assert scene.told[0].startswith("the model registry: ")


def test_a_deadline_without_a_zone_is_reported_and_not_acted_on(scene: Scene) -> None:
    arn = scene.bedrock.add(Kind.THROUGHPUT, "t")
    scene.bedrock.things[arn]["tags"]["thriftline:delete-after"] = "2026-01-01T00:00:00"
    scene.sweep()
    assert scene.bedrock.deleted == []
    assert "has no time zone" in scene.told[0]


def test_a_version_that_a_person_approved_answers_from_the_next_sweep_on(scene: Scene) -> None:
    arn = scene.register(MODEL, "pending")
    assert scene.sweep().promoted == ()
    scene.registry.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    assert scene.sweep().promoted == (arn,)
    assert scene.trainer.promoted == [f"{RUN_ID}-01"]
    told = scene.registry.packages[0]["CustomerMetadataProperties"]
    assert told["deployment_arn"] == DEPLOYMENT
    # It has answered since.
    assert scene.sweep().promoted == ()


def test_the_group_of_another_stack_is_left_alone(scene: Scene) -> None:
    scene.register(MODEL)
    scene.registry.packages[0]["CustomerMetadataProperties"]["run_id"] = "another-stacks-run"
    assert scene.sweep().promoted == ()
    assert scene.trainer.promoted == []
