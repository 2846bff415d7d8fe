"""One deployment of an endpoint as it is written down: who, why, from what, to what, the ending."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from thriftline.core.saved_endpoint import SavedTarget

Ending = Literal["deployed", "rolled_back", "inconclusive", "failed", "refused"]
Action = Literal["deploy", "rollback"]


class Record(BaseModel):
    """A part of the document. What is not known is null."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class MadeThings(Record):
    """What the deployment makes or asks for, as ``domain.endpoint_requests.Target`` says it."""

    config_name: str
    config: dict[str, Any]
    model_name: str
    model: dict[str, Any]
    specification: dict[str, Any] | None = None
    target_model: str | None = None
    serves: str = Field(description="By what it is known that the wanted version serves.")


class ModelVersionFacts(Record):
    """The version in the model registry."""

    model_package_arn: str
    number: int
    image: str
    artifact_uri: str
    run_id: str | None = None


class CheckedThing(Record):
    """One thing that was looked at before anything was changed."""

    name: str
    passed: bool
    sentence: str
    fix: str = ""


class DeploymentPrice(Record):
    """What was expected before; dollars as decimal strings, null where a rate is not known."""

    instance_type: str | None = None
    rate_usd_per_hour: Decimal | None = None
    most_instances: int | None = Field(None, description="The most that may serve at once.")
    price_source: str | None = None
    seconds: int | None = Field(None, description="How long the roll-out should take.")
    new_fleet_seconds: int | None = Field(None, description="Instance-seconds of the new fleet.")
    former_fleet_seconds: int | None = None
    rollout_usd: Decimal | None = Field(None, description="Both fleets until the roll-out ends.")
    month_usd: Decimal | None = Field(None, description="The most that a month may cost.")


class FormerVersion(Record):
    """What served before. ``serves`` is what the endpoint showed, whoever had put it there."""

    serves: str
    config_name: str
    number: int | None = None
    kind: str | None = None
    specification: dict[str, Any] | None = None


class DeploymentFailure(Record):
    """What went wrong, as the machine caught it."""

    state: str
    error: str
    message: str


class Watch(Record):
    """What was seen while it was under way."""

    polls: int = 0
    moved: bool = Field(False, description="The endpoint was seen while it changed.")
    watched_seconds: float = Field(0, description="How long the new fleet baked, by the waits.")
    invocations: int | None = Field(None, description="Requests that the new fleet saw.")
    probes: int = 0
    stages: tuple[str, ...] = Field((), description="Every stage, in the order of its coming.")
    gave_up: bool = Field(False, description="Stopped for want of requests.")
    turned_back: Literal["requests", "abort"] | None = Field(
        None, description="Why the former version was asked for again after the update."
    )
    aborted: bool = Field(False, description="A person asked to stop it.")
    fired: dict[str, str] = Field({}, description="Alarms that were seen in ALARM, and why.")


class Deployment(Record):
    """``serving/{endpoint}/deployments/{deployment_id}.json`` in the artifacts bucket."""

    schema_version: Literal["1.0"] = "1.0"
    deployment_id: str
    endpoint: str
    project: str
    action: Action
    kind: str
    requested_by: str
    why: str
    token: str
    execution_arn: str
    opened_at: datetime
    spec: dict[str, Any] = Field(description="The serve spec with its defaults filled in.")
    named: tuple[str, ...] = Field((), description="Keys of the spec that somebody has set.")
    version: ModelVersionFacts
    to_version: int | None = Field(None, description="Of a rollback: the entry of the history.")
    former: FormerVersion | None = None
    made: MadeThings | None = None
    checks: tuple[CheckedThing, ...] = ()
    price: DeploymentPrice | None = None
    serves_already: bool = Field(False, description="The wanted version was in use before it.")
    alarms: tuple[str, ...] = Field((), description="Alarms of this deployment alone.")
    watched_by: tuple[str, ...] = Field((), description="All alarms that roll it back.")
    notes: tuple[str, ...] = ()
    started_at: datetime | None = Field(None, description="When SageMaker was about to be asked.")
    asked: str | None = Field(None, description="What SageMaker took; null when it took nothing.")
    moves_scaled_variant: bool = Field(
        False, description="Whether the update changes the instance type of a scaled variant."
    )
    held_scaling: tuple[SavedTarget, ...] = Field(
        (), description="Scaling set aside for the update; empty when it is back."
    )
    watch: Watch = Watch()
    failure: DeploymentFailure | None = None
    ended_at: datetime | None = None
    ending: Ending | None = None
    reason: str = ""
    in_use: int | None = Field(None, description="The entry of the history that serves now.")
    announced: bool = False

    @property
    def guarded(self) -> bool:
        """Whether alarms may turn the update around."""
        return bool(self.watched_by) and self.former is not None

    @property
    def key(self) -> str:
        """Where the document lies."""
        return deployment_key(self.endpoint, self.deployment_id)


def deployment_key(endpoint: str, deployment_id: str) -> str:
    """Returns where a deployment's document lies in the artifacts bucket."""
    return f"serving/{endpoint}/deployments/{deployment_id}.json"
