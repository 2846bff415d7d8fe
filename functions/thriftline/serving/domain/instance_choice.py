"""Which instance type ``auto`` is: the cheapest with a known price that holds the model."""

from collections.abc import Sequence
from decimal import Decimal

from thriftline.core.dataclass import dataclass

# Types of the general and the compute family that SageMaker serves with in every region.
CANDIDATES = (
    "ml.m5.large",
    "ml.c5.xlarge",
    "ml.m5.xlarge",
    "ml.c5.2xlarge",
    "ml.m5.2xlarge",
    "ml.m5.4xlarge",
)
# Weights unpack to about what they were; while they are loaded they are there twice, and the
# libraries take two GiB.
_COPIES = 2
_LIBRARIES_MIB = 2 * 1024
_BYTES_PER_MIB = 1024**2


@dataclass(frozen=True)
class Candidate:
    """One type: its rate an hour, None where the price list has none, and its memory."""

    name: str
    rate: Decimal | None
    memory_mib: int | None


def needed_mib(artifact_bytes: int) -> int:
    """Returns how much memory an instance needs for a model."""
    return _LIBRARIES_MIB + _COPIES * -(-artifact_bytes // _BYTES_PER_MIB)


def cheapest_that_holds(artifact_bytes: int | None, candidates: Sequence[Candidate]) -> str | None:
    """Returns the type that ``auto`` is; None where none is known to do."""
    if artifact_bytes is None:
        return None
    needed = needed_mib(artifact_bytes)
    fitting = [
        (one.rate, one.name)
        for one in candidates
        if one.rate is not None and one.memory_mib is not None and one.memory_mib >= needed
    ]
    return min(fitting)[1] if fitting else None
