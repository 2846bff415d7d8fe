"""The dry run changes nothing, and the page shows what the table and SageMaker say."""

import pytest

from tests.unit.serving.deployment_world import ARTIFACTS, ENDPOINT, DeploymentWorld
from thriftline.core.errors import InvalidServeSpecError, NothingToRollBackToError
from thriftline.serving.aws.endpoints import Endpoints
from thriftline.serving.domain.experiment_names import result_key
from thriftline.serving.schemas.experiment import Contender, ExperimentResult, ShadowFigures
from thriftline.serving.schemas.steps import DeployRequest, PreviewDeploymentResponse
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


def test_an_endpoint_that_nobody_deployed_has_no_page(world: DeploymentWorld) -> None:
    site = PageSite(world.table, Endpoints(world.hosting), world.artifacts)  # type: ignore[arg-type]
    assert publish_endpoint_page("others", site, now=world.now).page is None
