"""What every action is given, and what it answers."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from thriftline.audit.domain.actions import PlannedAction
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.schemas.settings import Target
from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.executor import Executor
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionCase:
    """One action of a plan, about to be done.

    ``clients`` and ``artifacts`` are for reading; whatever changes something goes through the
    ``executor``. ``audited`` is when the audit began that planned it.
    """

    audit_id: str
    index: int
    planned: PlannedAction
    target: Target
    parameters: AuditParameters
    clients: TargetClients
    artifacts: Bucket
    executor: Executor
    audited: datetime
    now: datetime
    sleep: Callable[[float], None]

    @property
    def name(self) -> str:
        """The resource."""
        return self.planned.resource


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended; ``undo`` is a command, or words where there is none."""

    outcome: Literal["done", "declined", "failed"]
    reason: str
    undo: str = "Nothing was changed."
    saved_uri: str | None = None


def declined(*reasons: str) -> Outcome:
    """Returns the answer of an action that found the world changed, and did nothing."""
    return Outcome("declined", " ".join(reasons))
