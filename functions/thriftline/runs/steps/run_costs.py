"""A run's attempts out of the runs table, and what they cost together."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from thriftline.money.cost import Billing, Rates, cost_of
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.result import Attempt, ResultCost

_ATTEMPT = re.compile(r"attempt_(\d+)")
_ENDED = {"Completed", "Failed", "Stopped"}


def attempts_of(item: Mapping[str, Any]) -> tuple[Attempt, ...]:
    """Reads the attempts out of a run's item, in order."""
    found = [
        _attempt(int(match.group(1)), facts)
        for name, facts in item.items()
        if (match := _ATTEMPT.fullmatch(name)) and isinstance(facts, Mapping)
    ]
    return tuple(sorted(found, key=lambda one: one.attempt))


def cost_of_attempts(attempts: Sequence[Attempt], plan: Plan | None) -> ResultCost:
    """Returns what the attempts cost at the plan's prices."""
    rates = Rates(plan.rate.usd, plan.storage.usd, plan.volume_gib) if plan else None
    cost = cost_of([_billing(one) for one in attempts], rates)
    return ResultCost(
        billed_seconds=cost.billed_seconds,
        training_seconds=cost.training_seconds,
        usd=cost.usd,
        on_demand_usd=cost.on_demand_usd,
        spot_saving=cost.spot_saving,
    )


def _attempt(number: int, facts: Mapping[str, Any]) -> Attempt:
    # Empty texts are what SageMaker did not say; DynamoDB gives numbers as Decimal.
    known = {name: facts.get(name) or None for name in _TEXTS}
    counts = {name: _whole(facts.get(name)) for name in _COUNTS}
    return Attempt(attempt=number, spot=facts.get("spot"), **known, **counts)


_COUNTS = ("instance_count", "training_seconds", "billable_seconds", "interruptions")
_TEXTS = tuple(set(Attempt.model_fields) - set(_COUNTS) - {"attempt", "spot"})


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _billing(attempt: Attempt) -> Billing:
    count = attempt.instance_count or 1
    # A job that ended and never started, for want of capacity, was given no instance.
    if attempt.status in _ENDED and attempt.started_at is None:
        return Billing(count, attempt.training_seconds or 0, attempt.billable_seconds or 0)
    return Billing(count, attempt.training_seconds, attempt.billable_seconds)
