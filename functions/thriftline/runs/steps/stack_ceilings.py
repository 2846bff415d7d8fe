"""Holds a run to what the stack's owner allows, and its worst case to what the month has left."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from thriftline.core.errors import BudgetExceededError
from thriftline.runs.aws.months import Months
from thriftline.runs.domain.ceilings import Ceilings, Wish, beyond_month, refuse_beyond
from thriftline.runs.domain.quotes import Quote
from thriftline.runs.schemas.run import Run


@dataclass(frozen=True)
class StackCeilings:
    """The stack's limits and its months."""

    ceilings: Ceilings
    months: Months

    def admit(self, run: Run, quote: Quote, now: datetime) -> None:
        """Refuses a run beyond the limits, and holds its worst case in the month; safe to repeat.

        Raises:
            InvalidRunSpecError: the instance type or the gate is not allowed here.
            BudgetExceededError: one run, or the month, would cost too much at the worst.
        """
        gate, worst = run.spec.gate, quote.worst_case_usd
        refuse_beyond(
            self.ceilings,
            Wish(
                instance_type=quote.chosen.name if quote.chosen.name.startswith("ml.") else None,
                worst_case_usd=worst,
                gate_confidence=gate.confidence,
                gate_test_size=gate.minimum_test_size,
                gate_margin=gate.champion_margin,
                gate_above_majority=gate.above_majority,
            ),
        )
        month = f"{now:%Y-%m}"
        limit = self.ceilings.max_usd_per_month
        if not self.months.hold(run.run_id, month, worst, limit):
            raise BudgetExceededError(
                beyond_month(self.ceilings, month, self.months.held(month), worst)
            )


def give_back(
    months: Months, run_id: str, item: Mapping[str, Any], used_usd: Decimal | None
) -> None:
    """Gives the month back what a run held and did not use; what is not known stays held."""
    held = item.get("held_usd")
    if held is not None and used_usd is not None and "used_usd" not in item:
        months.give_back(run_id, str(item["held_month"]), Decimal(held), used_usd)
