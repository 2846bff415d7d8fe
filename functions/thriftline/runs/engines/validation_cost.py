"""What the Map of Lambdas costs that validates a data set and cuts it into splits.

It stays the validator at every size: it costs about a twentieth of Spark. Spark is for what one
pass over the rows cannot do.
"""

from decimal import Decimal

from thriftline.runs.engines.sizing import rounded_up

# Measured with the functions of this stack at 1,769 MB, a whole processor each.
_VALIDATED_MB_PER_SECOND = 60
_SPLIT_MB_PER_SECOND = 40
_AT_ONCE = 40
_GB_OF_MEMORY = Decimal(1769) / 1024
_USD_PER_GB_SECOND = Decimal("0.0000166667")
_BYTES_PER_MB = 10**6


def validation_usd(size: int) -> Decimal:
    """Returns what validation and splits of so many bytes cost, about."""
    return _seconds(size) * _GB_OF_MEMORY * _USD_PER_GB_SECOND


def validation_minutes(size: int) -> int:
    """Returns how long they take, about."""
    return rounded_up(_seconds(size) / _AT_ONCE / 60)


def _seconds(size: int) -> Decimal:
    megabytes = Decimal(size) / _BYTES_PER_MB
    return megabytes / _VALIDATED_MB_PER_SECOND + megabytes / _SPLIT_MB_PER_SECOND
