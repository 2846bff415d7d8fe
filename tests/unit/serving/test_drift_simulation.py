"""How often quiet windows alarm, and how often drifted ones do.

``make test-drift-million`` looks at 1,000,000 windows, the gate at some thousand.
"""

import os

import pytest

from tests.unit.serving.drift_windows import (
    DRIFTED,
    RULES,
    SIZES,
    Drifted,
    share_found,
    share_of_quiet_alarms,
)

WINDOWS = int(os.environ.get("DRIFT_WINDOWS", "4000"))


def test_no_more_quiet_windows_alarm_than_the_stated_share() -> None:
    each = WINDOWS // len(SIZES)
    found = {size: share_of_quiet_alarms(size, each, number) for number, size in enumerate(SIZES)}
    # What so few windows leave to chance: four standard errors of a share of 5 %.
    slack = 4 * (RULES.alpha * (1 - RULES.alpha) / each) ** 0.5 if each < 10_000 else 0.0
    assert max(found.values()) <= RULES.alpha + slack, found
    assert sum(found.values()) / len(found) <= RULES.alpha, found


@pytest.mark.parametrize("case", DRIFTED, ids=lambda case: f"{case.what}, {case.rows} rows")
def test_drift_is_found(case: Drifted) -> None:
    assert share_found(case, 100 if WINDOWS < 100_000 else 2_000) >= case.least
