"""The price catalogue: dated, with a source, in decimal, and honest about what it lacks."""

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.core.errors import DamagedPriceCatalogueError
from thriftline.money.price_catalogue import price_catalogue, read_catalogue
from thriftline.money.prices import (
    STALE_DAYS,
    Price,
    PriceCatalogue,
    PriceList,
    StorageRates,
    UnitRates,
    near_matches,
    stale_warnings,
)
from thriftline.money.tiers import Tier, TieredRate

DAY = date(2026, 5, 20)


def catalogue_with(**tables: dict[str, dict[str, str]]) -> PriceCatalogue:
    return PriceCatalogue(
        {
            component: UnitRates("instance-hour", (a_list(component, table),), component)
            for component, table in tables.items()
        },
        StorageRates({}, Decimal("0.28"), "a bound", DAY),
    )


def a_list(name: str, table: dict[str, dict[str, str]], day: date = DAY) -> PriceList:
    return PriceList(
        f"the list of {name}",
        day,
        {
            region: {name: TieredRate.flat(Decimal(usd)) for name, usd in rates.items()}
            for region, rates in table.items()
        },
    )


def test_the_shipped_catalogue_has_the_rate_of_the_default_type_to_the_last_digit() -> None:
    price = price_catalogue().training_rate("ml.g5.xlarge", "us-east-2")

    assert price is not None
    assert price.usd == Decimal("1.4084")
    assert (price.region, price.unit) == ("us-east-2", "instance-hour")


def test_every_answer_names_component_source_and_date() -> None:
    price = price_catalogue().training_rate("ml.p5.48xlarge", "us-west-2")

    assert price is not None
    assert price.usd == Decimal("63.296")
    assert price.component == "Hosting"
    assert "Price List" in price.source
    assert price.date == DAY


@pytest.mark.parametrize(
    ("instance_type", "region"),
    [
        ("ml.p5.48xlarge", "eu-west-1"),  # a dash in the list
        ("ml.g5.xlarge", "mars-north-1"),
        ("ml.p5.12xlarge", "us-east-1"),  # does not exist
        ("g5.xlarge", "us-east-1"),  # EC2's name, at EC2's price
    ],
)
def test_what_the_list_does_not_have_has_no_price(instance_type: str, region: str) -> None:
    assert price_catalogue().training_rate(instance_type, region) is None


def test_the_shipped_catalogue_has_every_row_of_the_list_and_no_price_of_zero() -> None:
    table = price_catalogue().hourly["Hosting"].usd

    assert {region: len(rates) for region, rates in table.items()} == {
        "us-east-1": 67,
        "us-east-2": 63,
        "us-west-2": 65,
        "eu-west-1": 46,
        "eu-central-1": 50,
        "ap-northeast-1": 48,
        "ap-southeast-2": 44,
    }
    assert all(usd > 0 for rates in table.values() for usd in rates.values())


def test_the_training_component_goes_before_the_hosting_component() -> None:
    catalogue = catalogue_with(
        Training={"us-east-1": {"ml.a.large": "1"}},
        Hosting={"us-east-1": {"ml.a.large": "2", "ml.b.large": "3"}},
    )

    own = catalogue.training_rate("ml.a.large", "us-east-1")
    stand_in = catalogue.training_rate("ml.b.large", "us-east-1")

    assert own is not None
    assert (own.usd, own.component) == (Decimal(1), "Training")
    assert (own.stands_in_for, own.most_usd) == (None, Decimal(1))
    assert stand_in is not None
    assert (stand_in.usd, stand_in.component) == (Decimal(3), "Hosting")
    # What is promised as a worst case adds two parts in a thousand.
    assert (stand_in.stands_in_for, stand_in.most_usd) == ("Training", Decimal("3.006"))


def test_unknown_storage_prices_are_an_upper_bound_and_never_zero() -> None:
    known = price_catalogue().storage_rate("us-east-1")
    unknown = price_catalogue().storage_rate("eu-central-1")

    assert (known.usd, known.is_upper_bound) == (Decimal("0.14"), False)
    assert (known.component, known.stands_in_for) == ("Notebook storage", "Training")
    assert unknown.is_upper_bound
    # A European bill showed 0.154.
    assert unknown.usd > Decimal("0.154")


def test_a_slip_of_the_pen_is_matched_to_the_names_that_are_meant() -> None:
    names = price_catalogue().priced_types("us-east-1")

    assert "ml.g5.xlarge" in near_matches("ml.g5.xlrage", names)
    assert "ml.p5.48xlarge" in near_matches("ml.p5.24xlarge", names)
    assert near_matches("quite something else", names) == ()


def test_the_regions_that_price_a_type_are_named() -> None:
    assert price_catalogue().priced_regions("ml.p5.4xlarge") == ("ap-northeast-1",)


@pytest.mark.parametrize(
    ("usd", "rule"),
    [
        (1.408, "valid string"),
        ("0", "must be above 0"),
        ("-1", "at least 0"),
        ("free", "a decimal number"),
        (None, "valid string"),
        ("NaN", "a decimal number"),
        ([], "begin at 0"),
        ([{"begins": "1", "usd": "2"}], "begin at 0"),
        ([{"begins": "0", "usd": "2"}, {"begins": "0", "usd": "3"}], "above the one before"),
    ],
)
def test_a_damaged_catalogue_is_refused_with_place_and_rule(usd: object, rule: str) -> None:
    day = {"date": "2026-11-21", "source": "a list"}
    document = {
        "currency": "USD",
        "instance_hours": {"Training": [{**day, "usd": {"us-east-1": {"ml.g5.xlarge": usd}}}]},
        "ml_storage": {},
        "ml_storage_upper_bound": {**day, "usd_per_gb_month": "0.28"},
    }

    with pytest.raises(DamagedPriceCatalogueError) as told:
        read_catalogue(json.dumps(document).encode())

    assert "instance_hours.Training.0.usd.us-east-1.ml.g5.xlarge: " in str(told.value)
    assert rule in str(told.value)
    assert "Nothing was spent" in str(told.value)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff"])
def test_what_is_no_catalogue_at_all_is_refused_too(text: bytes) -> None:
    with pytest.raises(DamagedPriceCatalogueError, match=r"prices\.json is damaged"):
        read_catalogue(text)


def test_a_catalogue_without_any_rate_is_refused() -> None:
    day = {"date": "2026-11-21", "source": "a list"}
    document = {
        "currency": "USD",
        "instance_hours": {"Training": []},
        "ml_storage": {},
        "ml_storage_upper_bound": {**day, "usd_per_gb_month": "0.28"},
    }

    with pytest.raises(DamagedPriceCatalogueError, match="no rate at all"):
        read_catalogue(json.dumps(document).encode())


def test_the_catalogue_is_read_once() -> None:
    assert price_catalogue() is price_catalogue()


def test_hosting_training_and_notebooks_are_lists_of_their_own() -> None:
    catalogue = catalogue_with(
        Training={"us-east-1": {"ml.g5.xlarge": "1.5"}},
        Hosting={"us-east-1": {"ml.g5.xlarge": "1.4", "ml.inf2.xlarge": "0.99"}},
    )

    hosting = catalogue.hosting_rate("ml.g5.xlarge", "us-east-1")
    assert hosting is not None
    assert (hosting.usd, hosting.component) == (Decimal("1.4"), "Hosting")
    stand_in = catalogue.notebook_rate("ml.g5.xlarge", "us-east-1")
    assert stand_in is not None
    assert (stand_in.component, stand_in.usd) == ("Hosting", Decimal("1.4"))
    assert catalogue.notebook_rate("ml.t3.medium", "eu-west-1") is None


def test_a_gigabyte_has_a_price_by_its_storage_type_where_the_list_has_one() -> None:
    catalogue = price_catalogue()
    price = catalogue.objects.rate("StandardStorage", "us-west-2")
    assert price is not None
    assert (price.usd, price.unit) == (Decimal("0.023"), "GB-month")
    assert catalogue.objects.rate("StandardStorage", "eu-west-1") is None
    assert catalogue.objects.rate("ExpressOneZone", "us-west-2") is None


def test_tokens_have_prices_and_only_what_caches_has_cache_prices() -> None:
    rates = price_catalogue().tokens.usd["us-west-2"]
    haiku = rates["anthropic.claude-3-haiku-20240307-v1:0"]
    assert (haiku.input_usd, haiku.output_usd) == (Decimal("0.25"), Decimal("1.25"))
    assert haiku.cache_read_usd is None
    assert rates["amazon.nova-micro-v1:0"].cache_read_usd == Decimal("0.00875")
    assert "amazon.nova-micro-v1:0" not in price_catalogue().tokens.usd["eu-west-1"]


def test_each_rate_has_the_date_and_the_source_of_its_own_list() -> None:
    prices = price_catalogue()

    bill = prices.training_rate("ml.g4dn.xlarge", "eu-west-1")
    page = prices.training_rate("ml.g4dn.xlarge", "us-east-1")

    assert bill is not None
    assert (bill.usd, bill.date, bill.component) == (
        Decimal("0.822"),
        date(2023, 12, 1),
        "Training",
    )
    assert page is not None
    assert (page.usd, page.component) == (Decimal("0.7364"), "Training")
    assert "price page" in page.source


def test_the_newest_list_is_right_about_a_name_that_two_know() -> None:
    new, old = DAY, DAY - timedelta(days=100)
    lists = (
        a_list("old", {"r": {"a": "1", "b": "2"}}, old),
        a_list("new", {"r": {"a": "3"}}, new),
    )

    for rates in (UnitRates("each", lists), UnitRates("each", lists[::-1])):
        found = {name: rates.rate(name, "r") for name in ("a", "b", "c")}

        assert found["a"] is not None
        assert (found["a"].usd, found["a"].source) == (Decimal(3), "the list of new")
        assert found["b"] is not None
        assert (found["b"].usd, found["b"].date) == (Decimal(2), old)
        assert found["c"] is None
        assert rates.usd == {"r": {"a": Decimal(3), "b": Decimal(2)}}


@pytest.mark.parametrize(
    ("section", "name", "region", "usd"),
    [
        ("objects", "ExpressOneZoneStorage", "us-east-1", "0.11"),
        ("emr_serverless", "vCPU", "us-east-1", "0.052624"),
        ("bedrock_training", "Nova2.0Lite", "us-east-1", "0.00378"),
        ("bedrock_training", "NovaLite", "us-east-1", None),
        ("bedrock_custom_tokens", "NovaMicro output", "us-east-1", "0.14"),
        ("bedrock_units", "Nova2.0Lite 1month", "us-east-1", "55"),
        ("bedrock_units", "Llama3-3-70B NoCommit", "us-west-2", None),
        ("files", "Lustre SSD", "us-east-1", None),
        ("transfer", "internet egress", "us-east-1", "0.09"),
        ("requests", "Cost Explorer request", "us-east-1", "0.01"),
        ("ec2", "p3.2xlarge", "us-east-1", "3.06"),
        ("ec2", "p5.48xlarge", "us-east-1", None),
    ],
)
def test_what_is_not_an_instance_of_sagemaker_is_priced_or_unpriced(
    section: str, name: str, region: str, usd: str | None
) -> None:
    price = getattr(price_catalogue(), section).rate(name, region)

    assert (price and price.usd) == (None if usd is None else Decimal(usd))


def test_warm_pools_and_processing_have_storage_rates_of_their_own() -> None:
    prices = price_catalogue()

    assert prices.storage_rate("eu-west-1", "Training warm pool").usd == Decimal("0.154")
    assert prices.storage_rate("eu-west-1", "Processing").usd == Decimal("0.110")
    assert prices.storage_rate("us-east-1", "Processing").is_upper_bound


def test_a_free_tier_is_free_and_what_is_above_it_is_not() -> None:
    requests = price_catalogue().requests

    def days(count: int) -> Decimal | None:
        return requests.cost_usd("Budgets action day", "us-east-1", Decimal(count))

    assert [days(count) for count in (0, 62, 63, 100)] == [0, 0, Decimal("0.10"), Decimal("3.8")]
    assert requests.cost_usd("something else", "us-east-1", Decimal(1)) is None


_prices = st.decimals(0, 100, places=4)


@given(st.lists(_prices, min_size=1, max_size=6), st.data())
def test_the_parts_of_a_quantity_cost_what_its_units_cost(
    usd: list[Decimal], data: st.DataObject
) -> None:
    sizes = data.draw(st.lists(st.integers(1, 9), min_size=len(usd) - 1, max_size=len(usd) - 1))
    begins = [Decimal(sum(sizes[:index])) for index in range(len(usd))]
    rate = TieredRate.of([Tier(*pair) for pair in zip(begins, usd, strict=True)])
    quantity = data.draw(st.integers(0, 60))

    one_by_one = sum(
        ([one.usd for one in rate.tiers if one.begins <= unit][-1] for unit in range(quantity)),
        Decimal(0),
    )

    assert rate.cost_usd(Decimal(quantity)) == one_by_one
    assert rate.cost_usd(Decimal(quantity)) <= rate.highest_usd * quantity


def test_a_price_warns_when_its_list_is_older_than_ninety_days() -> None:
    price = Price(Decimal(1), "instance-hour", "us-east-1", "Training", "a list", DAY)

    assert stale_warnings([price], DAY + timedelta(days=STALE_DAYS)) == ()
    (told,) = stale_warnings([price, price], DAY + timedelta(days=STALE_DAYS + 1))
    assert "91 days old" in told
    assert "make prices" in told
    # A clock that was set back makes no list old, and none younger than it is.
    assert stale_warnings([price], DAY - timedelta(days=400)) == ()
