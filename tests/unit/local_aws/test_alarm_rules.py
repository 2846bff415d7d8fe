"""The tables of CloudWatch's documentation: what missing data makes of an alarm."""

import pytest

from local_aws.services.alarm_expressions import ExpressionNotDoneError, evaluate, parse
from local_aws.services.alarm_rules import Rule, state_of

RETAINED = "before"
_TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def states(course: str, periods: int, datapoints: int) -> list[str]:
    """The state for each treatment; X breaches, 0 does not, - is missing."""
    values = [{"X": 9.0, "0": 0.0, "-": None}[each] for each in course.split()]
    return [
        state_of(Rule("GreaterThanThreshold", 5, periods, datapoints, each), values, RETAINED)[0]
        for each in _TREATMENTS
    ]


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        ("0 - X - X", ["OK", "OK", "OK", "OK"]),
        ("0 - - - -", ["OK", "OK", "OK", "OK"]),
        ("- - - - -", ["INSUFFICIENT_DATA", RETAINED, "ALARM", "OK"]),
        ("0 X X - X", ["ALARM"] * 4),
        ("- - X - -", ["ALARM", RETAINED, "ALARM", "OK"]),
    ],
)
def test_three_of_three(course: str, expected: list[str]) -> None:
    found = states(course, 3, 3)
    assert found == expected


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        ("0 - X - X", ["ALARM"] * 4),
        ("0 0 X 0 X", ["ALARM"] * 4),
        ("0 - X - -", ["OK", "OK", "ALARM", "OK"]),
        ("- - - - 0", ["OK", "OK", "ALARM", "OK"]),
        ("- - - X -", ["ALARM", RETAINED, "ALARM", "OK"]),
    ],
)
def test_two_of_three(course: str, expected: list[str]) -> None:
    assert states(course, 3, 2) == expected


@pytest.mark.parametrize(
    ("comparison", "value", "expected"),
    [
        ("GreaterThanThreshold", 5, "OK"),
        ("GreaterThanOrEqualToThreshold", 5, "ALARM"),
        ("LessThanThreshold", 5, "OK"),
        ("LessThanOrEqualToThreshold", 5, "ALARM"),
    ],
)
def test_a_threshold_is_passed_or_met(comparison: str, value: float, expected: str) -> None:
    assert state_of(Rule(comparison, 5, 1, 1), [value], "OK")[0] == expected


def test_the_reason_tells_the_values() -> None:
    _, reason = state_of(Rule("GreaterThanThreshold", 0.02, 2, 2), [0.5, 0.25], "OK")
    assert "2 out of the last 2 datapoints [0.5, 0.25] breached the threshold (0.02" in reason


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("FILL(a, 0) + FILL(gap, 0)", 4),
        ("a + gap", None),
        ("a / 0", None),
        ("100 * a / (a + b)", 40),
        ("IF(a > 3, a, b)", 4),
        ("IF(a < 3, a, b)", 6),
        ("MAX([a, b, gap])", 6),
        ("-a", -4),
        ("ABS(-a)", 4),
    ],
)
def test_expressions(expression: str, expected: float | None) -> None:
    assert evaluate(parse(expression), {"a": 4.0, "b": 6.0, "gap": None}) == expected


@pytest.mark.parametrize(
    "expression", ["SEARCH('x', 'Sum', 300)", "__import__('os')", "a ** 9", "a.b", "a +", "'x'"]
)
def test_an_expression_that_is_not_done_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionNotDoneError):
        parse(expression)
