"""A project with a version in use, and a challenger on trial."""

import json
import time
import uuid
from datetime import datetime
from typing import Any

from tests.integration.serving.world import PATIENCE_SECONDS, ServingWorld

SPEC = (
    "instance: {type: ml.m5.large, count: 2}\n"
    "rollout: {bake_seconds: 180, min_requests: 0}\n"
    "capture: {percent: 100}\n"
)


class Comparison:
    """One project, its endpoint and its experiment."""

    def __init__(
        self,
        world: ServingWorld,
        project: str,
        serve_yaml: str,
        labels: tuple[str, str] = ("good", "good"),
    ) -> None:
        self.world, self.project = world, project
        self.endpoint = f"thriftline-{project}"
        world.serve_yaml(project, serve_yaml)
        world.register(project, label=labels[0])
        first = world.deploy(project)
        assert first.ending == "deployed", first
        self.champion = world.serves(project)
        self.challenger = world.register(project, label=labels[1])
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
