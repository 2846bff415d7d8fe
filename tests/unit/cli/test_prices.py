"""The refresh of the price catalogue, against Price Lists that a test makes up."""

import json
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tests.unit.cli.price_lists import FakePricing, flat, instance, product, refusal
from thriftline.core.errors import DamagedPriceCatalogueError
from thriftline.money.price_catalogue import checked_catalogue, read_catalogue
from thriftline_cli.options import parsed
from thriftline_cli.prices.command import PricesError, refresh, write_atomically
from thriftline_cli.prices.differences import outliers
from thriftline_cli.prices.products import PriceListError, Tiers, parse_product
from thriftline_cli.prices.reading import PriceListReader
from thriftline_cli.prices.sections import SECTIONS

TODAY = date(2026, 12, 1)
AWS = "https://api.pricing.us-east-1.amazonaws.com"
S3 = flat(
    "S3", "USE1-TimedStorage-ByteHrs", "0.023", service="AmazonS3", productFamily="Storage",
    unit="GB-Mo",
)  # fmt: skip
USUAL = [
    instance("EC2", "g5.xlarge", "1.006"),
    instance("Training", "ml.g5.xlarge", "1.4084"),
    instance("Hosting", "ml.g5.xlarge", "1.4084"),
    S3,
]


def a_catalogue(**sections: Any) -> dict[str, Any]:
    day = {"date": "2026-01-01", "source": "an old list"}
    return {
        "currency": "USD",
        "instance_hours": {"Hosting": [{**day, "usd": {"us-east-1": {"ml.g5.xlarge": "1.408"}}}]},
        "ml_storage": {},
        "ml_storage_upper_bound": {**day, "usd_per_gb_month": "0.28"},
        **sections,
    }


def names(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]


class Place:
    """A catalogue on disk, and what a refresh of it says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.own = path.with_name("own.json")
        self.said = ""
        self.slept: list[float] = []
        self.plans: dict[str, dict[str, Tiers]] = {}
        self.write(a_catalogue())

    def write(self, document: Any) -> None:
        self.path.write_text(json.dumps(document))

    def refresh(self, pricing: FakePricing, *words: str, endpoint: str = AWS) -> None:
        out = StringIO()
        arguments = parsed(["prices", "refresh", "--catalogue", str(self.path), *words])
        arguments.own_catalogue = self.own
        try:
            refresh(
                arguments,
                PriceListReader(pricing, self.slept.append),
                endpoint,
                TODAY,
                Console(file=out, width=80),
                lambda region: self.plans.get(region, {}),
            )
        finally:
            self.said = out.getvalue()

    @property
    def prices(self) -> Any:
        return read_catalogue(self.path.read_bytes())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "prices.json")


def test_new_rates_have_the_day_and_the_source_of_the_list(place: Place) -> None:
    place.refresh(FakePricing(USUAL))

    price = place.prices.training_rate("ml.g5.xlarge", "us-east-1")
    assert (price.usd, price.component, price.date) == (Decimal("1.4084"), "Training", TODAY)
    assert price.source == "AWS Price List API, AmazonSageMaker, Training"
    assert place.prices.objects.rate("StandardStorage", "us-east-1").usd == Decimal("0.023")
    assert "Training, us-east-1" not in place.said
    rows = [line.split() for line in place.said.splitlines()]
    assert ["Hosting", "us-east-1", "ml.g5.xlarge", "1.408", "1.4084", "+0.0", "%"] in rows
    assert ["Training", "us-east-1", "ml.g5.xlarge", "-", "1.4084", "new"] in rows
    assert max(len(line) for line in place.said.splitlines()) <= 80


def test_only_the_row_of_a_training_is_the_rate_of_a_training(place: Place) -> None:
    beside = [
        instance("Training", "ml.g5.xlarge", "0.5", usage="SpotTrain"),
        instance("Training", "ml.g5.xlarge", "1.7", usage="TrainWarmPool"),
        flat("free", "USE1-Train:FreeTier", "0", platoinstancetype="Training", instanceType="NA"),
        flat(
            "outposts",
            "USE1-Train:ml.g5.xlarge",
            "9.9",
            platoinstancetype="Training",
            locationType="AWS Outposts",
        ),
    ]

    place.refresh(FakePricing([*beside, *USUAL]))

    assert place.prices.hourly["Training"].usd == {"us-east-1": {"ml.g5.xlarge": Decimal("1.4084")}}


def test_a_row_without_the_name_of_its_type_is_known_by_its_usage(place: Place) -> None:
    bare = flat("bare", "USE1-Train:ml.m5.large", "0.115", platoinstancetype="Training")

    place.refresh(FakePricing([*USUAL, bare]))

    price = place.prices.training_rate("ml.m5.large", "us-east-1")
    assert (price.usd, price.component) == (Decimal("0.115"), "Training")


@pytest.mark.parametrize("missing", [0, 1, 2, 3])
def test_an_empty_answer_is_an_error_and_the_file_stays(place: Place, missing: int) -> None:
    before = place.path.read_bytes()

    with pytest.raises(PriceListError, match="the list has no price in us-east-1"):
        place.refresh(FakePricing([one for one in USUAL if one != USUAL[missing]]))

    assert place.path.read_bytes() == before


def test_what_the_catalogue_has_must_be_answered_or_be_left_out_by_name(place: Place) -> None:
    old = {"date": "2026-01-01", "source": "an old list", "usd": {"us-east-1": "0.14"}}
    place.write(a_catalogue(ml_storage={"Training": [old]}))

    with pytest.raises(PriceListError, match=r'--without "Training storage" leaves'):
        place.refresh(FakePricing(USUAL))
    place.refresh(FakePricing(USUAL), "--without", "Training storage")

    price = place.prices.storage_rate("us-east-1")
    assert (price.usd, price.date) == (Decimal("0.14"), date(2026, 1, 1))
    assert "Training storage: not read; it keeps its old dates." in place.said
    with pytest.raises(PricesError, match="no such part"):
        place.refresh(FakePricing(USUAL), "--without", "Storage")


def test_the_rates_of_savings_plans_are_read_and_never_kept_in_silence(place: Place) -> None:
    name = "Hosting ml.g5.xlarge, 1 y, No Upfront"
    place.plans["us-east-1"] = {name: [(Decimal(0), Decimal("1.03"))]}
    place.refresh(FakePricing(USUAL))
    assert place.prices.savings_plans.rate(name, "us-east-1").usd == Decimal("1.03")

    place.plans.clear()
    with pytest.raises(PriceListError, match='--without "Savings Plans"'):
        place.refresh(FakePricing(USUAL))


def test_what_was_never_priced_and_is_not_answered_is_said(place: Place) -> None:
    place.refresh(FakePricing(USUAL))

    assert "FSx: no price in us-east-1; it is unpriced there." in place.said
    assert place.prices.storage_rate("us-east-1").is_upper_bound


def test_a_type_that_the_list_lost_becomes_unpriced_and_is_shown(place: Place) -> None:
    place.refresh(FakePricing([*USUAL, instance("Hosting", "ml.p3.2xlarge", "3.825")]))
    place.refresh(FakePricing(USUAL))

    assert place.prices.hosting_rate("ml.p3.2xlarge", "us-east-1") is None
    assert "gone unpriced" in " ".join(place.said.split())


def test_tiers_are_all_kept(place: Place) -> None:
    tiers = ("0", "51200", "0.023"), ("51200", "512000", "0.022"), ("512000", "Inf", "0.021")
    s3 = product(
        "S3",
        "TimedStorage-ByteHrs",
        *tiers,
        service="AmazonS3",
        productFamily="Storage",
        unit="GB-Mo",
    )

    place.refresh(FakePricing([*USUAL[:3], s3]))

    cost = place.prices.objects.cost_usd("StandardStorage", "us-east-1", Decimal(60_000))
    assert cost == Decimal("51200") * Decimal("0.023") + Decimal("8800") * Decimal("0.022")


def test_a_thousand_tokens_become_a_million(place: Place) -> None:
    tokens = flat(
        "tokens",
        "USE1-NovaMicro-input-tokens-custom-model",
        "0.000035",
        service="AmazonBedrock",
        unit="1K tokens",
    )

    place.refresh(FakePricing([*USUAL, tokens]))

    price = place.prices.bedrock_custom_tokens.rate("NovaMicro input", "us-east-1")
    assert price.usd == Decimal("0.035")


def of_bedrock(usage: str, usd: str, unit: str) -> str:
    return flat(usage, f"USE1-{usage}", usd, service="AmazonBedrock", unit=unit)


def test_what_a_custom_model_costs_for_being_kept_and_taught_is_read(place: Place) -> None:
    kept = [
        of_bedrock(f"{family}-Customization-Storage", "1.95", "Months")
        for family in ("NovaMicro", "Nova2.0Lite")
    ]
    hours = of_bedrock("Nova2.0Lite-RFT-Training-Hours", "40", "Hours")

    place.refresh(FakePricing([*USUAL, *kept, hours]))

    month = place.prices.monthly.rate("bedrock custom model", "us-east-1")
    assert (month.usd, month.unit) == (Decimal("1.95"), "month")
    hour = place.prices.bedrock_reinforcement.rate("Nova2.0Lite", "us-east-1")
    assert (hour.usd, hour.unit) == (Decimal(40), "hour")


def test_two_prices_for_keeping_a_custom_model_are_for_a_person_to_judge(place: Place) -> None:
    kept = [
        of_bedrock("NovaMicro-Customization-Storage", "1.95", "Months"),
        of_bedrock("Nova2.0Lite-Customization-Storage", "2.95", "Months"),
    ]
    with pytest.raises(PriceListError, match="the list does not say which is meant"):
        place.refresh(FakePricing([*USUAL, *kept]))


@pytest.mark.parametrize(
    ("products", "told"),
    [
        ([instance("Training", "ml.g5.xlarge", "1.2"), *USUAL], "costs 1.2 and SKU"),
        ([flat("a", "USE1-Train:ml.a.b", "1", platoinstancetype="Training", unit="Day")], "'Day'"),
        ([flat("a", "USE1-Train:ml.a.b", "x", platoinstancetype="Training")], "SKU a: price"),
        ([flat("a", "USE1-Train:ml.a.b", "-1", platoinstancetype="Training")], "not a number"),
        (
            [flat("a", "USE1-Train:ml.a.b", "1", platoinstancetype="Training", currency="CNY")],
            "no price in USD but in CNY",
        ),
        (
            [
                product(
                    "a", "USE1-Train:ml.a.b", ("0", "5", "1"), ("6", "Inf", "2"),
                    platoinstancetype="Training",
                )
            ],
            "must begin at 5",
        ),
        (
            [product("a", "USE1-Train:ml.a.b", ("0", "5", "1"), platoinstancetype="Training")],
            "no tier says what more than 5",
        ),
    ],
)  # fmt: skip
def test_a_list_that_is_not_what_it_was_taken_to_be_is_refused(
    place: Place, products: list[str], told: str
) -> None:
    before = place.path.read_bytes()
    first = products[0].replace("Training-Train-", "other-")

    with pytest.raises(PriceListError) as refused:
        place.refresh(FakePricing([first, *USUAL]))

    assert told in str(refused.value)
    assert place.path.read_bytes() == before


@pytest.mark.parametrize(
    ("hosting", "told"),
    [
        ("1.0", "0.99 times EC2's 1.006"),
        ("1.5", "1.49 times EC2's 1.006"),
        ("14.08", "10.00 times the 1.408 of before"),
    ],
)
def test_a_rate_outside_its_band_is_not_written_until_told(
    place: Place, hosting: str, told: str
) -> None:
    before = place.path.read_bytes()
    products = [*USUAL[:2], instance("Hosting", "ml.g5.xlarge", hosting), S3]

    with pytest.raises(PricesError, match="--accept-outliers") as refused:
        place.refresh(FakePricing(products))

    assert told in str(refused.value)
    assert place.path.read_bytes() == before
    # The table is shown all the same: it is what somebody has to look at.
    assert "ml.g5.xlarge" in place.said
    place.refresh(FakePricing(products), "--accept-outliers")
    assert place.prices.hosting_rate("ml.g5.xlarge", "us-east-1").usd == Decimal(hosting)


@given(st.decimals("0.5", "2", places=3))
def test_the_band_is_the_ratio_to_the_rate_of_ec2(ratio: Decimal) -> None:
    day = {"date": "2026-01-01", "source": "a list"}
    document = a_catalogue(
        instance_hours={"Training": [{**day, "usd": {"r": {"ml.a.b": str(2 * ratio)}}}]},
        ec2_hours=[{**day, "usd": {"r": {"a.b": "2"}}}],
    )

    found, unchecked = outliers([], checked_catalogue(json.dumps(document).encode()))

    assert bool(found) is not (Decimal("1.1") <= ratio <= Decimal("1.45"))
    assert unchecked == 0


def test_pages_that_expired_are_read_again_from_the_first(place: Place) -> None:
    more = [instance("Training", f"ml.g5.{size}xlarge", "1.5") for size in (2, 4, 8)]
    # EC2's answer is one page; the second page of Training expires.
    pricing = FakePricing([*USUAL, *more], [None, None, refusal("ExpiredNextTokenException")])

    place.refresh(pricing)

    assert len(place.prices.hourly["Training"].usd["us-east-1"]) == 4
    assert "NextToken" not in pricing.calls[3]


def test_pages_that_expire_for_ever_are_an_error(place: Place) -> None:
    with pytest.raises(PriceListError, match="expired 3 times"):
        place.refresh(FakePricing(USUAL, [refusal("ExpiredNextTokenException")] * 9))


def test_a_throttled_call_waits_longer_each_time(place: Place) -> None:
    place.refresh(FakePricing(USUAL, [refusal("ThrottlingException")] * 3))

    assert place.slept == [2, 4, 8]


def test_a_catalogue_that_is_damaged_is_refused_before_anything_is_read(place: Place) -> None:
    place.write({**a_catalogue(), "currency": "EUR"})
    pricing = FakePricing(USUAL)

    with pytest.raises(DamagedPriceCatalogueError, match="currency: "):
        place.refresh(pricing)

    assert pricing.calls == []


def test_a_list_that_is_not_of_aws_never_becomes_the_catalogue_that_ships(place: Place) -> None:
    pricing = FakePricing(USUAL)
    place.refresh(pricing, endpoint="http://127.0.0.1:4566")
    assert "a list at 127.0.0.1" in place.prices.training_rate("ml.g5.xlarge", "us-east-1").source

    place.own = place.path
    with pytest.raises(PricesError, match="is not AWS"):
        place.refresh(pricing, endpoint="http://127.0.0.1:4566")


def test_a_dry_run_writes_nothing(place: Place) -> None:
    before = place.path.read_bytes()

    place.refresh(FakePricing(USUAL), "--dry-run")

    assert place.path.read_bytes() == before
    assert "Nothing was written" in place.said


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text("old")

    def fail(*_: Path) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write_atomically(path, b"new", fail)
    assert (path.read_text(), names(tmp_path)) == ("old", ["prices.json"])
    write_atomically(path, b"new")
    assert (path.read_text(), names(tmp_path)) == ("new", ["prices.json"])


@given(st.lists(st.integers(1, 100), min_size=1, max_size=6, unique=True), st.randoms())
def test_tiers_are_read_in_any_order(begins: list[int], order: Any) -> None:
    edges = [0, *sorted(begins)]
    tiers = [
        (str(edge), str(after), f"0.{edge:03d}")
        for edge, after in zip(edges, [*edges[1:], "Inf"], strict=True)
    ]
    order.shuffle(tiers)

    found = parse_product(product("sku", "USE1-x", *tiers))

    assert found is not None
    assert [begins for begins, _ in found.tiers] == edges


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"product": {}}', "null"])
def test_what_is_no_product_is_refused(text: str) -> None:
    with pytest.raises(PriceListError, match="no product"):
        parse_product(text)


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        ("USE1-Train:ml.m5.large", "Train:ml.m5.large"),
        ("EU-TimedStorage-ByteHrs", "TimedStorage-ByteHrs"),
        ("TimedStorage-SIA-ByteHrs", "TimedStorage-SIA-ByteHrs"),
        ("EMR-SERVERLESS-vCPUHours", "EMR-SERVERLESS-vCPUHours"),
        ("APS1-EMR-SERVERLESS-vCPUHours", "EMR-SERVERLESS-vCPUHours"),
    ],
)
def test_a_usage_is_told_without_its_region(usage: str, told: str) -> None:
    found = parse_product(flat("sku", usage, "1"))

    assert found is not None
    assert found.usage == told


def test_the_parts_have_titles_of_their_own() -> None:
    titles = [section.title for section in SECTIONS]

    assert len(set(titles)) == len(titles)
