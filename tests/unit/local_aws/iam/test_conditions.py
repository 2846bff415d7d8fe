"""The operators of conditions."""

from typing import Any

import pytest

from local_aws.iam.conditions import conditions_hold

VERSION = "2012-10-17"
ROLE = "arn:aws:iam::111122223333:role/Reviewer"


def holds(operator: str, wanted: Any, *given: str) -> bool:
    context = {"k": given} if given else {}
    return conditions_hold({operator: {"K": wanted}}, context, VERSION)


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "expected"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", ["b", "a"], "a", True),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", "A", "a", False),
        ("StringEqualsIgnoreCase", "A", "a", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        ("StringNotEqualsIgnoreCase", "A", "a", False),
        ("StringLike", "a*c?", "abcd", True),
        ("StringNotLike", "a*", "abc", False),
        ("ArnLike", "arn:aws:iam::*:role/Review*", ROLE, True),
        ("ArnEquals", "arn:aws:iam::*:role/Review*", ROLE, True),
        # A star does not reach over the parts of an ARN.
        ("ArnLike", "arn:aws:*:role/Reviewer", ROLE, False),
        ("ArnNotLike", "arn:aws:iam::*:role/Review*", ROLE, False),
        ("Bool", True, "true", True),
        ("Bool", "true", "True", True),
        ("Bool", "true", "false", False),
        ("NumericLessThanEquals", 10, "10", True),
        ("NumericLessThan", "10", "9.5", True),
        ("NumericGreaterThan", "10", "9", False),
        ("NumericEquals", "10", "10.0", True),
        ("NumericNotEquals", "10", "10", False),
        ("NumericEquals", "10", "ten", False),
        ("DateLessThan", "2026-11-30T00:00:00Z", "2026-11-29T23:59:59Z", True),
        ("DateGreaterThan", "2026-11-30T00:00:00Z", "2026-11-29T23:59:59Z", False),
        ("DateEquals", "1767225600", "2026-01-01T00:00:00Z", True),
        ("IpAddress", ["10.0.0.0/8", "192.168.1.1"], "10.1.2.3", True),
        ("IpAddress", "10.0.0.0/8", "11.0.0.1", False),
        ("NotIpAddress", "10.0.0.0/8", "11.0.0.1", True),
        ("IpAddress", "2001:db8::/32", "2001:db8::1", True),
        ("BinaryEquals", "YWJj", "YWJj", True),
        ("Null", "false", "a", True),
        ("Null", "true", "a", False),
    ],
)
def test_an_operator_compares(operator: str, wanted: Any, given: str, expected: bool) -> None:
    assert holds(operator, wanted, given) is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("StringEqualsIfExists", True),
        ("StringNotEquals", True),
        ("ArnNotLike", True),
        ("NotIpAddress", True),
        ("NumericLessThan", False),
        ("BoolIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
    ],
)
def test_a_key_that_nobody_gave(operator: str, expected: bool) -> None:
    assert holds(operator, "1") is expected


def test_null_asks_whether_a_key_is_there() -> None:
    assert holds("Null", "true")
    assert not holds("Null", True, "a")


def test_values_of_a_list_are_compared_with_all_or_any() -> None:
    assert holds("ForAllValues:StringEquals", ["a", "b"], "a", "b")
    assert not holds("ForAllValues:StringEquals", ["a"], "a", "b")
    assert holds("ForAnyValue:StringLike", ["b*"], "a", "bc")
    assert not holds("ForAnyValue:StringEquals", ["c"], "a", "b")


def test_all_conditions_have_to_hold() -> None:
    both = {"StringEquals": {"a": "1", "b": "2"}, "Bool": {"c": "true"}}
    context = {"a": ("1",), "b": ("2",), "c": ("true",)}
    assert conditions_hold(both, context, VERSION)
    assert not conditions_hold(both, context | {"b": ("3",)}, VERSION)
    assert not conditions_hold(both, context | {"c": ("false",)}, VERSION)
    assert conditions_hold(None, {}, VERSION)


def test_an_operator_that_is_none_is_refused_since_a_denial_may_hang_on_it() -> None:
    with pytest.raises(NotImplementedError, match="StringMatches"):
        holds("StringMatches", "a", "a")
