"""What goes into and comes out of each Task of ``statemachines/compare_models.asl.yaml``."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from thriftline.core.payload import Payload
from thriftline.serving.schemas.experiment import Cause, Ending


class CompareRequest(Payload):
    """The machine's input. The same ``token`` is the same experiment.

    ``start`` compares ``model_package_arn`` (null: the version ``registry_version``, or without one
    the newest approved) with the version in use; ``overrides`` are keys of ``compare``. ``stop``
    ends the experiment of an endpoint. ``close`` ends that of an execution which is dead: a rule
    asks for it.
    """

    action: Literal["start", "stop", "close"] = "start"
    project: str | None = Field(None, pattern=r"^[A-Za-z0-9](-*[A-Za-z0-9]){0,31}$")
    endpoint: str | None = Field(None, pattern=r"^[A-Za-z0-9](-*[A-Za-z0-9]){0,62}$")
    model_package_arn: str | None = None
    registry_version: int | None = Field(None, ge=1)
    experiment_id: str | None = None
    execution_arn: str | None = None
    requested_by: str = Field(min_length=1, max_length=300)
    why: str = Field("", max_length=1_000)
    token: str = Field(min_length=1, max_length=300)
    overrides: dict[str, Any] = Field(default_factory=dict)


class OpenExperimentRequest(Payload):
    """``begun`` is when the execution began, so that a second call makes the same id."""

    request: dict[str, Any]
    execution_arn: str
    begun: datetime
    now: datetime


class OpenExperimentResponse(Payload):
    """``end`` means that this execution ends an experiment whose own is dead."""

    decision: Literal["start", "end", "stopped", "duplicate", "ignored"]
    endpoint: str | None
    experiment_id: str | None
    reason: str


class ExperimentRequest(Payload):
    """A step that needs to know the experiment, and the time."""

    endpoint: str
    experiment_id: str
    now: datetime


class StartExperimentResponse(Payload):
    """Dollars as a decimal string, null where unknown."""

    config: str
    cost_usd_at_most: str | None
    wait_seconds: int


class PollExperimentResponse(Payload):
    """``step`` is what the machine does next."""

    step: Literal["wait", "end"]
    wait_seconds: int
    ending: Ending | None
    reason: str


class CaughtFailure(Payload):
    """What went wrong, as the machine caught it. ``message`` may be Lambda's JSON cause."""

    state: str
    error: str
    message: str


class EndExperimentRequest(Payload):
    """``endpoint`` and ``experiment_id`` are null where the experiment could not be opened."""

    endpoint: str | None
    experiment_id: str | None
    now: datetime
    failure: CaughtFailure | None


class Promotion(Payload):
    """The deployment that a better challenger leads to: its execution's name and input."""

    name: str
    input: dict[str, Any]


class EndExperimentResponse(Payload):
    """``step`` is ``wait`` until the endpoint serves the champion alone again."""

    step: Literal["wait", "done"]
    wait_seconds: int
    endpoint: str | None
    experiment_id: str | None
    ending: Ending | None
    cause: Cause | None
    reason: str
    document: str | None
    promotion: Promotion | None
