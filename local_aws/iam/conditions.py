"""The Condition element of a policy's statement, by IAM's operators.

A key of which the request says nothing does not meet a condition, unless the operator is negated
or says IfExists. What is no operator of IAM is refused, since a denial may hang on it.
"""

import base64
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from local_aws.iam.patterns import (
    Context,
    UnknownVariableError,
    arn_matches,
    filled,
    matches,
)

_OPERATOR = re.compile(
    r"(?:(?P<set>ForAllValues|ForAnyValue):)?(?P<name>[A-Za-z]+?)(?P<if_exists>IfExists)?"
)
# Whether a value of the request meets a value of the policy.
Meets = Callable[[str, str, Context, str], bool]


def conditions_hold(condition: Mapping[str, Any] | None, context: Context, version: str) -> bool:
    """Whether every condition of a statement holds; its keys of `context` are lower case.

    Raises:
        NotImplementedError: an operator is none of IAM's.
    """
    return all(
        _holds(operator, key, listed(wanted), context, version)
        for operator, pairs in (condition or {}).items()
        for key, wanted in pairs.items()
    )


def keys_of(condition: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the keys that a condition asks for."""
    for pairs in (condition or {}).values():
        yield from pairs


def listed(value: Any) -> list[str]:
    """Return a value of a policy as texts: it may be one, or a list of them."""
    values = value if isinstance(value, list) else [value]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in values]


def _holds(operator: str, key: str, wanted: Sequence[str], context: Context, version: str) -> bool:
    parsed = _OPERATOR.fullmatch(operator)
    name = parsed["name"] if parsed else operator
    given = context.get(key.lower())
    if parsed is None or (name != "Null" and name not in _MEETS and name not in _NEGATED):
        raise NotImplementedError(f"the condition operator {operator} is none that is known")
    if name == "Null":
        return (given is None) == (wanted[0].lower() == "true")
    if given is None:
        # For all of no values anything holds.
        return bool(parsed["if_exists"]) or name in _NEGATED or parsed["set"] == "ForAllValues"
    meets = _one(name, wanted, context, version)
    if parsed["set"] == "ForAllValues":
        return all(meets(value) for value in given)
    return any(meets(value) for value in given)


def _one(name: str, wanted: Sequence[str], context: Context, version: str) -> Callable[[str], bool]:
    """Return whether one value of the request meets the condition."""
    if name in _NEGATED:
        positive = _one(_NEGATED[name], wanted, context, version)
        return lambda value: not positive(value)
    meets = _MEETS[name]
    return lambda value: any(meets(one, value, context, version) for one in wanted)


def _equal(wanted: str, value: str, context: Context, version: str) -> bool:
    with suppress(UnknownVariableError):
        return filled(wanted, context, version) == value
    return False


def _equal_in_any_case(wanted: str, value: str, context: Context, version: str) -> bool:
    return _equal(wanted.lower(), value.lower(), context, version)


def _boolean(wanted: str, value: str, context: Context, version: str) -> bool:
    return wanted.lower() == value.lower()


def _binary(wanted: str, value: str, context: Context, version: str) -> bool:
    with suppress(ValueError):
        return base64.b64decode(wanted) == base64.b64decode(value)
    return False


def _in_network(wanted: str, value: str, context: Context, version: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
    return False


def _ordered(
    read: Callable[[str], Any],
    compare: Callable[[Any, Any], bool],
    wanted: str,
    value: str,
    context: Context,
    version: str,
) -> bool:
    with suppress(ValueError, InvalidOperation):
        return compare(read(value), read(wanted))
    return False


def _instant(text: str) -> datetime:
    if re.fullmatch(r"\d+", text):
        return datetime.fromtimestamp(int(text), UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda value, wanted: bool(value == wanted),
    "LessThan": lambda value, wanted: bool(value < wanted),
    "LessThanEquals": lambda value, wanted: bool(value <= wanted),
    "GreaterThan": lambda value, wanted: bool(value > wanted),
    "GreaterThanEquals": lambda value, wanted: bool(value >= wanted),
}
_MEETS: Mapping[str, Meets] = {
    "StringEquals": _equal,
    "StringEqualsIgnoreCase": _equal_in_any_case,
    "StringLike": matches,
    "ArnEquals": arn_matches,
    "ArnLike": arn_matches,
    "Bool": _boolean,
    "BinaryEquals": _binary,
    "IpAddress": _in_network,
    **{f"Numeric{name}": partial(_ordered, Decimal, each) for name, each in _ORDERS.items()},
    **{f"Date{name}": partial(_ordered, _instant, each) for name, each in _ORDERS.items()},
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}
