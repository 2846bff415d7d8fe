"""What asks for a deployment, and for a step of it."""

from typing import Any, Literal

from pydantic import Field

from thriftline.core.payload import Payload


class DeployRequest(Payload):
    """The machine's input: what a command, a run or the registry's approval asks for.

    ``model_package_arn`` null means the version ``registry_version`` of the project, or without one
    the newest approved. The same ``token`` means the same deployment, however often it is asked
    for.
    """

    action: Literal["deploy", "rollback"] = "deploy"
    source: Literal["command", "approval", "run"] = "command"
    project: str | None = Field(None, pattern=r"^[A-Za-z0-9](-*[A-Za-z0-9]){0,31}$")
    endpoint: str | None = Field(None, pattern=r"^[A-Za-z0-9](-*[A-Za-z0-9]){0,62}$")
    model_package_arn: str | None = None
    registry_version: int | None = Field(None, ge=1)
    requested_by: str = Field(min_length=1, max_length=300)
    why: str = Field("", max_length=1_000)
    token: str = Field(min_length=1, max_length=300)
    overrides: dict[str, Any] = Field(default_factory=dict)
    to_version: int | None = Field(None, ge=1)


class DeploymentRequest(Payload):
    """A step that needs to know the execution only, which has one deployment."""

    execution_arn: str
