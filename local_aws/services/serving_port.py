"""What the control plane of endpoints asks of those who run containers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from local_aws.services.sagemaker_store import Properties


class State(StrEnum):
    """How far a container has come."""

    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class Readiness:
    """Whether a container answers; `reason` is SageMaker's FailureReason of one that failed."""

    state: State
    reason: str = ""


READY = Readiness(State.READY)
STARTING = Readiness(State.STARTING)


@dataclass(frozen=True)
class FleetModel:
    """One model in one fleet of an endpoint.

    Args:
        account: whose endpoint it is.
        region: where.
        endpoint: the endpoint's name.
        fleet: what tells this fleet from all others that the endpoint ever has.
        variant: the variant in the form of an endpoint configuration.
        model: the model in the form of DescribeModel, as it was when the fleet began: a model that
            is deleted later serves on.
        component: the inference component that brings the model, if one does.
    """

    account: str
    region: str
    endpoint: str
    fleet: str
    variant: Properties
    model: Properties
    component: str = ""


class ServingPort(Protocol):
    """What runs the containers of endpoints."""

    def provide(self, wanted: FleetModel) -> Readiness:
        """Say whether a fleet's container answers, and start it if nobody has.

        It never waits: whoever wants to know more asks again.
        """


class ServesNothing:
    """A control plane without containers: whatever is asked for is there."""

    def provide(self, wanted: FleetModel) -> Readiness:
        """Say yes."""
        return READY
