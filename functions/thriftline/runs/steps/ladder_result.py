"""What became of each rung of a run's ladder, for its result."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.result import Attempt, ResultRung
from thriftline.runs.steps.run_ladder import RunLadder


def ladder_result(
    plan: Plan | None, attempts: Sequence[Attempt], item: Mapping[str, Any]
) -> tuple[ResultRung, ...]:
    """Returns a line for each rung; an attempt of the former version is on no known one."""
    if plan is None:
        return ()
    ladder = RunLadder.of(plan.run_id, plan.ladder, item)
    return tuple(
        _rung(ladder, number, [one for one in attempts if one.rung == number])
        for number in range(1, len(ladder.rungs) + 1)
    )


def _rung(ladder: RunLadder, number: int, attempts: Sequence[Attempt]) -> ResultRung:
    rung = ladder.rungs[number - 1]
    passed = ladder.passed.get(number)
    last = attempts[-1] if attempts else None
    return ResultRung(
        rung=number,
        name=rung.name,
        chosen_because=rung.reason,
        outcome=(last.ending or "not_ended") if last else "passed_over" if passed else "not_tried",
        reason=passed or (last.reason if last else None),
        attempts=tuple(one.attempt for one in attempts),
        waited_seconds=_sum([one.waited_seconds for one in attempts]),
        usd=_usd([one.billed_usd for one in attempts]),
    )


def _sum(parts: Sequence[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _usd(parts: Sequence[Decimal | None]) -> Decimal | None:
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)) if len(known) == len(parts) else None
