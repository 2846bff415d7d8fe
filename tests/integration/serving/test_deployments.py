"""The deployment machine on the embedded AWS, one project for each story."""

from tests.integration.serving.world import ServingWorld, Traffic

TWO = "instance: {type: ml.m5.large, count: 2}\n"
CANARY = (
    TWO + "rollout: {type: canary, percent: 50, wait_seconds: 300, bake_seconds: 200, "
    "min_requests: 20, without_traffic: roll_back}\n"
    "alarms: {latency_ratio: null}\n"
)


def test_a_first_version_then_a_canary_then_a_rollback(world: ServingWorld, project: str) -> None:
    world.serve_yaml(project, CANARY)
    world.register(project)
    first = world.deploy(project)
    assert (first.status, first.ending) == ("SUCCEEDED", "deployed"), first
    old = world.serves(project)
    world.register(project)
    with Traffic(world, project):
        second = world.deploy(project)
    assert second.ending == "deployed", second.told
    new = world.serves(project)
    assert new != old
    assert world.alarms_of(second.told) == []
    back = world.rollback(project)
    assert back.ending == "deployed", back.told
    assert world.serves(project) == old
    assert world.history(project)["in_use"] == {"N": "1"}
    assert world.nothing_in_use_was_deleted(project)


def test_an_approval_deploys_where_serve_yaml_says_so(world: ServingWorld, project: str) -> None:
    world.serve_yaml(project, f"{TWO}on_approval: true\n")
    arn = world.register(project, approval="PendingManualApproval")
    world.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    ended = world.deployment_of(project)
    assert ended.ending == "deployed", ended.told
    assert ended.told["version"]["model_package_arn"] == arn


def test_without_traffic_it_is_inconclusive_and_goes_back(
    world: ServingWorld, project: str
) -> None:
    world.serve_yaml(project, CANARY)
    world.register(project)
    world.deploy(project)
    old = world.serves(project)
    world.register(project)
    ended = world.deploy(project)
    assert ended.ending == "inconclusive", ended.told
    assert world.serves(project) == old
    assert world.nothing_in_use_was_deleted(project)


def test_an_execution_that_somebody_stopped_is_recorded_to_its_end(
    world: ServingWorld, project: str
) -> None:
    world.serve_yaml(project, CANARY)
    world.register(project)
    world.deploy(project)
    world.register(project)
    arn = world.start(project)
    world.wait_until(arn, "Poll deployment")
    world.states.stop_execution(executionArn=arn)
    document = world.recorded(arn)
    assert document["ending"] in ("deployed", "inconclusive", "rolled_back", "failed")
    assert document["failure"]["error"] == "ExecutionAborted"
    assert world.history(project)["lock_owner"] == {"NULL": True}
    assert world.nothing_in_use_was_deleted(project)
