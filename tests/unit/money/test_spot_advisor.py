"""Spot or on demand: what is nearest to the run decides, and a reason says so."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.money.spot_advisor import (
    LEAST_SAVING,
    SpotJob,
    SpotMarket,
    SpotQuestion,
    advise,
)

QUESTION = SpotQuestion(
    instance_type="ml.g5.xlarge",
    region="us-east-1",
    rate_usd=Decimal("1.408"),
    ec2_usd=Decimal("1.006"),
    has_checkpoints=True,
)


def a_job(billed: int = 400, interruptions: int = 0, kind: str = "ml.g5.xlarge") -> SpotJob:
    return SpotJob(kind, 1000, billed, interruptions)


def market(*usd: str, score: int | None = None) -> SpotMarket:
    return SpotMarket(tuple(map(Decimal, usd)), score)


def test_without_anything_else_the_prior_of_the_place_decides() -> None:
    advice = advise(QUESTION)

    assert (advice.spot, advice.basis) == (True, "prior")
    assert "59% by EC2's Spot advisor of 2025-06-28, us-east-1" in advice.reason


def test_the_market_of_today_goes_before_the_prior() -> None:
    advice = advise(replace(QUESTION, market=market("0.4", "0.5", "0.9")))

    assert (advice.spot, advice.basis) == (True, "market")
    assert "0.5 USD an hour, today, is 50% below EC2's 1.006 on demand" in advice.reason


def test_the_projects_own_jobs_go_before_the_market() -> None:
    jobs = (a_job(380), a_job(400, 1), a_job(420))
    advice = advise(replace(QUESTION, jobs=jobs, market=market("2.0", score=1)))

    assert (advice.spot, advice.basis) == (True, "own record")
    assert "3 finished jobs of this project on ml.g5.xlarge: 60% saved" in advice.reason


def test_two_jobs_or_jobs_on_other_types_are_no_record() -> None:
    others = (a_job(kind="ml.g6.xlarge"),) * 5

    assert advise(replace(QUESTION, jobs=(a_job(), a_job(), *others))).basis == "prior"


def test_spot_that_costs_more_than_on_demand_is_seen() -> None:
    for question in (
        replace(QUESTION, market=market("1.2")),
        replace(QUESTION, ec2_usd=None, market=market("1.2")),
        replace(QUESTION, jobs=(a_job(1100),) * 3),
        replace(QUESTION, instance_type="ml.p5.48xlarge", region="ca-central-1"),
    ):
        advice = advise(question)

        assert not advice.spot
        assert "Spot costs more than on demand here" in advice.reason


def test_without_ec2s_own_rate_the_saving_is_what_it_is_at_the_least() -> None:
    advice = advise(replace(QUESTION, ec2_usd=None, market=market("0.4")))

    # EC2's rate is at least 1.408 / 1.45.
    assert advice.spot
    assert advice.saving is not None
    assert advice.saving < 1 - 0.4 / 0.971
    assert "against at least 0.9710 on demand" in advice.reason


@pytest.mark.parametrize(("score", "spot"), [(1, False), (2, False), (3, True), (10, True)])
def test_a_low_score_means_waiting(score: int, spot: bool) -> None:
    advice = advise(replace(QUESTION, market=market("0.4", score=score)))

    assert advice.spot is spot
    assert ("placement score" in advice.reason) is not spot


def test_a_small_saving_is_not_worth_waits_and_repeated_work() -> None:
    advice = advise(replace(QUESTION, market=market("0.93")))

    assert not advice.spot
    assert "less than the 10%" in advice.reason


def test_many_interruptions_eat_the_saving() -> None:
    calm, torn = (a_job(800),) * 3, (a_job(800, 12),) * 3

    assert advise(replace(QUESTION, jobs=calm)).spot
    assert not advise(replace(QUESTION, jobs=torn)).spot


@given(
    st.lists(
        st.builds(
            SpotJob,
            st.just("ml.g5.xlarge"),
            st.integers(0, 10_000),
            st.integers(0, 20_000),
            st.integers(0, 50),
        ),
        max_size=6,
    ),
    st.one_of(
        st.none(),
        st.builds(
            SpotMarket,
            st.lists(st.decimals("0.001", "10", places=3), max_size=4),
            st.one_of(st.none(), st.integers(1, 10)),
        ),
    ),
    st.sampled_from(["ml.g5.xlarge", "ml.p3.2xlarge", "ml.m5.large", "ml.p5.48xlarge"]),
    st.one_of(st.none(), st.just(Decimal("1.006"))),
)
def test_advice_always_has_a_reason_and_spot_always_a_saving(
    jobs: list[SpotJob], told: SpotMarket | None, name: str, ec2: Decimal | None
) -> None:
    question = replace(QUESTION, jobs=tuple(jobs), market=told, instance_type=name, ec2_usd=ec2)
    advice = advise(question)

    assert advice.reason.startswith("Spot: " if advice.spot else "On demand: ")
    if advice.spot:
        assert advice.saving is not None
        assert advice.saving >= LEAST_SAVING
    # A run that would begin again is never put on Spot, whatever is known.
    without = advise(replace(question, has_checkpoints=False))
    assert (without.spot, without.basis) == (False, "rule")
