"""What state an alarm has, given the data of its last periods: CloudWatch's rules, pure."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"
# CloudWatch looks at some periods more than it evaluates, for data that is late.
EXTRA_PERIODS = 2

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "GreaterThanUpperThreshold": operator.gt,
    "LessThanLowerThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}


@dataclass(frozen=True)
class Rule:
    """When an alarm alarms."""

    comparison: str
    threshold: float
    periods: int
    datapoints: int
    missing: str = "missing"

    def breaches(self, value: float) -> bool:
        """Whether one value is on the wrong side."""
        return _COMPARISONS[self.comparison](value, self.threshold)


def state_of(rule: Rule, values: Sequence[float | None], present: str) -> tuple[str, str]:
    """Return the state and its reason; `values` are those of the periods, the latest last.

    `values` has `EXTRA_PERIODS` periods more than are evaluated: where data is missing, the
    latest that is there is used.
    """
    there = [value for value in values if value is not None][-rule.periods :]
    breaching = sum(rule.breaches(value) for value in there)
    gaps = rule.periods - len(there)
    if not gaps:
        state = ALARM if breaching >= rule.datapoints else OK
    else:
        state = _with_gaps(rule, len(there), breaching, gaps, present)
    return state, _reason(rule, state, there, breaching)


def _with_gaps(rule: Rule, there: int, breaching: int, gaps: int, present: str) -> str:
    if rule.missing == "breaching":
        return ALARM if breaching + gaps >= rule.datapoints else OK
    if rule.missing == "notBreaching":
        return ALARM if breaching >= rule.datapoints else OK
    if rule.missing == "ignore":
        if breaching >= rule.datapoints:
            return ALARM
        return OK if breaching < there else present
    if not there:
        return INSUFFICIENT
    return ALARM if breaching >= min(rule.datapoints, there) else OK


def _reason(rule: Rule, state: str, there: Sequence[float], breaching: int) -> str:
    if state == INSUFFICIENT or not there:
        return (
            f"Threshold Crossed: no datapoints were received for {rule.periods} "
            f"period{'s' if rule.periods > 1 else ''} and missing datapoints were treated as "
            f"[{rule.missing}]."
        )
    values = ", ".join(f"{value:g}" for value in there)
    return (
        f"Threshold Crossed: {breaching} out of the last {len(there)} datapoints [{values}] "
        f"breached the threshold ({rule.threshold:g}; {rule.comparison}); {rule.datapoints} of "
        f"{rule.periods} are needed."
    )
