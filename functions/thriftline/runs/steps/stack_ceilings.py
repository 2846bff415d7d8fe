"""Holds a run to what the stack's owner allows."""

from collections.abc import Sequence
from decimal import Decimal

from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.domain.ceilings import Ceilings, RunDemand, refuse_beyond
from thriftline.runs.domain.quotes import Quote
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.run_spec import AUTO, RunSpec


def allowed_names(ceilings: Ceilings) -> tuple[str, ...]:
    """Returns patterns of the names that a trainer may choose of its own accord."""
    return ceilings.instance_types


def trainers_of(ceilings: Ceilings, registered: Sequence[str], spec: RunSpec) -> tuple[str, ...]:
    """Returns the trainers that may be asked.

    Raises:
        InvalidRunSpecError: the one that the run spec names, or all, may not.
    """
    allowed = tuple(name for name in registered if name in ceilings.trainers)
    if spec.trainer != AUTO:
        require_trainer(spec.trainer, ceilings.trainers)
    elif not allowed:
        raise InvalidRunSpecError(
            f"trainer: this stack's parameter Trainers says {', '.join(ceilings.trainers)}; none "
            f"of them is one of {', '.join(registered)}. Nothing was spent."
        )
    return allowed


def require_trainer(trainer: str, allowed: Sequence[str]) -> None:
    """Refuses a trainer that the stack does not allow.

    Raises:
        InvalidRunSpecError: it does not; nothing is sent to the trainer's service.
    """
    if trainer not in allowed:
        raise InvalidRunSpecError(
            f"trainer: this stack does not train with {trainer} (its parameter Trainers says "
            f"{', '.join(allowed)}). Nothing was sent there."
        )


def admit_to_stack(ceilings: Ceilings, run: Run, quote: Quote, allowance_usd: Decimal) -> None:
    """Refuses a run beyond the stack's limits; its allowance is what it costs at the most.

    Raises:
        InvalidRunSpecError: the instance type or the gate is not allowed here.
        BudgetExceededError: one run would cost too much at the worst.
    """
    gate = run.spec.gate
    refuse_beyond(
        ceilings,
        RunDemand(
            instance_types=tuple(
                str(rung.terms["instance_type"])
                for rung in quote.rungs
                if "instance_type" in rung.terms
            ),
            worst_case_usd=allowance_usd,
            gate_confidence=gate.confidence,
            gate_test_size=gate.minimum_test_size,
            gate_margin=gate.champion_margin,
            gate_above_majority=gate.above_majority,
        ),
    )
