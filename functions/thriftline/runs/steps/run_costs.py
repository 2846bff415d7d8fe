"""A run's attempts out of the runs table, and what they cost together."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from thriftline.money.cost import Billing, cost_of
from thriftline.runs.schemas.result import Attempt, ResultCost

_ATTEMPT = re.compile(r"attempt_(\d+)")


# What a run that never had a job is known to have cost.
NO_JOB = ResultCost(
    billed_seconds=None, training_seconds=None, usd=None, on_demand_usd=None, spot_saving=None
)


def attempts_of(item: Mapping[str, Any]) -> tuple[Attempt, ...]:
    """Reads the attempts out of a run's item, in order."""
    return tuple(_attempt(number, facts) for number, facts in numbered_attempts(item))


def model_uri_of(item: Mapping[str, Any]) -> str | None:
    """Returns where the last completed attempt left its model, None when none did."""
    models = [facts["model_uri"] for _, facts in numbered_attempts(item) if facts.get("model_uri")]
    return models[-1] if models else None


def attempt_numbers(item: Mapping[str, Any]) -> tuple[int, ...]:
    """Returns the numbers of the attempts that are on record."""
    return tuple(number for number, _ in numbered_attempts(item))


def cost_of_attempts(attempts: Sequence[Attempt]) -> ResultCost:
    """Returns what the attempts cost together, each at its own rate."""
    cost = cost_of([_billing(one) for one in attempts])
    return ResultCost(
        billed_seconds=cost.billed_seconds,
        training_seconds=cost.training_seconds,
        usd=cost.usd,
        on_demand_usd=cost.undiscounted_usd,
        spot_saving=cost.saving,
    )


def numbered_attempts(item: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    """Returns what the table has of each attempt, in order."""
    found = [
        (int(match.group(1)), facts)
        for name, facts in item.items()
        if (match := _ATTEMPT.fullmatch(name)) and isinstance(facts, Mapping)
    ]
    return sorted(found, key=lambda one: one[0])


def _attempt(number: int, facts: Mapping[str, Any]) -> Attempt:
    # Empty texts are what the trainer did not say; DynamoDB gives numbers as Decimal.
    known = {name: facts.get(name) or None for name in _TEXTS}
    counts = {name: _whole(facts.get(name)) for name in _COUNTS}
    return Attempt(attempt=number, spot=facts.get("spot"), **known, **counts)


_COUNTS = (
    "rung",
    "instance_count",
    "waited_seconds",
    "training_seconds",
    "billable_seconds",
    "interruptions",
)
_TEXTS = tuple(set(Attempt.model_fields) - set(_COUNTS) - {"attempt", "spot"})


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _billing(attempt: Attempt) -> Billing:
    billed, trained = attempt.billable_seconds, attempt.training_seconds
    # What cost nothing was billed no second, whether or not that was reported.
    if attempt.billed_usd == 0:
        billed, trained = billed or 0, trained or 0
    return Billing(billed, trained, attempt.billed_usd, attempt.undiscounted_usd)
