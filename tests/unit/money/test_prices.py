"""The price catalogue: dated, with a source, in decimal, and honest about what it lacks."""

from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from thriftline.money.price_catalogue import PriceCatalogueDocument, price_catalogue
from thriftline.money.prices import PriceCatalogue, RateTable, StorageRates, near_matches

DAY = date(2026, 5, 20)


def catalogue_with(**tables: dict[str, dict[str, str]]) -> PriceCatalogue:
    return PriceCatalogue(
        {
            component: RateTable(
                component,
                f"the list of {component}",
                DAY,
                {
                    region: {name: Decimal(usd) for name, usd in rates.items()}
                    for region, rates in table.items()
                },
            )
            for component, table in tables.items()
        },
        StorageRates("the storage list", DAY, {"us-east-1": Decimal("0.14")}, Decimal("0.28")),
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
    assert stand_in is not None
    assert (stand_in.usd, stand_in.component) == (Decimal(3), "Hosting")


def test_unknown_storage_prices_are_an_upper_bound_and_never_zero() -> None:
    known = price_catalogue().storage_rate("us-east-1")
    unknown = price_catalogue().storage_rate("eu-central-1")

    assert (known.usd, known.is_upper_bound) == (Decimal("0.14"), False)
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


@pytest.mark.parametrize("usd", [1.408, "0", "-1", "free", None, "NaN"])
def test_a_price_that_is_no_positive_decimal_string_is_refused(usd: object) -> None:
    document = {
        "currency": "USD",
        "instance_hours": {
            "Training": {
                "date": "2026-11-21",
                "source": "a list",
                "usd": {"us-east-1": {"ml.g5.xlarge": usd}},
            }
        },
        "training_storage": {
            "date": "2026-11-21",
            "source": "a list",
            "usd_per_gb_month": {},
            "upper_bound_usd_per_gb_month": "0.28",
        },
    }

    with pytest.raises(ValidationError):
        PriceCatalogueDocument.model_validate(document)


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
    assert "eu-west-1" not in price_catalogue().tokens.usd
