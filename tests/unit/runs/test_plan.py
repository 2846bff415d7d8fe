"""The worst case, the cap and what the attempts may use of it."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from thriftline.core.errors import (
    BudgetExceededError,
    OutOfRunTimeError,
    UnknownInstanceTypeError,
    UnpricedInstanceError,
)
from thriftline.money.price_catalogue import price_catalogue
from thriftline.money.prices import Price
from thriftline.runs.domain.plan import (
    Offer,
    admit,
    offer_of,
    require_known,
    seconds_left,
    wait_left,
)
from thriftline.runs.trainers.job import TrainingJob

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def offer(
    usd: str = "1.408", storage: str = "0.14", count: int = 1, gib: int = 30, name: str = "ml.x.y"
) -> Offer:
    day = date(2026, 5, 20)
    return Offer(
        name,
        count,
        Price(Decimal(usd), "instance-hour", "us-east-1", "Training", "a list", day),
        gib,
        Price(Decimal(storage), "GB-month", "us-east-1", "Training storage", "a list", day),
    )


def job(**facts: object) -> TrainingJob:
    given_facts: dict[str, object] = {
        "name": "run-01",
        "status": "Failed",
        "secondary_status": "Failed",
        "created_at": NOON,
        "max_runtime_seconds": 7200,
        **facts,
    }
    return TrainingJob(**given_facts)  # type: ignore[arg-type]


def test_the_worst_case_is_rate_times_instances_times_hours_and_storage_rounded_up() -> None:
    # 1.408 x 2 h = 2.816; 30 GiB x 0.14 x 2 h / 730 h = 0.01150...
    assert offer().worst_case_usd(7200) == Decimal("2.83")
    # Twice of everything: 5.632 + 0.02301...
    assert offer(count=2).worst_case_usd(7200) == Decimal("5.66")


def test_a_whole_number_of_cents_is_not_rounded_up_any_further() -> None:
    assert offer(usd="0.50", storage="0").worst_case_usd(3600) == Decimal("0.50")


def test_a_run_within_its_cap_is_admitted_at_its_worst_case() -> None:
    assert admit(offer(), 7200, Decimal("2.83"), []) == Decimal("2.83")


def test_a_run_that_passes_its_cap_is_refused_with_the_numbers_and_the_mend() -> None:
    cheaper = offer(usd="0.736", name="ml.g4dn.xlarge")
    dearer = offer(usd="40", name="ml.p5.4xlarge")

    with pytest.raises(BudgetExceededError) as refusal:
        admit(offer(name="ml.g5.xlarge"), 7200, Decimal("2.00"), [dearer, cheaper])

    text = str(refusal.value)
    assert "2.83 USD" in text
    assert "2.00 USD" in text
    assert "1.408 USD an hour" in text
    assert "raise budget.max_usd to 2.83" in text.lower()
    assert "ml.g4dn.xlarge (1.49 USD)" in text
    assert "ml.p5.4xlarge" not in text
    seconds = re.search(r"max_runtime_seconds to (\d+) or less", text)
    assert seconds is not None
    longest = int(seconds[1])
    assert admit(offer(), longest, Decimal("2.00"), []) <= Decimal("2.00")
    with pytest.raises(BudgetExceededError):
        admit(offer(), longest + 1, Decimal("2.00"), [])


def test_a_cap_that_pays_for_no_minute_does_not_propose_a_run_time() -> None:
    with pytest.raises(BudgetExceededError) as refusal:
        admit(offer(usd="100"), 7200, Decimal("0.50"), [])

    assert "max_runtime_seconds to" not in str(refusal.value)


def test_an_unpriced_type_is_refused_and_neighbours_with_a_price_are_named() -> None:
    with pytest.raises(UnpricedInstanceError) as refusal:
        offer_of(
            price_catalogue(),
            "eu-west-1",
            instance_type="ml.p5.48xlarge",
            instance_count=1,
            volume_gib=30,
        )

    assert "no rate for ml.p5.48xlarge in eu-west-1" in str(refusal.value)
    assert "It has a price in ap-southeast-2, us-east-1" in str(refusal.value)


def test_a_type_that_sagemaker_does_not_have_is_refused_with_what_was_meant() -> None:
    known = frozenset({"ml.p5.48xlarge", "ml.p5.4xlarge", "ml.m5.large"})

    require_known("ml.p5.4xlarge", known)
    with pytest.raises(UnknownInstanceTypeError, match=r"Did you mean .*ml\.p5\.4"):
        require_known("ml.p5.24xlarge", known)


rates = st.decimals(min_value="0.0001", max_value="200", places=4)
caps = st.decimals(min_value="0.01", max_value="100000", places=2)
offers = st.builds(
    lambda usd, storage, count, gib: offer(str(usd), str(storage), count, gib),
    rates,
    st.decimals(min_value="0", max_value="1", places=4),
    st.integers(1, 64),
    st.integers(1, 16_384),
)


@given(offers, caps)
@example(offer("0.0001", "0", 1, 1), Decimal("1.74"))
def test_the_longest_run_time_within_a_cap_fits_and_the_next_second_does_not(
    some: Offer, cap: Decimal
) -> None:
    seconds = some.seconds_within(cap)

    assert some.worst_case_usd(seconds) <= cap
    assert some.worst_case_usd(seconds + 1) > cap


@given(offers, st.integers(60, 2_419_200), st.integers(0, 3600))
def test_a_longer_run_never_has_a_lower_worst_case(some: Offer, seconds: int, more: int) -> None:
    assert some.worst_case_usd(seconds + more) >= some.worst_case_usd(seconds)


@st.composite
def attempts_that_end_early(draw: st.DrawFn) -> tuple[int, list[tuple[float, float]]]:
    """A limit, and for each attempt which share of its own limit it trains and is billed."""
    limit = draw(st.integers(60, 2_419_200))
    share = st.floats(0, 1)
    return limit, draw(st.lists(st.tuples(share, share), min_size=1, max_size=5))


@given(offers, attempts_that_end_early())
def test_all_attempts_together_are_never_billed_more_than_the_worst_case(
    some: Offer, plan: tuple[int, list[tuple[float, float]]]
) -> None:
    limit, shares = plan
    done: list[TrainingJob] = []
    for trained_share, billed_share in shares:
        try:
            allowed = seconds_left(limit, done)
        except OutOfRunTimeError:
            break
        trained = int(allowed * trained_share)
        billed = int(trained * billed_share)
        done.append(
            job(max_runtime_seconds=allowed, training_seconds=trained, billable_seconds=billed)
        )
    billed_usd = sum(
        (some.instance_usd(j.billable_seconds or 0) + some.storage_usd(j.billable_seconds or 0))
        for j in done
    )

    assert billed_usd <= some.worst_case_usd(limit)
    assert sum(j.training_seconds or 0 for j in done) <= limit


def test_a_job_that_never_got_an_instance_uses_nothing_up() -> None:
    assert seconds_left(7200, [job(started_at=None)]) == 7200


def test_a_job_of_unknown_length_has_used_all_that_it_was_given() -> None:
    unknown = job(max_runtime_seconds=5000, started_at=NOON)

    assert seconds_left(7200, [unknown]) == 2200


def test_a_job_that_still_runs_has_used_all_that_it_was_given() -> None:
    running = job(status="InProgress", secondary_status="Starting", max_runtime_seconds=5000)

    assert seconds_left(7200, [running]) == 2200


def test_a_job_without_reported_seconds_has_used_the_time_between_start_and_end() -> None:
    timed = job(started_at=NOON, ended_at=NOON + timedelta(seconds=100.5))

    assert seconds_left(7200, [timed]) == 7200 - 101


def test_spot_seconds_that_were_not_billed_still_count_against_the_run_time() -> None:
    assert seconds_left(7200, [job(training_seconds=3000, billable_seconds=900)]) == 4200


def test_an_attempt_is_refused_when_less_than_a_minute_is_left() -> None:
    with pytest.raises(OutOfRunTimeError, match="7150 of the 7200 seconds"):
        seconds_left(7200, [job(training_seconds=7150)])


def test_the_attempts_share_the_wait_limit_and_it_never_falls_below_the_run_time() -> None:
    assert wait_left(14_400, 7200, waited_seconds=0) == 14_400
    assert wait_left(14_400, 7200, waited_seconds=3600.5) == 10_800
    assert wait_left(14_400, 7200, waited_seconds=1_000_000) == 7200
    assert wait_left(None, 7200, waited_seconds=5) is None
