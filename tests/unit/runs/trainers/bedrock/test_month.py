"""A month of predictions of a custom model, to the cent."""

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import pytest

from tests.unit.runs.trainers.bedrock.works import OREGON, SOURCES, work
from thriftline.money.sums import sum_of
from thriftline.runs.domain.router import break_even
from thriftline.runs.trainers.bedrock.bedrock_work import BedrockSources
from thriftline.runs.trainers.bedrock.month import month

NOVA_2 = "amazon.nova-2-lite-v1:0:256k"
LLAMA = "meta.llama3-3-70b-instruct-v1:0:128k"
STORAGE, CENT = Decimal("1.95"), Decimal("0.01")


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
    assert found.usd is not None
    assert (found.usd - STORAGE).quantize(CENT, ROUND_HALF_UP) == Decimal(usd)
    assert found.fixed_usd == STORAGE
    assert found.usd_per_million == found.usd - STORAGE
    assert sum_of(row.usd for row in found.rows) == found.usd


def test_nobody_asks_and_the_model_is_stored() -> None:
    assert month(work(), 0, SOURCES).usd == STORAGE


def test_what_has_no_price_is_not_free() -> None:
    found = month(work({"base_model": "local.smollm2-135m-instruct"}), 1_000, SOURCES)
    assert found.usd is None
    assert found.usd_per_million is None
    assert [row.usd for row in found.rows] == [None, None, None]


def test_the_quota_of_requests_goes_with_the_month() -> None:
    assert month(work(), 1_000, SOURCES).requests_per_minute is None
    slow = replace(SOURCES, requests_per_minute=lambda _: 4)
    assert month(work(), 1_000, slow).requests_per_minute == 4


@pytest.mark.parametrize(
    ("characters", "hourly", "millions"),
    [(108.0, "0.115", 36), (108.0, "0.204", 64), (108.0, "1.408", 450), (1_128.0, "0.115", 7)],
)
def test_an_endpoint_breaks_even_where_the_facts_say(
    characters: float, hourly: str, millions: int
) -> None:
    found = month(work(mean_characters=characters), 0, SOURCES)
    assert found.usd_per_million is not None
    assert found.fixed_usd is not None
    even = break_even(Decimal(hourly) * 730, found.fixed_usd, found.usd_per_million)
    assert even is not None
    assert even // 1_000_000 == millions
