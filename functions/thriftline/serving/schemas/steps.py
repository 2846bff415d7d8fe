"""What goes into and comes out of each Task of ``statemachines/deploy_model.asl.yaml``.

A deployment's document lies in the artifacts bucket; the execution that owns it is its name here.
"""

from typing import Any, Literal

from pydantic import Field

from thriftline.core.payload import Payload
from thriftline.serving.schemas.deployment import CheckedThing, Ending


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


class DeploymentRequest(Payload):
    """A step that needs to know the execution only, which has one deployment."""

    execution_arn: str


class CheckDeploymentResponse(Payload):
    """Everything that was looked at passed; dollars as decimal strings, null where unknown."""

    deployment_id: str
    wanted: str
    former: str | None
    rollout_usd: str | None
    month_usd: str | None
    serves_already: bool = False


class MonthRow(Payload):
    """What one choice costs in a month, in US dollars as decimal strings; null: unknown."""

    choice: str
    least_usd: str | None
    most_usd: str | None
    note: str
    chosen: bool


class PreviewDeploymentResponse(Payload):
    """What a request would do and cost. Nothing was changed and nothing was written.

    ``reason`` is what the deployment would answer: why it is refused, or what it comes to.
    """

    would_deploy: bool
    reason: str
    action: Literal["deploy", "rollback"]
    endpoint: str
    project: str
    kind: str
    version: int
    former: str | None
    wanted: str
    instance_type: str | None
    rate_usd_per_hour: str | None
    seconds: int | None
    rollout_usd: str | None
    month_usd: str | None
    price_source: str | None
    checks: tuple[CheckedThing, ...]
    months: tuple[MonthRow, ...]


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
