"""Minutes of requests that fail, and looks until an experiment ends."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.unit.serving.experiment_world import AB, NOW, World

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# So small a difference is not decided in an hour.
PATIENT = AB.replace("0.05", "0.001")


def traffic(world: World, minutes: int, wrong: float, seed: int = 1) -> None:
    random = Random(seed)
    for number in range(minutes):
        failed = sum(random.random() < wrong for _ in range(10))
        world.minute(number, (90, int(random.random() < 0.5)), (10, failed))


def until_the_end(world: World, own: str, step: timedelta, most: int) -> tuple[datetime, Any]:
    now = NOW + MINUTE
    for _ in range(most):
        look = world.poll(own, now)
        if look.step == "end":
            return now, look
        now += step
    raise AssertionError(f"no end: {look.reason}")
