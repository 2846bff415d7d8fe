"""The update of an endpoint: what is made, asked for and seen."""

from typing import Literal

from thriftline.core.payload import Payload


class PrepareDeploymentResponse(Payload):
    """What was made, or was there already."""

    model: str
    config: str
    alarms: tuple[str, ...]


class StartDeploymentResponse(Payload):
    """What SageMaker was asked for; nothing where the wanted version serves already."""

    asked: str
    wait_seconds: int


class PollDeploymentResponse(Payload):
    """``step`` is what the machine does next."""

    step: Literal["wait", "start", "record"]
    serves_wanted: bool
    wait_seconds: int
    status: str
    stages: tuple[str, ...]
    invocations: int | None
    reason: str
