"""Sums in DynamoDB: numbers are decimal, and are stored without an exponent.

moto stores the sum of 0 and 0.000000000 as `0E-9`, and then cannot add to it.
"""

from collections.abc import Callable
from decimal import Decimal

from moto.dynamodb.models.dynamo_type import DDBType, DynamoType

from local_aws.hooks import Hooks


def install(hooks: Hooks) -> None:
    """Let numbers be added and subtracted as DynamoDB does it."""
    hooks.replace(DynamoType, "__add__", _exactly(DynamoType.__add__, Decimal.__add__))
    hooks.replace(DynamoType, "__sub__", _exactly(DynamoType.__sub__, Decimal.__sub__))


def plain(number: Decimal) -> str:
    """Return a number as DynamoDB shows it: no exponent, and no zeros at its end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _exactly(
    inexact: Callable[[DynamoType, DynamoType], DynamoType],
    exact: Callable[[Decimal, Decimal], Decimal],
) -> Callable[[DynamoType, DynamoType], DynamoType]:
    def calculated(left: DynamoType, right: DynamoType) -> DynamoType:
        if not (left.is_number() and right.is_number()):
            return inexact(left, right)
        total = exact(Decimal(left.value), Decimal(right.value))
        return DynamoType({DDBType.NUMBER: plain(total)})

    return calculated
