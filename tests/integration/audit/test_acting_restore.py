"""A deleted endpoint comes back as it was, and nothing that lives is touched."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from local_aws.http.faults import AwsFault
from local_aws.server import EmbeddedAws
from tests.integration.audit.acting_account import (
    MARK,
    acting_account,
    hosting_endpoint,
    plain_endpoint,
)
from tests.integration.audit.acting_world import ActingWorld, acting_options
from thriftline.audit.domain.actions import Step
from thriftline.audit.schemas.steps import RestoreEndpointResponse
from thriftline.audit.steps.restore_endpoint import RESTORED_TAG, UNFINISHED_TAG
from thriftline.core.errors import AccessDeniedError, AwsRequestError

NAMES = (
    *("life", "hosting", "rehearsed", "replaced", "changed", "broken-up", "weighted"),
    *("drained", "asleep", "asleep-rehearsed"),
)
TRACKED = "endpoint/life/variant/blue"


@pytest.fixture(scope="module")
def account() -> Iterator[EmbeddedAws]:
    endpoints = [
        hosting_endpoint(name) if name.startswith(("hosting", "asleep")) else plain_endpoint(name)
        for name in NAMES
    ]
    for one in endpoints:
        if one["name"].startswith("asleep"):
            one["inference_components"][0]["copies"] = 0
    with EmbeddedAws(acting_options(acting_account(*endpoints))) as embedded:
        yield embedded


@pytest.fixture
def world(account: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> ActingWorld:
    monkeypatch.setenv("AWS_ENDPOINT_URL", account.endpoint)
    return ActingWorld(account)


def _live_out(world: ActingWorld, name: str) -> dict[str, Any]:
    """Marks an idle endpoint, waits out its grace, ends it; returns what it was before."""
    before = world.describe(name)
    assert before is not None
    (marked,) = world.do_all(world.plan(world.look(name)))
    assert marked.outcome == "done"
    world.pass_time(hours=1)
    waiting = world.plan(world.look(name))
    assert [one.step for one in waiting.actions] == [Step.WAIT]
    world.pass_time(hours=72)
    (ended,) = world.do_all(world.plan(world.look(name)))
    assert ended.outcome == "done", ended.reason
    world.pass_time(seconds=5)
    assert name not in world.endpoints()
    return before


def _ask(world: ActingWorld, name: str, **fields: Any) -> RestoreEndpointResponse:
    return world.ask_restore(name, **fields)


def _restore(world: ActingWorld, name: str) -> list[RestoreEndpointResponse]:
    answers = [_ask(world, name)]
    while answers[-1].outcome == "restoring":
        assert len(answers) < 10
        world.pass_time(seconds=5)
        answers.append(_ask(world, name))
    return answers


def _without_tags(state: dict[str, Any] | None) -> dict[str, Any]:
    assert state is not None
    return {key: value for key, value in state.items() if key != "tags"}


def test_marked_idle_for_72_hours_deleted_and_brought_back_as_it_was(world: ActingWorld) -> None:
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": TRACKED,
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling = world.aws.client("application-autoscaling")
    scaling.put_scheduled_action(
        **target,
        ScheduledActionName="nights",
        # Of a year that this test does not reach: it acts.
        Schedule="cron(0 20 1 1 ? 2190)",
        ScalableTargetAction={"MinCapacity": 1, "MaxCapacity": 1},
    )
    before = _live_out(world, "life")

    answers = _restore(world, "life")

    after = world.describe("life")
    assert [one.outcome for one in answers] == ["restoring", "restored"]
    assert _without_tags(after) == _without_tags(before)
    assert len(before["scaling"][0]) == 3
    assert after is not None
    assert after["tags"].pop(RESTORED_TAG)
    assert after["tags"] == before["tags"]
    assert world.topic.sent[-1][0] == "Thriftline: life restored"
    assert _ask(world, "life").outcome == "exists"


def test_components_come_back_with_their_scaling(world: ActingWorld) -> None:
    before = _live_out(world, "hosting")

    answers = _restore(world, "hosting")

    after = world.describe("hosting")
    assert _without_tags(after) == _without_tags(before)
    made = [step for one in answers for step in one.steps]
    assert "CreateInferenceComponent hosting-llm hosting" in made
    assert any("inference-component/hosting-llm" in step for step in made)
    assert after is not None
    assert MARK not in after["tags"]


def test_a_component_that_stood_at_no_copies_comes_back_with_none(world: ActingWorld) -> None:
    before = _live_out(world, "asleep")

    answers = _restore(world, "asleep")

    assert answers[-1].outcome == "restored"
    assert _without_tags(world.describe("asleep")) == _without_tags(before)
    copies = [one["RuntimeConfig"]["CurrentCopyCount"] for one in before["components"]]
    assert sorted(copies) == [0, 1]
    steps = [step for one in answers for step in one.steps]
    assert "UpdateInferenceComponentRuntimeConfig asleep-llm" in steps


def test_a_rehearsal_tells_of_the_copies_that_are_taken_away(world: ActingWorld) -> None:
    _live_out(world, "asleep-rehearsed")
    rehearsal = _ask(world, "asleep-rehearsed", dry_run=True)
    done = [step for one in _restore(world, "asleep-rehearsed") for step in one.steps]
    assert sorted(rehearsal.steps) == sorted(done)


def test_a_variant_without_weight_comes_back_without_requests(world: ActingWorld) -> None:
    world.aws.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName="drained",
        DesiredWeightsAndCapacities=[{"VariantName": "green", "DesiredWeight": 0.0}],
    )
    world.pass_time(days=8)
    before = _live_out(world, "drained")

    answers = _restore(world, "drained")

    assert answers[-1].outcome == "restored"
    assert _without_tags(world.describe("drained")) == _without_tags(before)


def test_a_rehearsed_restore_changes_nothing_and_tells_each_step(world: ActingWorld) -> None:
    _live_out(world, "rehearsed")
    keys = [stored.key for stored in world.artifacts.list("")]

    rehearsal = _ask(world, "rehearsed", dry_run=True)

    assert rehearsal.outcome == "would_restore"
    assert "rehearsed" not in world.endpoints()
    assert [stored.key for stored in world.artifacts.list("")] == keys
    done = [step for answer in _restore(world, "rehearsed") for step in answer.steps]
    assert list(rehearsal.steps) == done


def test_another_endpoint_of_the_name_is_left_alone(world: ActingWorld) -> None:
    _live_out(world, "replaced")
    world.aws.client("sagemaker").create_endpoint(
        EndpointName="replaced", EndpointConfigName="replaced-config"
    )
    world.pass_time(seconds=5)
    before = world.describe("replaced")

    answer = _ask(world, "replaced")

    assert (answer.outcome, answer.steps) == ("exists", ())
    assert world.describe("replaced") == before


def test_a_model_that_is_another_one_now_is_not_used(world: ActingWorld) -> None:
    before = _live_out(world, "changed")
    sagemaker = world.aws.client("sagemaker")
    sagemaker.delete_endpoint_config(EndpointConfigName="changed-config")
    sagemaker.delete_model(ModelName="changed-blue")
    sagemaker.delete_model(ModelName="changed-green")
    sagemaker.create_model(
        ModelName="changed-blue",
        ExecutionRoleArn="arn:aws:iam::111122223333:role/other",
        PrimaryContainer={"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/other:1"},
    )

    refusal = "User: x is not authorized to perform: iam:PassRole on resource: y"
    world.aws.faults.add(
        AwsFault("sagemaker", "CreateModel", "AccessDeniedException", message=refusal)
    )
    with pytest.raises(AccessDeniedError, match=r"Name arn:aws:\S+ in .* RestorableRoleArns"):
        world.ask_restore("changed")
    steps = [step for answer in _restore(world, "changed") for step in answer.steps]

    after = world.describe("changed")
    assert after is not None
    models = [one["ModelName"] for one in after["config"]["ProductionVariants"]]
    assert models[0].startswith("changed-blue-")
    assert models[1] == "changed-green"
    assert after["config"]["EndpointConfigName"] == "changed-config"
    assert [step.split()[0] for step in steps[:3]] == [
        *("CreateModel", "CreateModel", "CreateEndpointConfig")
    ]
    assert after["scaling"] == before["scaling"]
    found = sagemaker.describe_model(ModelName="changed-blue")
    assert found["ExecutionRoleArn"] == "arn:aws:iam::111122223333:role/other"


def test_weights_and_counts_that_were_changed_by_hand_come_back(world: ActingWorld) -> None:
    world.aws.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName="weighted",
        DesiredWeightsAndCapacities=[
            {"VariantName": "green", "DesiredWeight": 3.0, "DesiredInstanceCount": 4}
        ],
    )
    world.pass_time(days=8)
    before = _live_out(world, "weighted")

    answers = _restore(world, "weighted")

    assert [one.outcome for one in answers] == ["restoring", "restoring", "restored"]
    assert _without_tags(world.describe("weighted")) == _without_tags(before)
    assert UNFINISHED_TAG not in (world.describe("weighted") or {})["tags"]


def test_what_was_never_saved_is_refused_with_what_to_do(world: ActingWorld) -> None:
    with pytest.raises(AwsRequestError, match="--list"):
        _ask(world, "never-there")
    with pytest.raises(AwsRequestError, match="no saved copy"):
        _ask(world, "life", created=world.now - timedelta(days=1))
