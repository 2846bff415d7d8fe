"""A run's attempts at its preparation: what was asked for, what became of it, what it takes."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.core.wording import counted
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.layout import (
    preparation_logs_prefix,
    preparation_name,
    preparation_prefix,
    prepared_prefix,
)
from thriftline.runs.domain.preparation import PreparationOrder, PreparationState
from thriftline.runs.engines.registry import Engines
from thriftline.runs.schemas.preparation_plan import PreparationPlan
from thriftline.runs.steps.run_documents import document_if_made

PLAN = "preparation_plan.json"
_NOTED = re.compile(r"preparation_(\d+)")


@dataclass(frozen=True)
class PreparationAttempts:
    """What is on record of a run's preparation, and whom to ask about it."""

    plan: PreparationPlan
    noted: Mapping[int, Mapping[str, Any]]
    artifacts: Bucket

    @property
    def numbers(self) -> tuple[int, ...]:
        """The attempts that were noted, each before it was asked for."""
        return tuple(sorted(self.noted))

    def order(self, attempt: int) -> PreparationOrder:
        """Returns what the engine is asked about an attempt."""
        run_id = self.plan.run_id
        uri = self.artifacts.uri
        return PreparationOrder(
            name=preparation_name(run_id, attempt),
            run_id=run_id,
            project=self.plan.project,
            attempt=attempt,
            program_uri=uri(f"{preparation_prefix(run_id)}prepare.py"),
            config_uri=uri(config_key(run_id, attempt)),
            output_uri=uri(prepared_prefix(run_id, attempt)),
            log_uri=uri(preparation_logs_prefix(run_id, attempt)),
            terms=self.plan.terms,
            started_id=(self.noted.get(attempt) or {}).get("started_id"),
        )

    def look(self, attempt: int, engines: Engines) -> PreparationState | None:
        """Returns an attempt as its engine sees it now."""
        return engines.named(self.plan.engine).look(self.order(attempt))

    def charged_usd(self, but: int | None = None) -> Decimal:
        """Returns what the attempts take of the run's dollars: the worst case where unknown."""
        return sum(
            (charge_of(facts, self.plan) for number, facts in self.noted.items() if number != but),
            Decimal(0),
        )


def config_key(run_id: str, attempt: int) -> str:
    """Where the configuration of an attempt lies."""
    return f"{preparation_prefix(run_id)}config-{attempt:02d}.json"


def charge_of(facts: Mapping[str, Any], plan: PreparationPlan) -> Decimal:
    """Returns what one attempt takes of the run's dollars."""
    billed = facts.get("billed_usd")
    return plan.worst_usd if billed is None else Decimal(str(billed))


def attempts_on_record(
    run_id: str, item: Mapping[str, Any], artifacts: Bucket
) -> PreparationAttempts | None:
    """Returns the attempts of a run; None where it prepares nothing, or never came so far."""
    plan = document_if_made(artifacts, run_id, PLAN, PreparationPlan)
    return None if plan is None else PreparationAttempts(plan, noted_of(item), artifacts)


def noted_of(item: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    """Returns what a run's item has of each attempt."""
    return {
        int(match.group(1)): facts
        for name, facts in item.items()
        if (match := _NOTED.fullmatch(name)) and isinstance(facts, Mapping)
    }


def field_of(attempt: int) -> str:
    """The attribute of a run's item that keeps an attempt."""
    return f"preparation_{attempt:02d}"


def facts_of(
    state: PreparationState,
    order: PreparationOrder,
    known: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any]:
    """Returns what the item keeps of an attempt; what is not known yet is None.

    ``known`` is what it kept before: an attempt may wait for a quota for hours, so that the engine
    took it (``taken_at``) long after it was first asked for.
    """
    ended = state.ended_at or (None if state.is_active else now)
    return {
        "name": order.name,
        "asked_at": known.get("asked_at") or now.isoformat(),
        "taken_at": known.get("taken_at") or now.isoformat(),
        "overdue": bool(known.get("overdue")),
        "started_id": state.id or order.started_id,
        "status": state.status,
        "ending": state.ending.value if state.ending else None,
        "reason": state.reason or None,
        "started_at": _time(state.started_at),
        "ended_at": _time(ended),
        "billed_usd": None if state.billed_usd is None else f"{state.billed_usd:.9f}",
        "facts": {name: str(value) for name, value in state.facts.items()},
    }


def judged(
    state: PreparationState, known: Mapping[str, Any], plan: PreparationPlan
) -> PreparationState:
    """Returns the state with its true ending: a service calls it a stop when its time was over.

    The run itself stops an attempt that is ``overdue``, whatever its service makes of its limit.
    """
    if state.ending is not Ending.STOPPED or not known.get("overdue"):
        return state
    limit = counted(plan.max_minutes, "minute")
    if state.started_at is None:
        reason = f"It had not started {limit} after it was asked for, so the run stopped it."
        return replace(state, ending=Ending.OUT_OF_WAIT_TIME, reason=reason)
    reason = f"It was not done after {limit}, so the run stopped it."
    return replace(state, ending=Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT, reason=reason)


def _time(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
