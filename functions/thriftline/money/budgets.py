"""Reads the month's budgets out of the stack's parameters."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from thriftline.core.errors import InvalidStackParameterError
from thriftline.money.ledger import Budgets


def read_budgets(max_usd_per_month: str, project_budgets: str) -> Budgets:
    """Returns the budgets; a budget of 0 refuses every new run.

    Raises:
        InvalidStackParameterError: with the parameter, what is wrong with it and an example.
    """
    month = _dollars(max_usd_per_month, "MaxUsdPerMonth")
    try:
        given = json.loads(
            project_budgets, parse_float=Decimal, parse_int=Decimal, object_pairs_hook=_no_twice
        )
    except ValueError as error:
        raise InvalidStackParameterError(
            f"The stack's parameter ProjectBudgets is not JSON: {error}. {_EXAMPLE}"
        ) from error
    if not isinstance(given, dict):
        raise InvalidStackParameterError(
            f"The stack's parameter ProjectBudgets must be a JSON object. {_EXAMPLE}"
        )
    return Budgets(
        month, {name: _dollars(usd, f"ProjectBudgets, {name}") for name, usd in given.items()}
    )


_EXAMPLE = 'It looks like {"reviews": 200, "tickets": 50.00}, with dollars for a month.'


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} is there twice")
    return dict(pairs)


def _dollars(value: object, place: str) -> Decimal:
    try:
        usd = Decimal(str(value))
    except InvalidOperation:
        usd = Decimal("NaN")
    if not usd.is_finite() or usd < 0 or isinstance(value, bool):
        raise InvalidStackParameterError(
            f"The stack's parameter {place} must be dollars of 0 or more, such as 200 or 49.50; "
            f"given was {value}."
        )
    return usd
