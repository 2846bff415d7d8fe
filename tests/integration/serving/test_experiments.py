"""Comparisons on live traffic on the embedded AWS, one project for each story."""

import json
import time
import uuid
from datetime import datetime, timedelta
from typing import Any

from tests.integration.permissions import calls_without_permission
from tests.integration.serving.world import PATIENCE_SECONDS, ServingWorld

SPEC = (
    "instance: {type: ml.m5.large, count: 2}\n"
    "rollout: {bake_seconds: 180, min_requests: 0}\n"
    "capture: {percent: 100}\n"
)
AB = SPEC + (
    "compare: {kind: ab, weight_percent: 10, measure: errors, deadline_hours: 24, then: promote}\n"
)
SHADOW = SPEC + (
    "compare: {kind: shadow, weight_percent: 100, deadline_hours: 24, then: promote}\n"
)


class Comparison:
    """A project with a version in use, and a challenger on trial."""

    def __init__(self, world: ServingWorld, project: str, serve_yaml: str) -> None:
        self.world, self.project = world, project
        self.endpoint = f"thriftline-{project}"
        world.serve_yaml(project, serve_yaml)
        world.register(project)
        first = world.deploy(project)
        assert first.ending == "deployed", first
        self.champion = world.serves(project)
        self.challenger = world.register(project)
        self.arn = self.ask("start", model_package_arn=self.challenger)

    def ask(self, action: str, **more: Any) -> str:
        request = {
            "action": action,
            "project": self.project,
            "requested_by": "a test",
            "why": "to know",
            "token": uuid.uuid4().hex,
            **more,
        }
        arn: str = self.world.states.start_execution(
            stateMachineArn=self.world.aws.outputs["CompareModelsStateMachineArn"],
            input=json.dumps(request),
        )["executionArn"]
        return arn

    def item(self) -> dict[str, Any]:
        """Returns what the table knows of the experiment."""
        found = self.world.aws.client("dynamodb").query(
            TableName=self.world.aws.outputs["EndpointsTableName"],
            KeyConditionExpression="endpoint = :e AND begins_with(#i, :x)",
            ExpressionAttributeNames={"#i": "item"},
            ExpressionAttributeValues={
                ":e": {"S": self.endpoint},
                ":x": {"S": "experiment#"},
            },
        )["Items"]
        return found[0] if found else {}

    def wait_for(self, state: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.item().get("state", {}).get("S") != state:
            found = self.world.states.describe_execution(executionArn=self.arn)
            assert time.monotonic() < deadline, (self.item(), found)
            assert state == "ended" or found["status"] == "RUNNING", found
            time.sleep(0.2)

    def result(self) -> dict[str, Any]:
        own = self.item()["experiment_id"]["S"]
        key = f"serving/{self.endpoint}/experiments/{own}/result.json"
        body = self.world.s3.get_object(Bucket=self.world.artifacts, Key=key)["Body"].read()
        found: dict[str, Any] = json.loads(body)
        return found

    def is_free(self) -> bool:
        """Whether the champion serves alone and nobody has the endpoint."""
        found = self.world.endpoint(self.project)
        return (
            found["EndpointConfigName"] == self.champion
            and [one["VariantName"] for one in found["ProductionVariants"]] == ["main"]
            and self.world.history(self.project)["lock_owner"] == {"NULL": True}
        )

    # ---- traffic

    def minute(self, begun: datetime, variant: str, requests: int, errors: int) -> None:
        names = {"EndpointName": self.endpoint, "VariantName": variant}
        for metric, value in (("Invocations", requests), ("Invocation5XXErrors", errors)):
            self.world.aws.put_metric("AWS/SageMaker", metric, names, value, at=begun)

    def capture(self, hour: datetime, variant: str, answers: dict[str, str]) -> None:
        lines = [json.dumps(_captured(name, label)) for name, label in answers.items()]
        self._put(f"capture/{self.endpoint}/{variant}/{hour:%Y/%m/%d/%H}/00.jsonl", lines)

    def label(self, hour: datetime, labels: dict[str, str]) -> None:
        lines = [
            json.dumps(
                {
                    "groundTruthData": {"data": label, "encoding": "CSV"},
                    "eventMetadata": {"eventId": name, "inferenceId": name},
                    "eventVersion": "0",
                }
            )
            for name, label in labels.items()
        ]
        self._put(f"serving/{self.endpoint}/labels/{hour:%Y/%m/%d/%H}/a.jsonl", lines)

    def _put(self, key: str, lines: list[str]) -> None:
        self.world.s3.put_object(
            Bucket=self.world.artifacts, Key=key, Body="\n".join(lines).encode()
        )


def _captured(name: str, label: str) -> dict[str, Any]:
    def body(mode: str, data: Any) -> dict[str, str]:
        return {
            "observedContentType": "application/json",
            "mode": mode,
            "data": json.dumps(data),
            "encoding": "JSON",
        }

    return {
        "captureData": {
            "endpointInput": body("INPUT", {"text": "how was it?"}),
            "endpointOutput": body("OUTPUT", {"label": label, "score": 0.9}),
        },
        "eventMetadata": {
            "eventId": f"event-{name}",
            "inferenceId": name,
            "inferenceTime": "2026-11-30T12:00:00Z",
        },
        "eventVersion": "0",
    }


def test_a_challenger_that_fails_more_ends_worse_and_the_champion_serves_alone(
    world: ServingWorld, project: str
) -> None:
    comparison = Comparison(world, project, AB)
    comparison.wait_for("running")
    weights = {
        one["VariantName"]: one["CurrentWeight"]
        for one in world.endpoint(project)["ProductionVariants"]
    }
    assert abs(weights["challenger"] / sum(weights.values()) - 0.1) < 1e-4
    # Nobody deploys meanwhile.
    refused = world.deploy(project)
    assert refused.output["error"] == "DeploymentInProgressError", refused
    begun = world.aws.clock.now().replace(second=0, microsecond=0)
    for number in range(1, 40):
        at = begun + timedelta(minutes=number)
        comparison.minute(at, "main", 90, number % 2)
        comparison.minute(at, "challenger", 10, 4)
    world.aws.clock.advance(timedelta(minutes=45))
    ended = world.wait(comparison.arn)

    assert (ended.status, ended.output["ending"]) == ("SUCCEEDED", "worse"), ended
    assert ended.output["promotion"] is None
    assert comparison.is_free()
    result = comparison.result()
    assert result["cause"] == "evidence"
    assert result["split"]["evidence_worse"] >= 40
    assert world.nothing_in_use_was_deleted(project)
    assert calls_without_permission(world.aws) == set()


def test_a_shadow_that_labels_call_better_is_deployed(world: ServingWorld, project: str) -> None:
    comparison = Comparison(world, project, SHADOW)
    comparison.wait_for("running")
    hour = world.aws.clock.now().replace(minute=0, second=0, microsecond=0)
    names = [f"r{number}" for number in range(60)]
    comparison.capture(
        hour, "main", {name: "bad" if at < 15 else "good" for at, name in enumerate(names)}
    )
    comparison.capture(hour, "shadow", dict.fromkeys(names, "good"))
    comparison.label(hour, dict.fromkeys(names[:15], "good"))
    world.aws.clock.advance(timedelta(minutes=80))
    ended = world.wait(comparison.arn)

    assert (ended.status, ended.output["ending"]) == ("SUCCEEDED", "better"), ended
    promoted = ended.output["promotion"]["name"]
    deadline = time.monotonic() + PATIENCE_SECONDS
    found: list[dict[str, Any]] = []
    while not found and time.monotonic() < deadline:
        found = [
            one
            for one in world.documents(f"serving/{comparison.endpoint}/deployments/")
            if one["deployment_id"] == promoted
        ]
        time.sleep(0.2)
    document = world.wait(found[0]["execution_arn"]).told
    assert document["ending"] == "deployed", document
    assert document["version"]["model_package_arn"] == comparison.challenger
    assert document["requested_by"].startswith("experiment x-")
    assert comparison.result()["shadow"]["challenger_right"] == 15


def test_what_a_dead_execution_left_is_closed(world: ServingWorld, project: str) -> None:
    comparison = Comparison(world, project, AB)
    comparison.wait_for("running")
    world.states.stop_execution(executionArn=comparison.arn)
    comparison.wait_for("ended")

    assert comparison.is_free()
    assert comparison.result()["cause"] == "failed"


def test_a_person_stops_it(world: ServingWorld, project: str) -> None:
    comparison = Comparison(world, project, AB)
    comparison.wait_for("running")
    stopped = world.wait(comparison.ask("stop"))
    assert stopped.output["decision"] == "stopped", stopped
    ended = world.wait(comparison.arn)

    assert (ended.status, ended.output["cause"]) == ("SUCCEEDED", "stopped"), ended
    assert comparison.is_free()
