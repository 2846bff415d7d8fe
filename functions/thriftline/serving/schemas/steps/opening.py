"""The opening of a deployment."""

from typing import Any, Literal

from thriftline.core.payload import Payload


class OpenDeploymentRequest(Payload):
    """``waited_for`` is the deployment that a rollback has stopped and waits for."""

    request: dict[str, Any]
    execution_arn: str
    waited_for: str | None = None


class OpenDeploymentResponse(Payload):
    """``reason`` is a sentence for a person."""

    decision: Literal["open", "wait", "ended", "duplicate", "ignored"]
    deployment_id: str | None
    endpoint: str | None
    reason: str
    waited_for: str | None = None
    wait_seconds: int = 0
