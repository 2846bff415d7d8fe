"""US dollars in documents: a ``Decimal`` inside, a decimal string outside."""

from decimal import Decimal
from typing import Annotated

from pydantic import PlainSerializer


def _plain(amount: Decimal) -> str:
    """Writes ``0.000123``, never ``1.23E-4``; below a millionth of a dollar nothing is owed."""
    return f"{amount.quantize(Decimal('0.000001')).normalize():f}"


Usd = Annotated[Decimal, PlainSerializer(_plain, return_type=str, when_used="json")]
