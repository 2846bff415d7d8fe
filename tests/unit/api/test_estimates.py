"""Estimates by the API."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.api.api_world import BOB, ApiWorld

ASK = {"project": "reviews", "rows": 5000, "characters": 300}


def test_an_estimate_is_made_at_once_and_found_again(world: ApiWorld) -> None:
    answer = world.call("POST", "/estimates", ASK, key="k1")
    assert answer.status == 200, answer.body
    found = answer.document
    assert Decimal(found["low_usd"]) <= Decimal(found["likely_usd"]) <= Decimal(found["high_usd"])
    assert any(one["chosen"] for one in found["choices"])
    assert found["price_date"]
    assert world.call("GET", found["href"]).document == found
    assert world.call("POST", "/estimates", ASK, key="k1").document == found


def test_a_key_with_another_body_is_refused(world: ApiWorld) -> None:
    world.call("POST", "/estimates", ASK, key="k1")
    answer = world.call("POST", "/estimates", {**ASK, "rows": 6000}, key="k1")
    assert answer.status == 422
    assert "another body" in answer.detail
    # Another person's key is another key.
    assert (
        world.call("POST", "/estimates", {**ASK, "rows": 6000}, key="k1", caller=BOB).status == 200
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows": 9}, "/rows"),
        ({"rows": "many"}, "/rows"),
        ({"characters": 500, "longest": 10}, "longest is at least characters"),
        ({"labels": 100, "rows": 50}, "as many rows as labels"),
        ({"run_yaml": "training: {epochs: many}"}, "epochs"),
        ({"run_yaml": "x" * 65_537}, "/run_yaml"),
    ],
)
def test_figures_that_are_none_are_refused(
    world: ApiWorld, change: dict[str, Any], said: str
) -> None:
    answer = world.call("POST", "/estimates", {**ASK, **change})
    assert answer.status == 422
    assert said in answer.detail


def test_an_estimate_of_a_closed_project_is_its_members(world: ApiWorld) -> None:
    href = world.call("POST", "/estimates", ASK).document["href"]
    world.set(PROJECT_MEMBERS='{"reviews": ["arn:aws:sts::*:assumed-role/Operators/*"]}')
    assert world.call("GET", href, caller=BOB).status == 404
    assert world.call("POST", "/estimates", ASK, caller=BOB).status == 403
    assert world.call("GET", "/estimates/none").status == 404


@pytest.mark.parametrize("data_format", ["auto", "jsonl"])
def test_raw_data_is_estimated_by_its_preparation_alone(world: ApiWorld, data_format: str) -> None:
    world.set(EMR_APPLICATION_ID="00f1", PREPARATION_MAX_VCPUS="64", SPARK_PROCESSING_IMAGE="3.5")
    run_yaml = f"prepare: {{max_minutes: 30, format: {data_format}}}"
    answer = world.call("POST", "/estimates", {**ASK, "run_yaml": run_yaml})
    assert answer.status == 200, answer.body
    found = answer.document
    assert found["preparation"]["engine"] == "emr_serverless"
    assert Decimal(0) < Decimal(found["preparation"]["likely_usd"])
    for unknown in ("likely_usd", "worst_case_usd", "likely_hours", "price_date"):
        assert found[unknown] is None
    assert "not known before the data is prepared" in found["reason"]
    assert world.call("GET", found["href"]).document == found
