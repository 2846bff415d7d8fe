"""A month of predictions of a custom model, to the cent."""

from decimal import Decimal

import pytest

from tests.unit.runs.trainers.bedrock.works import OREGON, SOURCES, work
from thriftline.runs.trainers.bedrock.bedrock_work import BedrockSources
from thriftline.runs.trainers.bedrock.month import month, required_requests_per_minute

NOVA_2 = "amazon.nova-2-lite-v1:0:256k"
LLAMA = "meta.llama3-3-70b-instruct-v1:0:128k"
STORAGE = Decimal("1.95")


@pytest.mark.parametrize(
    ("model", "sources", "characters", "usd"),
    [
        # 27 tokens a sentence, 282 a review; 30 of instruction and 2 of answer.
        (None, SOURCES, 108.0, "2.28"),
        (NOVA_2, SOURCES, 108.0, "22.10"),
        (LLAMA, OREGON, 108.0, "42.48"),
        (None, SOURCES, 1_128.0, "11.20"),
        (NOVA_2, SOURCES, 1_128.0, "98.60"),
        (LLAMA, OREGON, 1_128.0, "226.08"),
    ],
)
def test_a_million_predictions_cost_what_the_facts_say(
    model: str | None, sources: BedrockSources, characters: float, usd: str
) -> None:
    found = month(work({"base_model": model}, mean_characters=characters), 1_000_000, sources)
    assert found.usd == Decimal(usd) + STORAGE
    assert "1,000,000 predictions x" in found.reason


def test_nobody_asks_and_the_model_is_stored() -> None:
    assert month(work(), 0, SOURCES).usd == STORAGE


def test_what_has_no_price_is_not_free() -> None:
    found = month(work({"base_model": "local.smollm2-135m-instruct"}), 1_000, SOURCES)
    assert found.usd is None
    assert "no row" in found.reason


@pytest.mark.parametrize(
    ("predictions", "requests"), [(0, 0), (1, 1), (175_200, 4), (175_201, 5), (1_000_000, 23)]
)
def test_a_months_predictions_are_requests_a_minute(predictions: int, requests: int) -> None:
    assert required_requests_per_minute(predictions) == requests
