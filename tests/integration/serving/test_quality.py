"""The watch over live quality as the template deploys it: its events, permissions and messages."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.serving.world import ServingWorld
from tests.unit.serving.captures import reference, request
from thriftline.serving.domain.windows import hours_to_watch


def _deployed(world: ServingWorld, project: str, run_id: str) -> str:
    endpoint = f"thriftline-{project}"
    table = world.aws.outputs["EndpointsTableName"]
    version = {
        "item": {"S": "version#000001"},
        "number": {"N": "1"},
        "registry_version": {"N": "1"},
        "when": {"S": (datetime.now(UTC) - timedelta(days=9)).isoformat()},
        "artifact_uri": {"S": f"s3://{world.artifacts}/training/{run_id}/job/output/model.tar.gz"},
        **{
            name: {"S": name}
            for name in (
                *("config", "model_name", "model_package_arn", "image", "who", "why"),
                "deployment_id",
            )
        },
    }
    state = {
        "item": {"S": "endpoint"},
        "project": {"S": project},
        "kind": {"S": "real-time"},
        "in_use": {"N": "1"},
    }
    for item in (version, state):
        world.aws.client("dynamodb").put_item(
            TableName=table, Item={**item, "endpoint": {"S": endpoint}}
        )
    return endpoint


def _watch(world: ServingWorld) -> dict[str, Any]:
    functions = world.aws.client("lambda")
    names = [
        one["FunctionName"]
        for page in functions.get_paginator("list_functions").paginate()
        for one in page["Functions"]
    ]
    (name,) = (one for one in names if "WatchQuality" in one)
    answer = functions.invoke(FunctionName=name, Payload=b"{}")
    told: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, told
    return told


def test_drift_of_captured_requests_is_told_once(world: ServingWorld, project: str) -> None:
    run_id = f"{project}-0123456789abcdef"
    endpoint = _deployed(world, project, run_id)
    world.serve_yaml(
        project, "instance: {count: 2}\ncapture: {percent: 100}\nquality: {window_hours: 1}\n"
    )
    (hour,) = hours_to_watch(None, datetime.now(UTC))
    document = reference().model_copy(update={"run_id": run_id, "project": project})
    labels = ["positive"] * 380 + ["negative"] * 20
    lines = b"\n".join(request(number, label) for number, label in enumerate(labels))
    for key, body in (
        (f"training/{run_id}/reference.json", document.model_dump_json().encode()),
        (f"capture/{endpoint}/main/{hour:%Y/%m/%d/%H}/15-00-000-a.jsonl", lines),
    ):
        world.s3.put_object(Bucket=world.artifacts, Key=key, Body=body)

    assert _watch(world)["breaches"] == 2
    assert _watch(world)["hours"] == 0

    key = f"serving/{endpoint}/quality/{hour:%Y-%m-%dT%H}.json"
    found = json.loads(world.s3.get_object(Bucket=world.artifacts, Key=key)["Body"].read())
    signals = found["window"]["variants"]["main"]["signals"]
    assert {one["name"]: one["level"] for one in signals}["labels"] == "severe"
    assert found["note"] == ""
    metrics = world.cloudwatch.list_metrics(Namespace="Thriftline/Serving")["Metrics"]
    mine = [
        one for one in metrics if {"Name": "EndpointName", "Value": endpoint} in one["Dimensions"]
    ]
    assert {one["MetricName"] for one in mine} == {"QualityBreach", "Drift"}
