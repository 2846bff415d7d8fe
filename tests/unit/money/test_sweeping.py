"""The sweep's rules: a hold goes only when nothing of its run can run or start any more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from thriftline.money.month import Hold, month_key
from thriftline.money.sweeping import PATIENCE, QUIET, Life, Seen, recent_months, verdict

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOLD = Hold("a-1", "a", Decimal(3), NOW - timedelta(days=1))
ENDED = Seen(
    hold=HOLD,
    life=Life.ENDED,
    ended_at=NOW - timedelta(hours=2),
    may_run=False,
    billed_usd=Decimal("1.25"),
    most_usd=Decimal("2.75"),
)


def test_what_ended_is_settled_with_what_it_was_billed() -> None:
    assert verdict(ENDED, NOW).settle_usd == Decimal("1.25")


def test_what_never_had_a_job_is_released() -> None:
    assert verdict(replace(ENDED, billed_usd=Decimal(0)), NOW).settle_usd == 0


@pytest.mark.parametrize(
    "change",
    [
        {"life": Life.RUNNING},
        {"life": Life.UNKNOWN},
        {"may_run": True},
        {"billed_usd": None},
        {"ended_at": NOW - QUIET + timedelta(seconds=1)},
        # A clock that jumped back, or an end in the future.
        {"ended_at": NOW + timedelta(days=400)},
        {"life": Life.MISSING, "ended_at": None, "hold": replace(HOLD, held_at=NOW)},
    ],
    ids=str,
)
def test_what_may_still_run_or_is_unknown_keeps_its_hold(change: dict[str, object]) -> None:
    judged = verdict(replace(ENDED, **change), NOW)  # type: ignore[arg-type]
    assert judged.settle_usd is None
    assert judged.reason


def test_an_execution_that_is_forgotten_counts_from_its_hold() -> None:
    seen = replace(ENDED, life=Life.MISSING, ended_at=None)
    assert verdict(seen, NOW).settle_usd == Decimal("1.25")


def test_a_bill_that_never_comes_is_counted_in_full_after_a_week() -> None:
    seen = replace(ENDED, billed_usd=None, ended_at=NOW - PATIENCE)
    judged = verdict(seen, NOW)
    assert judged.settle_usd == Decimal("2.75")
    assert "7 days" in judged.reason


@given(
    st.builds(
        Seen,
        hold=st.just(HOLD),
        life=st.sampled_from(Life),
        ended_at=st.none() | st.datetimes(timezones=st.just(UTC)),
        may_run=st.booleans(),
        billed_usd=st.none() | st.decimals(0, 9, places=2),
        most_usd=st.decimals(0, 9, places=2),
    ),
    st.datetimes(timezones=st.just(UTC)),
)
def test_nothing_that_may_run_is_ever_released(seen: Seen, now: datetime) -> None:
    judged = verdict(seen, now)
    if seen.may_run or seen.life in {Life.RUNNING, Life.UNKNOWN}:
        assert judged.settle_usd is None


def test_the_months_that_may_still_hold_something() -> None:
    months = recent_months(datetime(2027, 2, 1, tzinfo=UTC))
    assert (months[0], months[-1], len(months)) == ("2026-01", "2027-02", 14)
    assert months[10:] == ("2026-11", "2026-12", "2027-01", "2027-02")


@given(st.integers(0, 50_000))
def test_a_run_of_any_length_is_swept_until_it_is_settled(hours: int) -> None:
    machine = yaml.safe_load(Path("statemachines/training.asl.yaml").read_text())
    now = NOW + timedelta(hours=hours)
    held_at = now - timedelta(seconds=machine["TimeoutSeconds"]) - PATIENCE - QUIET
    assert month_key(held_at) in recent_months(now)
