"""What the demo of Bedrock asks of AWS: how far an attempt is, what is there, and its end."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

_PATIENCE_SECONDS = 120.0
_EVERY_SECONDS = 0.5


@dataclass(frozen=True)
class Phase:
    """What the attempt of a run does now."""

    job_name: str
    name: str


@dataclass(frozen=True)
class Leftovers:
    """What a region has that costs, or can be asked."""

    deployments: tuple[str, ...]
    models: tuple[str, ...]
    throughputs: tuple[str, ...]

    def __bool__(self) -> bool:
        """Return whether there is anything."""
        return bool(self.deployments or self.models or self.throughputs)


class RegionClients(Protocol):
    """What makes clients for a region."""

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a boto3 client."""


def phase_of_attempt(aws: Any, run_id: str) -> Phase | None:
    """Return how far the latest attempt of a run is, as the workflow's last poll noted it."""
    item = aws.client("dynamodb").get_item(
        TableName=aws.outputs["RunsTableName"], Key={"run_id": {"S": run_id}}
    )
    noted = {key: value for key, value in item.get("Item", {}).items() if key[:8] == "attempt_"}
    if not noted:
        return None
    attempt = noted[max(noted)]["M"]
    name = attempt.get("secondary_status", {}).get("S")
    return Phase(attempt["job_name"]["S"], name) if name else None


class Region:
    """Bedrock in one region."""

    def __init__(
        self, aws: RegionClients, name: str, every_seconds: float = _EVERY_SECONDS
    ) -> None:
        self.name = name
        self._every_seconds = every_seconds
        self._bedrock = aws.client("bedrock", name)
        self._runtime = aws.client("bedrock-runtime", name)

    def left(self) -> Leftovers:
        """Return what is there."""
        listed = self._bedrock.list_custom_model_deployments()["modelDeploymentSummaries"]
        models = self._bedrock.list_custom_models()["modelSummaries"]
        throughputs = self._bedrock.list_provisioned_model_throughputs()
        return Leftovers(
            tuple(one["customModelDeploymentArn"] for one in listed),
            tuple(one["modelArn"] for one in models),
            tuple(one["provisionedModelArn"] for one in throughputs["provisionedModelSummaries"]),
        )

    def ask(self, deployment_arn: str, terms: Mapping[str, Any], text: str) -> str:
        """Ask a deployment as its model was trained."""
        self._wait(lambda: self._status(deployment_arn) == "Active")
        answer = self._runtime.converse(
            modelId=deployment_arn,
            system=[{"text": terms["system_prompt"]}],
            messages=[{"role": "user", "content": [{"text": text}]}],
            inferenceConfig={"maxTokens": terms["max_tokens"], "temperature": 0},
        )
        return str(answer["output"]["message"]["content"][0]["text"])

    def take_away(self) -> None:
        """Delete the deployments, wait until they are gone, and delete the models."""
        for arn in self.left().deployments:
            self._bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
        self._wait(lambda: not self.left().deployments)
        for arn in self.left().models:
            self._bedrock.delete_custom_model(modelIdentifier=arn)

    def _status(self, arn: str) -> str:
        found = self._bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn)
        # Whether another model has taken its place, only the last update says.
        update = (found.get("updateDetails") or {}).get("updateStatus", "UpdateCompleted")
        return str(found["status"]) if update == "UpdateCompleted" else str(update)

    def _wait(self, is_done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not is_done():
            if time.monotonic() > deadline:
                raise TimeoutError("Bedrock did not come to an end")
            time.sleep(self._every_seconds)
