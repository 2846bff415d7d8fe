"""Draws for accounts by chance: facts on, under and above every threshold of the rules."""

from random import Random
from typing import Any

from tests.unit.audit.accounts import (
    days_ago,
)
from thriftline.audit.domain.facts import Unread

DENIED = Unread("Describe", "AccessDenied: no")


TYPES = (
    *("ml.g5.xlarge", "ml.g5.12xlarge", "ml.g5.16xlarge", "ml.g4dn.12xlarge", "ml.p4d.24xlarge"),
    *("ml.m5.xlarge", "ml.m5.large", "ml.c5.xlarge", "ml.t2.medium", "ml.r5.2xlarge"),
    *("ml.none.such", "ml.m5"),
)


TAGS = (
    *((), (("team", "search"),), (("env", "prod"),), (("thriftline:keep", "true"),)),
    *((("thriftline:marked-idle-at", days_ago(4).isoformat()),), (("aws:by", "stack"),), DENIED),
)


AGES = (
    *(0.05, 0.5, 1, 2.9, 3, 3.1, 6.9, 7, 7.1, 13.9, 14, 14.1, 29.9, 30, 30.1),
    *(60, 89, 90, 91, 200),
)


class Chance(Random):
    """Draws; where nothing is denied, everything could be read."""

    denies = False

    def choice(self, options: Any) -> Any:
        return super().choice([one for one in options if self.denies or one is not DENIED])
