"""A run that says deploy: true hands its approved version to the deployment machine."""

import json

from tests.integration.workflow.world import World, csv_of

RUN_YAML = (
    "trainer: sagemaker\ndeploy: true\ntraining: {instance_type: ml.g5.xlarge}\n"
    "gate: {minimum: 0.5}\n"
)


def test_a_run_asks_for_the_deployment_of_its_version(world: World, project: str) -> None:
    # A run.yaml with no file beside it that it names holds for the next upload.
    world.upload(f"{project}/run.yaml", RUN_YAML)
    ended = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(700)), 280)
    assert ended.result is not None, ended
    assert ended.result["status"] == "succeeded", ended.result["reason"]
    assert "Deploy model" in ended.states
    deployment = ended.result["deployment"]
    assert deployment["started"], deployment
    machine = world.aws.outputs["DeployModelStateMachineArn"]
    arn = machine.replace(":stateMachine:", ":execution:") + f":{deployment['deployment_id']}"
    asked = json.loads(world.states.describe_execution(executionArn=arn)["input"])
    assert asked["model_package_arn"] == ended.result["model_package_arn"]
    assert asked["project"] == project
    # Nobody has pushed the image here, so that the check says no before anything is made.
    assert world.wait(arn).output["ending"] == "refused"
