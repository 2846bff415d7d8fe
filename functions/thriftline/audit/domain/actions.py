"""What may be done about a finding: planned actions, refusals, and the plan that holds them."""

from datetime import datetime
from enum import StrEnum

from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ActionKind, ApiCall
from thriftline.core.dataclass import dataclass


class Step(StrEnum):
    """How far an action is: to be announced, waiting for its grace, or to be done.

    PUT_BACK gives up a termination that was interrupted: what it took away comes back.
    """

    MARK = "mark"
    WAIT = "wait"
    EXECUTE = "execute"
    PUT_BACK = "put_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAction:
    """What would be done to one resource, and why.

    ``calls`` are those of the ``step``. ``executes`` says whether this run's mode does it,
    ``withheld`` why the caps keep it back. ``due`` is the end of the grace, where there is one.
    """

    action: ActionKind
    step: Step
    resource_type: ResourceKind
    resource: str
    account: str
    region: str
    reason: str
    finding: str | None
    calls: tuple[ApiCall, ...]
    undo: str
    due: datetime | None
    executes: bool
    withheld: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A finding that nothing is done about, and why."""

    action: ActionKind
    resource: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ActionPlan:
    """``alerts`` are for a person: a cap was reached, and a whole kind of action stopped."""

    actions: tuple[PlannedAction, ...]
    refused: tuple[Refused, ...]
    alerts: tuple[str, ...]


def tagged_by(call: ApiCall) -> str:
    """Returns what a call tags: an ARN, or the name of a bucket."""
    names = ("ResourceArn", "resourceARN", "Bucket")
    return str(next(call.parameters[name] for name in names if name in call.parameters))
