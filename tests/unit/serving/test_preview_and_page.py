"""The dry run changes nothing, and the page shows what the table and SageMaker say."""

from dataclasses import replace

import pytest

from tests.unit.serving.deployment_world import ARTIFACTS, ENDPOINT, DeploymentWorld
from thriftline.core.errors import (
    DeploymentRefusedError,
    InvalidServeSpecError,
    NothingToRollBackToError,
    UnreadableDocumentError,
)
from thriftline.serving.aws.endpoints import Endpoints
from thriftline.serving.domain.experiment_names import result_key
from thriftline.serving.schemas.deployment import deployment_key
from thriftline.serving.schemas.experiment import Contender, ExperimentResult, ShadowFigures
from thriftline.serving.schemas.steps.preview import PreviewDeploymentResponse
from thriftline.serving.schemas.steps.requests import DeployRequest
from thriftline.serving.steps.preview_deployment import preview_deployment
from thriftline.serving.steps.publish_endpoint_page import PageSite, publish_endpoint_page

CANARY = (
    "instance: {type: ml.m5.large, count: 2}\n"
    "rollout: {type: canary, percent: 50, wait_seconds: 300, min_requests: 20}\n"
)


def preview(world: DeploymentWorld, **more: object) -> PreviewDeploymentResponse:
    asked = {"project": "reviews", "requested_by": "ada", "token": "t", **more}
    request = DeployRequest.model_validate(asked)
    return preview_deployment(request, world.opening, world.checking, now=world.now)


def everything(world: DeploymentWorld) -> tuple[object, ...]:
    objects = world.s3.list_objects_v2(Bucket=ARTIFACTS).get("Contents", [])
    return (
        sorted(one["Key"] for one in objects),
        world.table.endpoints(),
        len(world.hosting.requests),
    )


def test_a_dry_run_says_what_it_would_do_and_cost_and_changes_nothing(
    world: DeploymentWorld,
) -> None:
    world.serve_yaml(CANARY)
    world.register(1)
    before = everything(world)
    found = preview(world)
    assert (found.would_deploy, found.endpoint, found.version) == (True, ENDPOINT, 1)
    assert found.instance_type == "ml.m5.large"
    assert found.rollout_usd is not None
    assert [(row.choice, row.most_usd) for row in found.months if row.chosen] == [
        ("always on", "167.9000")
    ]
    assert {check.name for check in found.checks} >= {"artifact", "image", "price of a month"}
    assert everything(world) == before


def test_a_dry_run_says_what_stands_against_it(world: DeploymentWorld) -> None:
    world.serve_yaml(f"{CANARY}budget: {{max_rollout_usd: 0.001}}\n")
    world.register(1)
    found = preview(world)
    assert not found.would_deploy
    (against,) = [one for one in found.checks if not one.passed]
    refused = world.deploy().recorded
    assert refused is not None
    assert (refused.ending, refused.reason) == ("refused", found.reason)
    assert "budget.max_rollout_usd is 0.00" in against.sentence
    assert against.fix


def test_a_dry_run_of_a_broken_file_is_refused_as_the_deployment_is(
    world: DeploymentWorld,
) -> None:
    world.serve_yaml("rollout: {type: canary}\n")
    world.register(1)
    with pytest.raises(InvalidServeSpecError, match="line 1"):
        preview(world)


def test_a_dry_run_of_a_rollback_names_what_would_come_back(world: DeploymentWorld) -> None:
    with pytest.raises(NothingToRollBackToError):
        preview(world, action="rollback")
    world.serve_yaml(CANARY)
    for number in (1, 2):
        world.register(number)
        world.hosting.on_look = lambda: world.see_requests(10) if world.hosting.endpoints else None
        world.deploy()
    found = preview(world, action="rollback")
    assert (found.would_deploy, found.version) == (True, 1)
    assert found.former != found.wanted


def test_a_dry_run_names_the_deployment_that_would_be_in_its_way(world: DeploymentWorld) -> None:
    world.serve_yaml(CANARY)
    world.register(1)
    world.open("arn:aws:states:us-east-1:1:execution:machine:other", asked(token="other"))
    found = preview(world)
    refused = world.deploy().recorded
    assert refused is not None
    assert (found.would_deploy, found.reason) == (False, refused.reason)
    assert "Wait for its end, or stop it" in found.reason
    assert refused.error == "DeploymentInProgressError"


def test_a_dry_run_does_not_wait_for_a_deployment_whose_execution_is_dead(
    world: DeploymentWorld,
) -> None:
    world.serve_yaml(CANARY)
    world.register(1)
    other = "arn:aws:states:us-east-1:1:execution:machine:other"
    world.open(other, asked(token="other"))
    world.executions.ended.add(other)
    assert preview(world).would_deploy


def asked(**more: object) -> dict[str, object]:
    return {"action": "deploy", "project": "reviews", "requested_by": "ada", "token": "t", **more}


def test_a_version_is_named_by_its_number(world: DeploymentWorld) -> None:
    world.serve_yaml(CANARY)
    for number in (1, 2):
        world.register(number)
    assert preview(world, registry_version=1).version == 1
    with pytest.raises(DeploymentRefusedError, match="no version 9 of reviews"):
        preview(world, registry_version=9)


def test_what_is_in_use_already_is_answered_at_once_and_costs_nothing(
    world: DeploymentWorld,
) -> None:
    world.serve_yaml(CANARY)
    world.register(1)
    world.deploy()
    before, requests = world.table.state(ENDPOINT), len(world.hosting.requests)
    found = preview(world)
    assert (found.would_deploy, found.rollout_usd, found.seconds) == (True, "0.0000", 0)
    again = world.deploy()
    assert again.recorded is not None
    assert (again.recorded.ending, again.recorded.reason) == ("deployed", found.reason)
    assert "is already in use; nothing was rolled out" in found.reason
    assert again.polls == [], "nobody waits"
    assert len(world.hosting.requests) == requests, "SageMaker is asked for nothing"
    assert world.table.state(ENDPOINT) == before, "no second entry for the same thing"
    assert len(world.table.versions(ENDPOINT)) == 1
    assert world.alarms() == []


def test_what_somebody_else_put_there_gets_its_entry_all_the_same(world: DeploymentWorld) -> None:
    world.serve_yaml(CANARY)
    world.register(1)
    world.deploy()
    known = world.table.version(ENDPOINT, 1)
    assert known is not None
    world.table.delete(ENDPOINT, "version#000001")
    world.table.add_version(ENDPOINT, replace(known, config="another"))
    again = world.deploy().recorded
    assert again is not None
    assert again.ending == "deployed"
    state = world.table.state(ENDPOINT)
    assert state is not None
    assert state.in_use == 2


def page(world: DeploymentWorld) -> str:
    site = PageSite(world.table, Endpoints(world.hosting), world.artifacts)  # type: ignore[arg-type]
    answer = publish_endpoint_page(ENDPOINT, site, now=world.now)
    assert answer.page == f"s3://{ARTIFACTS}/serving/{ENDPOINT}/index.html"
    body = world.artifacts.read(f"serving/{ENDPOINT}/index.html")
    assert body is not None
    return body.decode()


def test_the_page_follows_a_deployment(world: DeploymentWorld) -> None:
    world.serve_yaml(CANARY)
    world.register(1)
    world.deploy(why="<the first>")
    shown = page(world)
    assert "<h2>In service</h2>" in shown
    assert "&lt;the first&gt;" in shown
    assert "$167.90" in shown
    assert "in use" in shown


def test_the_page_shows_a_comparison_and_its_counts(world: DeploymentWorld) -> None:
    world.serve_yaml(CANARY)
    world.register(1)
    world.deploy()
    world.table.update(ENDPOINT, "experiment#x-1", state="ended", kind="shadow")
    one = Contender(
        model_package_arn="arn:of-a-version",
        number=1,
        image="image@sha256:1",
        artifact_uri="s3://b/k",
    )
    result = ExperimentResult(
        experiment_id="x-1",
        endpoint=ENDPOINT,
        project="reviews",
        kind="shadow",
        measure="accuracy",
        weight=0.5,
        champion=one,
        challenger=one,
        requested_by="somebody",
        why="",
        started=world.now,
        deadline=world.now,
        ended=world.now,
        ending="better",
        reason="it is right more often",
        alpha=0.05,
        power=0.8,
        least_difference=0.01,
        least_detectable_difference=0.012,
        shadow=ShadowFigures(
            pairs=4707,
            disagreements=301,
            labelled=301,
            champion_right=110,
            challenger_right=180,
            both_wrong=11,
            exact_p=0.001,
        ),
        after="reported",
    )
    world.artifacts.write_json(result_key(ENDPOINT, "x-1"), result.model_dump_json())
    shown = page(world)
    assert "it is right more often" in shown
    for count in ("4,707", "301", "180", "1.2%"):
        assert count in shown


def test_after_a_rollback_a_month_is_still_that_of_serve_yaml(world: DeploymentWorld) -> None:
    world.serve_yaml(CANARY)
    world.register(1)
    world.deploy()
    world.register(2)
    world.hosting.on_look = lambda: world.see_requests(30)
    world.deploy()
    assert "$167.90" in page(world)
    world.rollback()
    assert "$167.90" in page(world)


def test_a_deployment_that_another_version_wrote_is_shown_by_the_table(
    world: DeploymentWorld,
) -> None:
    world.serve_yaml(CANARY)
    world.register(1)
    world.deploy(why="the first")
    (item,) = world.table.items(ENDPOINT, "deployment#")
    own = str(item["item"]).removeprefix("deployment#")
    world.artifacts.write_json(deployment_key(ENDPOINT, own), '{"schema_version": "9"}')
    shown = page(world)
    assert "the first" in shown
    assert "$167.90" not in shown


def test_what_the_page_cannot_read_is_named(world: DeploymentWorld) -> None:
    world.serve_yaml(CANARY)
    world.register(1)
    world.deploy()
    world.table.update(ENDPOINT, "experiment#x-1", state="ended", kind="shadow")
    for key in (result_key(ENDPOINT, "x-1"), "hour.json"):
        world.artifacts.write_json(key, '{"schema_version": "9"}')
        world.table.update(ENDPOINT, "quality", last_window="hour.json")
        with pytest.raises(UnreadableDocumentError, match=key):
            page(world)
        world.s3.delete_object(Bucket=ARTIFACTS, Key=key)
        world.table.delete(ENDPOINT, "experiment#x-1")


def test_an_endpoint_that_nobody_deployed_has_no_page(world: DeploymentWorld) -> None:
    site = PageSite(world.table, Endpoints(world.hosting), world.artifacts)  # type: ignore[arg-type]
    assert publish_endpoint_page("others", site, now=world.now).page is None
