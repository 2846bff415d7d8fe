"""What several engines say in the same words."""

from decimal import Decimal

from thriftline.core.wording import counted
from thriftline.runs.engines.sizing import rounded_up

_MARGIN = Decimal("1.5")
OUT_OF_MEMORY = (
    "It ran out of memory; give it more machines by prepare.max_vcpus, or smaller files."
)


def enough_minutes(likely: int) -> int:
    """Returns a limit that leaves half as much again, in tens of minutes."""
    return rounded_up(likely * _MARGIN / 10) * 10


def out_of_time(limit_minutes: float | None) -> str:
    """Says that an attempt was stopped at its limit."""
    shown = counted(limit_minutes, "minute") if limit_minutes else "its limit"
    return (
        f"The preparation was not done after {shown} and was stopped. Raise prepare.max_minutes "
        "or prepare.max_vcpus."
    )
