"""The allowance of a run: dollars, which attempts of different price share."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thriftline.core.errors import AllowanceSpentError
from thriftline.money.prices import Price
from thriftline.runs.domain.attempts import (
    AttemptState,
    former_rung,
    left_of,
)
from thriftline.runs.trainers.sagemaker.job import TrainingJob
from thriftline.runs.trainers.sagemaker.priced_instances import (
    SHORTEST_ATTEMPT_SECONDS,
    STOP_GRACE_SECONDS,
    PricedInstances,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def attempt(charged: str, asked_after: float = 0) -> AttemptState:
    created = NOON + timedelta(seconds=asked_after)
    return AttemptState("a", "run", "Failed", "Failed", created, Decimal(charged))


def test_the_next_attempt_may_spend_what_the_earlier_ones_have_left() -> None:
    assert left_of(Decimal("2.83"), []) == Decimal("2.83")
    assert left_of(Decimal("2.83"), [attempt("0.5"), attempt("0.3301")]) == Decimal("1.9999")


def test_nothing_is_left_when_the_earlier_attempts_have_spent_it() -> None:
    with pytest.raises(AllowanceSpentError, match=r"3\.0000 USD of the 2\.83 USD"):
        left_of(Decimal("2.83"), [attempt("1.5"), attempt("1.5")])


def test_a_rung_that_was_not_noted_is_told_by_the_attempt_as_before() -> None:
    assert [former_rung(attempt, 2) for attempt in (1, 2, 3, 5)] == [1, 2, 2, 2]
    assert former_rung(4, 1) == 1


@dataclass(frozen=True)
class Tried:
    """One attempt: its instances, its own limit, and which share of what it may be is billed."""

    instances: PricedInstances
    limit_seconds: int
    share: float
    known: bool


def _price(usd: Decimal, unit: str) -> Price:
    return Price(usd, unit, "us-east-1", "Training", "a list", date(2026, 11, 1))


instances = st.builds(
    lambda usd, storage, count, gib: PricedInstances(
        "ml.x.y", count, _price(usd, "instance-hour"), gib, _price(storage, "GB-month")
    ),
    st.decimals(min_value="0.0001", max_value="200", places=4),
    st.decimals(min_value="0", max_value="1", places=4),
    st.integers(1, 64),
    st.integers(1, 16_384),
)
tries = st.builds(Tried, instances, st.integers(60, 2_419_200), st.floats(0, 1), st.booleans())


def _job(limit: int, billed: int, known: bool) -> TrainingJob:
    return TrainingJob(
        "r-01",
        "Failed",
        "Failed",
        NOON,
        limit,
        started_at=NOON,
        billable_seconds=billed if known else None,
    )


@settings(max_examples=300)
@given(
    st.decimals(min_value="0.01", max_value="100000", places=2),
    st.lists(tries, min_size=1, max_size=6),
)
def test_attempts_of_any_price_never_bill_more_than_the_allowance_and_one_grace(
    allowance: Decimal, attempts: list[Tried]
) -> None:
    """Every job may be billed up to its limit and the time to stop, known to us or not."""
    made: list[AttemptState] = []
    billed_usd = Decimal(0)
    for tried in attempts:
        try:
            left = left_of(allowance, made)
        except AllowanceSpentError:
            break
        limit = min(tried.limit_seconds, tried.instances.seconds_within(left))
        if limit < SHORTEST_ATTEMPT_SECONDS:
            continue
        billed = int(tried.share * (limit + STOP_GRACE_SECONDS))
        job = _job(limit, billed, tried.known)
        charged = tried.instances.usd(job.charged_seconds)
        billed_usd += tried.instances.usd(billed)
        made.append(AttemptState("a", "run", "Failed", "Failed", NOON, charged))

    grace = max(one.instances.usd(STOP_GRACE_SECONDS) for one in attempts)
    assert billed_usd <= allowance + grace
