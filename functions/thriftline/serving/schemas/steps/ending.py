"""The end of a deployment: what was set aside is set again, and it is recorded."""

from typing import Any

from thriftline.core.payload import Payload
from thriftline.serving.schemas.deployment import Ending


class SettleDeploymentRequest(Payload):
    """``serves_wanted`` is false where the former version serves again, or nothing does."""

    execution_arn: str
    serves_wanted: bool


class SettleDeploymentResponse(Payload):
    """What a person should know of scaling and schedule."""

    notes: tuple[str, ...]


class CaughtFailure(Payload):
    """What went wrong, as the machine caught it. ``message`` may be Lambda's JSON cause."""

    state: str
    error: str
    message: str


class RecordDeploymentRequest(Payload):
    """``request`` is the machine's input, for an execution that failed before it had a deployment.

    ``last`` says that nobody looks at the deployment any more after this.
    """

    execution_arn: str
    request: dict[str, Any] | None = None
    failure: CaughtFailure | None = None
    last: bool = False


class RecordDeploymentResponse(Payload):
    """The execution's output. ``ending`` is null while the endpoint still moves."""

    deployment_id: str | None
    endpoint: str | None
    ending: Ending | None
    reason: str
    document: str | None
    error: str | None = None
