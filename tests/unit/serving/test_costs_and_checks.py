"""Prices before, and everything that is looked at before anything is changed."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import strategies as st

from thriftline.serving.domain.checks import (
    Artifact,
    Image,
    Money,
    Quota,
    Situation,
    checks,
    refused_by,
)
from thriftline.serving.domain.costs import (
    ServerlessRates,
    Use,
    monthly_cost,
    most_of_a_month,
    rollout_cost,
)
from thriftline.serving.domain.kinds import (
    Kind,
    Rollout,
    RolloutType,
    Scaling,
    Serverless,
    ServingBudget,
    ServingWish,
)
from thriftline.serving.domain.rollout import timings_of

CANARY = Rollout(RolloutType.CANARY, wait_seconds=600, bake_seconds=300)
RATES = st.decimals("0.01", "100", places=4)


def test_a_canary_costs_both_fleets_for_provisioning_and_waits() -> None:
    timings = timings_of(CANARY, 4, 4, 420)
    # 1,320 seconds of eight instances at 0.36 USD an hour.
    assert rollout_cost(Decimal("0.36"), timings, Decimal("0.36")) == Decimal("1.056")


def test_a_former_fleet_of_another_type_has_its_own_rate() -> None:
    timings = timings_of(CANARY, 1, 1, 480)
    assert rollout_cost(Decimal("3.00"), timings, Decimal("0.30")) == Decimal("1.265")


@pytest.mark.parametrize(("rate", "former"), [(None, Decimal(1)), (Decimal(1), None)])
def test_an_unknown_rate_is_an_unknown_price(rate: Decimal | None, former: Decimal | None) -> None:
    timings = timings_of(CANARY, 2, 2)
    assert rollout_cost(rate, timings, former) is None


def test_a_first_deployment_needs_no_rate_of_a_former_fleet() -> None:
    assert rollout_cost(Decimal(1), timings_of(CANARY, 2, 0), None) is not None


def row(wish: ServingWish, rate: Decimal | None = Decimal("0.10"), **known: object) -> tuple:  # type: ignore[type-arg]
    rows = monthly_cost(wish, rate, Use(**known))  # type: ignore[arg-type]
    assert rows[0].chosen
    assert [one.chosen for one in rows].count(True) == 1
    return rows[0].choice, rows[0].least_usd, rows[0].most_usd


def test_a_month_of_each_choice() -> None:
    plain = ServingWish(instances=2)
    assert row(plain) == ("always on", Decimal("146.00"), Decimal("146.00"))
    scaled = ServingWish(scaling=Scaling(1, 3))
    assert row(scaled) == ("scaled", Decimal("73.00"), Decimal("219.00"))
    zero = ServingWish(kind=Kind.COMPONENT, scaling=Scaling(0, 2, to_zero=True))
    assert row(zero) == ("to zero", Decimal(0), Decimal("146.00"))
    sleeping = ServingWish(scheduled=True)
    assert row(sleeping, hours_on=Decimal(200)) == ("on by schedule", Decimal(20), Decimal(20))


def test_what_is_not_known_stays_unknown() -> None:
    assert row(ServingWish(), rate=None) == ("always on", None, None)
    assert row(ServingWish(scheduled=True)) == ("on by schedule", None, None)
    assert row(ServingWish(kind=Kind.SERVERLESS)) == ("serverless", None, None)
    assert most_of_a_month(monthly_cost(ServingWish(), None)) is None


def test_serverless_is_billed_by_the_seconds_of_the_answers() -> None:
    wish = ServingWish(kind=Kind.SERVERLESS, serverless=Serverless(memory_mb=2048))
    use = Use(requests=1_000_000, seconds_each=Decimal("0.1"))
    (chosen, *_) = monthly_cost(wish, None, use, ServerlessRates(Decimal("0.00002")))
    assert chosen.most_usd == Decimal(4)


IMAGE = f"1.dkr.ecr.us-east-1.amazonaws.com/thriftline@sha256:{'a' * 64}"
GOOD = Situation(
    kind=Kind.REAL_TIME,
    artifact=Artifact("s3://b/model.tar.gz", True),
    image=Image(IMAGE, True),
    quota=Quota("ml.m5.large", 4, 1, 2),
    money=Money(Decimal("1.50"), Decimal(160)),
    budget=ServingBudget(Decimal(2), Decimal(200)),
    alarms={"pager": "OK", "new": "INSUFFICIENT_DATA"},
    endpoint_status="InService",
    serves="shop-v1-bb",
    wanted="shop-v2-aa",
)


def test_a_good_situation_passes_and_says_what_was_looked_at() -> None:
    assert refused_by(checks(GOOD)) == ()
    assert [one.name for one in checks(GOOD)] == [
        "endpoint",
        "artifact",
        "image",
        "quota",
        "alarms",
        "alarms",
        "price of the roll-out",
        "price of a month",
    ]


SMALL = replace(GOOD, kind=Kind.SERVERLESS, quota=None)


@pytest.mark.parametrize(
    ("situation", "said"),
    [
        (replace(GOOD, endpoint_status="Updating"), "Updating"),
        (replace(GOOD, endpoint_status="RollingBack"), "RollingBack"),
        (replace(GOOD, endpoint_status="Failed"), "nothing but its deletion"),
        (replace(GOOD, serves="shop-v2-aa"), "already"),
        (replace(GOOD, artifact=Artifact("s3://b/m", None)), "could not be read"),
        (replace(GOOD, artifact=Artifact("s3://b/m", False)), "does not exist"),
        (replace(GOOD, artifact=Artifact("s3://b/m", True, "GLACIER")), "archived in GLACIER"),
        (replace(GOOD, artifact=Artifact("s3://b/m", True, "DEEP_ARCHIVE")), "archived"),
        (replace(GOOD, image=Image("repository:latest", True)), "named by a tag"),
        (replace(GOOD, image=Image(IMAGE, False)), "ECR has no image"),
        (replace(GOOD, image=Image("repository:0.1.0", False)), "ECR has no image"),
        (replace(GOOD, image=Image(IMAGE, None)), "could not be read"),
        (replace(SMALL, image=Image(IMAGE, True, 11 * 1024**3)), "11.0 GB"),
        (replace(SMALL, image=Image(IMAGE, True)), "size of"),
        (replace(GOOD, quota=Quota("ml.m5.large", 4, 3, 2)), "quota is 4 and 3 are in use"),
        (replace(GOOD, quota=Quota("ml.m5.large", None, 0, 2)), "is not known"),
        (replace(GOOD, quota=Quota("ml.m5.large", 4, None, 2)), "is not known"),
        (replace(GOOD, alarms={"pager": "ALARM"}), "in ALARM already"),
        (replace(GOOD, alarms={"pager": None}), "does not exist"),
        (replace(GOOD, money=Money(Decimal("2.01"), Decimal(1))), "max_rollout_usd is 2.00"),
        (replace(GOOD, money=Money(None, Decimal(1))), "cannot be held"),
        (replace(GOOD, money=Money(Decimal(1), Decimal(201))), "max_month_usd is 200.00"),
        (replace(GOOD, money=Money(Decimal(1), None)), "cannot be held"),
        (replace(GOOD, budget=ServingBudget(), money=Money(None, Decimal(1))), "is not known"),
    ],
)
def test_one_thing_that_is_wrong_or_unknown_refuses(situation: Situation, said: str) -> None:
    (against,) = refused_by(checks(situation))
    assert said in against.sentence
    assert against.fix


def test_a_first_version_has_one_fleet_to_pay() -> None:
    later, first = checks(GOOD), checks(replace(GOOD, endpoint_status=None, serves=None))
    prices = [one.sentence for one in (*later, *first) if one.name == "price of the roll-out"]
    assert prices == [
        "Both fleets cost 1.50 USD until the roll-out ends.",
        "The new fleet costs 1.50 USD until the roll-out ends.",
    ]


def test_an_archived_object_that_was_restored_can_be_read() -> None:
    restored = Artifact("s3://b/m", True, "GLACIER", restored=True)
    assert refused_by(checks(replace(GOOD, artifact=restored))) == ()


def test_a_person_may_allow_an_unknown_price_where_no_bound_is_set() -> None:
    allowed = replace(GOOD, budget=ServingBudget(unpriced=True), money=Money(None, None))
    assert refused_by(checks(allowed)) == ()
