"""What stays on Bedrock after runs: the sweep, the roll back, and what each function may do."""

import json
from datetime import UTC, datetime
from typing import Any

from local_aws.options import ACCOUNT
from tests.integration.bedrock.world import BedrockWorld
from tests.integration.workflow.world import csv_of
from thriftline_cli.bedrock_rollback import Services, roll_back

STACK = "thriftline"


def _sweep(world: BedrockWorld) -> dict[str, Any]:
    name = next(
        one["FunctionName"]
        for one in world.aws.client("lambda").list_functions()["Functions"]
        if one["FunctionName"].endswith("-sweep-bedrock")
    )
    answer = world.aws.client("lambda").invoke(FunctionName=name, Payload=b"{}")
    body: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, body
    return body


def _roll_back(world: BedrockWorld, project: str) -> list[str]:
    said: list[str] = []
    services = Services(
        sagemaker=world.aws.client("sagemaker"),
        bedrock=lambda: world.bedrock,
        s3=lambda: world.aws.client("s3"),
        say=said.append,
        sleep=lambda _: None,
        now=lambda: datetime.now(UTC),
    )
    roll_back(project, STACK, services, dry_run=False, looks=1000)
    return said


def test_two_versions_a_roll_back_and_a_sweep(world: BedrockWorld, project: str) -> None:
    gate = {"champion_margin": 0.1}
    spec = {"keep_deployment": True, "evaluation_records": 40}
    first = world.run(project, csv_of(400), gate=gate, **spec).result
    second = world.run(project, csv_of(400, start=1000), gate=gate, **spec).result
    assert first is not None
    assert second is not None
    assert second["gate"]["promotion"] == "approved", second["gate"]["reason"]
    assert [one["usd_per_month"] for one in second["kept"]] == ["1.95", "1.95"]
    assert f"thriftline endpoints rollback {project} goes back to it" in second["kept"][1]["why"]
    (standing,) = world.deployments()
    assert standing["modelArn"] == second["reports"]["model"]

    # The sweep finds nothing that nobody needs, and the champion answers already.
    swept = _sweep(world)
    assert (swept["taken_away"], swept["unknown"], swept["promoted"]) == ([], 0, [])
    assert swept["kept"] == 3

    said = _roll_back(world, project)
    assert any("stays and costs 1.95 USD a month" in line for line in said)
    (after,) = world.deployments()
    assert after["customModelDeploymentArn"] == standing["customModelDeploymentArn"]
    assert after["modelArn"] == first["reports"]["model"]
    # The champion is the first again, so the sweep has nothing to set right.
    assert _sweep(world)["promoted"] == []
    (unchanged,) = world.deployments()
    assert unchanged["modelArn"] == first["reports"]["model"]


def test_a_throughput_goes_at_its_deadline_and_not_before(
    world: BedrockWorld, project: str
) -> None:
    result = world.run(project, csv_of(400), evaluation_records=20).result
    assert result is not None
    quotas = world.aws.services.quotas.at(ACCOUNT, world.aws.region)
    quotas.set(
        "No-commitment model units for Provisioned Throughput created for custom model "
        "Amazon Nova Micro",
        2,
    )
    for name, until in (("late", "2026-01-01T00:00:00+00:00"), ("early", "2099-01-01T00:00:00Z")):
        tags = {
            "thriftline:stack": STACK,
            "thriftline:run-id": result["run_id"],
            "thriftline:delete-after": until,
        }
        world.bedrock.create_provisioned_model_throughput(
            modelUnits=1,
            provisionedModelName=f"{project}-{name}",
            modelId=result["reports"]["model"],
            tags=[{"key": key, "value": value} for key, value in tags.items()],
        )
    swept = _sweep(world)
    assert [one["kind"] for one in swept["taken_away"]] == ["throughput"]
    left = world.bedrock.list_provisioned_model_throughputs()["provisionedModelSummaries"]
    assert [one["provisionedModelName"] for one in left] == [f"{project}-early"]
    world.bedrock.delete_provisioned_model_throughput(
        provisionedModelId=left[0]["provisionedModelArn"]
    )
