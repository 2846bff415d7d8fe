"""The names of one Bedrock model, and what the catalogue says of it by each."""

from datetime import date
from decimal import Decimal

import pytest

from thriftline.money.bedrock_names import (
    called_name,
    foundation_model,
    geography_of,
    price_name,
    scope_of,
)
from thriftline.money.price_catalogue import price_catalogue

_ARN = "arn:aws:bedrock:us-east-1"


@pytest.mark.parametrize(
    ("model_id", "model", "scope", "family"),
    [
        ("amazon.nova-micro-v1:0", "amazon.nova-micro-v1:0", None, "NovaMicro"),
        ("amazon.nova-micro-v1:0:128k", "amazon.nova-micro-v1:0", None, "NovaMicro"),
        ("us.amazon.nova-2-lite-v1:0", "amazon.nova-2-lite-v1:0", "us", "Nova2.0Lite"),
        ("global.amazon.nova-2-lite-v1:0", "amazon.nova-2-lite-v1:0", "global", "Nova2.0Lite"),
        ("us-gov.amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0", "us-gov", "NovaPro"),
        (
            f"{_ARN}::foundation-model/meta.llama3-3-70b-instruct-v1:0:128k",
            "meta.llama3-3-70b-instruct-v1:0",
            None,
            "Llama3-3-70B",
        ),
        (
            f"{_ARN}:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
            "amazon.nova-lite-v1:0",
            "us",
            "NovaLite",
        ),
        ("openai.gpt-oss-20b-1:0", "openai.gpt-oss-20b-1:0", None, None),
        (f"{_ARN}:123456789012:custom-model-deployment/a1b2c3d4e5f6", None, None, None),
        (f"{_ARN}:123456789012:provisioned-model/a1b2c3d4e5f6", None, None, None),
        (f"{_ARN}:123456789012:application-inference-profile/a1b2c3d4e5f6", None, None, None),
        (f"{_ARN}:123456789012:imported-model/a1b2c3d4e5f6", None, None, None),
        (f"{_ARN}:123456789012:custom-model/imported/a1b2c3d4e5f6", None, None, None),
    ],
)
def test_an_id_says_model_scope_and_family_or_hides_them(
    model_id: str, model: str | None, scope: str | None, family: str | None
) -> None:
    assert foundation_model(model_id) == model
    assert scope_of(model_id) == scope
    assert price_name(model_id) == family
    assert (called_name(model_id) is None) == (model is None)


def test_a_custom_model_has_its_base_in_its_arn_and_cannot_be_called_by_it() -> None:
    arn = f"{_ARN}:123456789012:custom-model/amazon.nova-micro-v1:0:128k/a1b2c3d4e5f6"

    assert foundation_model(arn) == "amazon.nova-micro-v1:0"
    assert price_name(arn) == "NovaMicro"
    assert called_name(arn) is None


@pytest.mark.parametrize(
    ("region", "geography"),
    [
        ("us-west-2", "us"),
        ("us-gov-west-1", "us-gov"),
        ("eu-north-1", "eu"),
        ("ap-south-1", None),
        ("sa-east-1", None),
    ],
)
def test_a_region_lies_in_the_geography_of_a_profile(region: str, geography: str | None) -> None:
    assert geography_of(region) == geography


@pytest.mark.parametrize(
    ("profile", "usd"),
    [
        ("us.amazon.nova-2-lite-v1:0", ("0.33", "2.75")),
        ("global.amazon.nova-2-lite-v1:0", ("0.30", "2.50")),
        ("eu.amazon.nova-2-lite-v1:0", ("0.429", "3.597")),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", ("1.10", "5.50")),
        ("global.anthropic.claude-haiku-4-5-20251001-v1:0", ("1.00", "5.00")),
        ("jp.amazon.nova-2-lite-v1:0", None),
    ],
)
def test_a_profile_has_its_own_price(profile: str, usd: tuple[str, str] | None) -> None:
    price = price_catalogue().tokens.of_profile(profile)

    assert (price and (price.input_usd, price.output_usd)) == (
        usd and (Decimal(usd[0]), Decimal(usd[1]))
    )


def test_a_retired_model_has_a_last_day_and_others_have_none() -> None:
    prices = price_catalogue()

    assert prices.last_day_of("meta.llama3-2-1b-instruct-v1:0") == date(2026, 7, 7)
    assert prices.last_day_of("amazon.nova-micro-v1:0") is None
