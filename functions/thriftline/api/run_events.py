"""The history of a run's workflow, in few words."""

from collections.abc import Iterable, Iterator
from typing import Literal

from thriftline.api.schemas.run_orders import RunEvent
from thriftline.core.aws.executions import HistoryEvent

What = Literal["entered", "left", "failed", "started", "ended"]
_WHOLE: dict[str, What] = {
    "ExecutionStarted": "started",
    "ExecutionSucceeded": "ended",
    "ExecutionFailed": "ended",
    "ExecutionAborted": "ended",
    "ExecutionTimedOut": "ended",
}


def shown(events: Iterable[HistoryEvent]) -> Iterator[RunEvent]:
    """Yields what a person wants to know; calls and their answers are left out."""
    for one in events:
        what = _what(one.kind)
        if what is not None:
            yield RunEvent(
                number=one.number, at=one.at, what=what, state=one.state, error=one.error
            )


def _what(kind: str) -> What | None:
    if kind.endswith("StateEntered"):
        return "entered"
    if kind.endswith("StateExited"):
        return "left"
    if kind.startswith(("Task", "LambdaFunction")) and kind.endswith(("Failed", "TimedOut")):
        return "failed"
    return _WHOLE.get(kind)
