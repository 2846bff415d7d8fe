"""What the stack's owner allows, whatever a run.yaml says.

Whoever may write to ``datasets/`` writes run.yaml too, so its cap is a wish; these are the limits.
"""

from collections.abc import Sequence
from decimal import Decimal
from fnmatch import fnmatchcase

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import BudgetExceededError, InvalidRunSpecError


@dataclass(frozen=True)
class Ceilings:
    """The stack's parameters. ``instance_types`` may hold ``*``.

    ``trainers`` are the ways to train that a run may take: data goes to no other service.
    """

    max_usd_per_run: Decimal
    instance_types: tuple[str, ...]
    least_gate_confidence: float
    least_gate_test_size: int
    most_gate_margin: float
    gate_above_majority: bool
    trainers: tuple[str, ...]


@dataclass(frozen=True)
class RunDemand:
    """What a run asks for, as far as a ceiling is set on it: the types of all its rungs."""

    instance_types: tuple[str, ...]
    worst_case_usd: Decimal
    gate_confidence: float
    gate_test_size: int
    gate_margin: float
    gate_above_majority: bool


def is_allowed(name: str, patterns: Sequence[str]) -> bool:
    """Whether a name is one of those that the stack's owner allows."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def refuse_beyond(ceilings: Ceilings, wish: RunDemand) -> None:
    """Refuses a run that asks for more than the stack allows.

    Raises:
        InvalidRunSpecError: the instance type, or a gate that lets more through.
        BudgetExceededError: the worst case is over the stack's limit for one run.
    """
    for asked in wish.instance_types:
        if not is_allowed(asked, ceilings.instance_types):
            raise InvalidRunSpecError(
                "training.instance_type: this stack trains on "
                f"{', '.join(ceilings.instance_types)}, not on {asked} (its parameter "
                "AllowedInstanceTypes). Nothing was spent."
            )
    for key, given, allowed, is_over, parameter in (
        (
            "gate.confidence must be at least",
            wish.gate_confidence,
            ceilings.least_gate_confidence,
            wish.gate_confidence < ceilings.least_gate_confidence,
            "LeastGateConfidence",
        ),
        (
            "gate.minimum_test_size must be at least",
            wish.gate_test_size,
            ceilings.least_gate_test_size,
            wish.gate_test_size < ceilings.least_gate_test_size,
            "LeastGateTestSize",
        ),
        (
            "gate.champion_margin may be at most",
            wish.gate_margin,
            ceilings.most_gate_margin,
            wish.gate_margin > ceilings.most_gate_margin,
            "MostGateMargin",
        ),
    ):
        if is_over:
            raise InvalidRunSpecError(
                f"{key} {allowed} in this stack (its parameter {parameter}); given was {given}. "
                "Nothing was spent."
            )
    if ceilings.gate_above_majority and not wish.gate_above_majority:
        raise InvalidRunSpecError(
            "gate.above_majority must be true in this stack (its parameter GateAboveMajority). "
            "Nothing was spent."
        )
    if wish.worst_case_usd > ceilings.max_usd_per_run:
        raise BudgetExceededError(
            f"The worst case of {wish.worst_case_usd} USD passes the stack's limit of "
            f"{ceilings.max_usd_per_run} USD for one run (its parameter MaxUsdPerRun), whatever "
            "budget.max_usd says. Take a cheaper type or a shorter training.max_runtime_seconds. "
            "Nothing was spent."
        )
