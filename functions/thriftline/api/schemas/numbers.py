"""Numbers of a body as JSON has them: they are read as decimals, so that money keeps its digits."""

from decimal import Decimal
from typing import Any


def as_json(value: Any) -> Any:
    """Returns a document whose numbers are JSON's own, for another function that reads them."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: as_json(one) for name, one in value.items()}
    return [as_json(one) for one in value] if isinstance(value, list) else value
