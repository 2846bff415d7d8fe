"""Ends a preparation that its run no longer waits for, and keeps how it ended."""

from datetime import datetime

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import ThriftlineError
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.engines.registry import Engines
from thriftline.runs.steps.preparation_attempts import (
    PreparationAttempts,
    attempts_on_record,
    facts_of,
    field_of,
    judged,
)


def end_preparation(
    run_id: str, *, runs: RunsTable, artifacts: Bucket, engines: Engines, now: datetime
) -> tuple[str, ...]:
    """Asks attempts that still run to stop; returns their names, nothing once all have ended."""
    attempts = attempts_on_record(run_id, runs.get(run_id) or {}, artifacts)
    if attempts is None:
        return ()
    names = (_end(attempts, number, runs, engines, now) for number in attempts.numbers)
    return tuple(name for name in names if name)


def _end(
    attempts: PreparationAttempts, number: int, runs: RunsTable, engines: Engines, now: datetime
) -> str | None:
    known = attempts.noted[number]
    if known.get("ending") and known.get("billed_usd") is not None:
        return None
    order = attempts.order(number)
    engine = engines.named(attempts.plan.engine)
    try:
        state = engine.look(order)
    except ThriftlineError:
        if known.get("ending"):
            # Only its bill is open, which Settle budget asks for: nothing waits for that.
            return None
        raise
    if state is None:
        return None
    if state.is_active:
        engine.stop(order)
    facts = facts_of(judged(state, known, attempts.plan), order, known, now)
    runs.update(attempts.plan.run_id, **{field_of(number): facts})
    return order.name if state.is_active else None
