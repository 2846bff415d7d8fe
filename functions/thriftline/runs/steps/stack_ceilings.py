"""Holds a run to what the stack's owner allows."""

from decimal import Decimal

from thriftline.runs.domain.ceilings import Ceilings, RunDemand, refuse_beyond
from thriftline.runs.domain.quotes import Quote
from thriftline.runs.schemas.run import Run


def allowed_names(ceilings: Ceilings) -> tuple[str, ...]:
    """Returns patterns of the names that a trainer may choose of its own accord."""
    return ceilings.instance_types


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
