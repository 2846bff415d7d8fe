"""Dollars and times as people read them; what is unknown is a hyphen."""

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

_CENT, _FINE = Decimal("0.01"), Decimal("0.0001")


def usd(value: Any) -> str:
    """Returns an amount in dollars: to the cent, below a dollar to the hundredth of a cent."""
    if value is None:
        return "-"
    amount = Decimal(str(value))
    exact = amount.quantize(_FINE if abs(amount) < 1 else _CENT, ROUND_HALF_EVEN)
    whole, _, part = f"{exact:,.4f}".partition(".")
    return f"${whole}.{part[:2]}{part[2:].rstrip('0')}".replace("$-", "-$")


def moment(value: Any) -> str:
    """Returns a time in UTC to the minute, with its Z."""
    if not value:
        return "-"
    return f"{datetime.fromisoformat(str(value)):%Y-%m-%d %H:%M}Z"


def in_words(seconds: Any) -> str:
    """Returns a duration in a sentence, such as 45 seconds, 10 minutes or 2 h 05 min."""
    whole = int(seconds)
    minutes = round(whole / 60)
    if whole < 120:
        return f"{whole} second{'' if whole == 1 else 's'}"
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} h {minutes % 60:02} min"


def lasted(seconds: Any) -> str:
    """Returns a duration such as 1:02:03."""
    if seconds is None:
        return "-"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
