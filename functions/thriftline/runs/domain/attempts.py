"""An attempt at a training as its trainer sees it now, and what it takes of the allowance.

The allowance of a run is dollars. Each attempt is priced at its own rate, and may spend what those
before it have left: so the sum stays within the allowance whatever the rates are. An attempt that
is stopped at its limit may be billed for the time that it takes to stop. It can pass the allowance
by that once, since nothing is left then for another, and the plan states it as ``stop_grace_usd``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import AllowanceSpentError
from thriftline.money.settlement import Charge
from thriftline.runs.domain.endings import Ending


@dataclass(frozen=True)
class AttemptState:
    """One attempt's job. What its trainer has not reported is None.

    ``status`` and ``phase`` are the trainer's own words, to be shown. ``limits`` are the times at
    which it is stopped. ``billed_usd`` is what it cost, ``undiscounted_usd`` the same without a
    discount, ``charged_usd`` what it takes of the allowance: all that it may cost
    while that is not known. ``charges`` are the rows that ``billed_usd`` is made of. ``model_uri``
    is where a completed one leaves its model, ``interruptions`` how often it lost what it ran on
    and went on by itself. ``facts`` are kept beside these in the runs table. ``look_again_seconds``
    is when the trainer has something to do next, None where it says nothing.
    """

    name: str
    run_id: str
    status: str
    phase: str
    created_at: datetime
    charged_usd: Decimal
    billed_usd: Decimal | None = None
    undiscounted_usd: Decimal | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    limits: tuple[datetime, ...] = ()
    ending: Ending | None = None
    reason: str = ""
    summary: str = ""
    model_uri: str | None = None
    interruptions: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    charges: tuple[Charge, ...] = ()
    look_again_seconds: int | None = None

    @property
    def is_active(self) -> bool:
        """Whether it still runs, waits or stops."""
        return self.ending is None


def former_rung(attempt: int, rungs: int) -> int:
    """Returns the rung of an attempt that none was noted of: each took the next, the last again."""
    return min(attempt, rungs)


def left_of(allowance_usd: Decimal, earlier: Iterable[AttemptState]) -> Decimal:
    """Returns what the next attempt may spend.

    Raises:
        AllowanceSpentError: the earlier attempts have used up what the run may cost.
    """
    used = sum((attempt.charged_usd for attempt in earlier), Decimal(0))
    left = allowance_usd - used
    if left <= 0:
        raise AllowanceSpentError(
            f"The earlier attempts have used {used:.4f} USD of the {allowance_usd} USD that the "
            "run may cost; nothing is left for another."
        )
    return left
