"""docs/preparation.md against the engines, their prices and the template."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from thriftline.core.settings import Settings
from thriftline.money.price_catalogue import price_catalogue
from thriftline.money.prices import PROCESSING
from thriftline.runs.domain.preparation import PreparationWork
from thriftline.runs.engines.choice import HOUR_OF_WAITING_USD
from thriftline.runs.engines.databricks.quoting import QuoteSources
from thriftline.runs.engines.databricks.quoting import quote as databricks_quote
from thriftline.runs.engines.emr_serverless.quoting import START_MINUTES, known_rates
from thriftline.runs.engines.emr_serverless.workers import GB_PER_VCPU, Workers, workers_for
from thriftline.runs.engines.registry import ENGINES
from thriftline.runs.engines.sagemaker_processing.cluster import Cluster
from thriftline.runs.engines.sagemaker_processing.quoting import Rates
from thriftline.runs.engines.sizing import CPU_SECONDS_PER_MB, cpu_hours, minutes_on
from thriftline.runs.engines.validation_cost import validation_usd

PAGE = (Path(__file__).parents[2] / "docs/preparation.md").read_text(encoding="utf-8")
REGION = "us-east-1"
SIZES = {"1 GB": 1, "10 GB": 10, "100 GB": 100, "1 TB": 1000}
GB = 10**9
MINUTES_OF = {"min": 1, "h": 60}


def table() -> dict[str, list[str]]:
    rows = re.findall(r"^\| (\d+ [GT]B) \| (.+) \|$", PAGE, flags=re.MULTILINE)
    return {size: cells.split(" | ") for size, cells in rows}


def usd(cell: str) -> float:
    return float(cell.split(" USD")[0])


def emr_usd(size: int) -> Decimal:
    rates = known_rates(price_catalogue().emr_serverless, REGION)
    assert rates is not None
    return cpu_hours(size) * (rates["vcpu"] + GB_PER_VCPU * rates["memory_gb"])


def processing_usd(size: int) -> Decimal:
    prices = price_catalogue()
    instance = prices.instance_rate(PROCESSING, "ml.m5.xlarge", REGION)
    assert instance is not None
    cluster = Cluster("ml.m5.xlarge", workers(size), 4, 0)
    hourly = Rates(instance, prices.storage_rate(REGION, PROCESSING)).usd_per_hour(cluster)
    return hourly * minutes_on(size, cluster.vcpus, 6) / 60


def databricks_usd(size: int, *, spot: bool) -> Decimal:
    rates = {"m5.xlarge": {"dbu_per_hour": "0.69", "ec2_usd_per_hour": "0.192"}}
    environment = {
        "DATABRICKS_SECRET_ARN": "arn",
        "DATABRICKS_USD_PER_DBU": "0.15",
        "DATABRICKS_NODE_RATES": json.dumps(rates),
    }
    sources = QuoteSources(
        Settings(environment), lambda: Decimal(0), lambda: datetime(2026, 11, 30, tzinfo=UTC)
    )
    settings: dict[str, Any] = {"workers": workers(size), "ebs_volume_gib": 100}
    work = PreparationWork(size, size, 1, 0, 400, 1000, spot, settings)
    likely = databricks_quote(work, sources).likely_usd
    assert likely is not None
    return likely


def workers(size: int) -> int:
    return 32 if size >= 1000 * GB else 8


COLUMNS: list[Callable[[int], Decimal]] = [
    emr_usd,
    emr_usd,
    lambda size: databricks_usd(size, spot=True),
    lambda size: databricks_usd(size, spot=False),
    processing_usd,
    validation_usd,
]


@pytest.mark.parametrize("size", SIZES)
def test_the_dollars_of_the_table_are_those_of_the_engines(size: str) -> None:
    cells = table()[size]
    assert len(cells) == len(COLUMNS)
    for cell, reckoned in zip(cells, COLUMNS, strict=True):
        # Two digits on the page; minutes are whole ones, upwards, in the code.
        expected = pytest.approx(float(reckoned(SIZES[size] * GB)), rel=0.08, abs=0.0005)
        assert usd(cell) == expected, cell


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("column", "vcpus"), [(0, 16), (1, 64)])
def test_the_minutes_of_the_table_are_those_of_the_engines(
    size: str, column: int, vcpus: int
) -> None:
    number, unit = table()[size][column].split(", ")[1].split(" ")
    expected = minutes_on(SIZES[size] * GB, vcpus, START_MINUTES)
    assert round(expected / MINUTES_OF[unit]) == int(number)


def test_the_figures_of_the_text_are_those_of_the_code() -> None:
    assert f"{CPU_SECONDS_PER_MB} CPU-seconds" in PAGE
    assert f"counts {HOUR_OF_WAITING_USD} USD" in " ".join(PAGE.split())
    by_default = workers_for(16, 100 * GB)
    assert isinstance(by_default, Workers)
    assert f"is {by_default.working_vcpus} for executors" in PAGE
    minutes = minutes_on(100 * GB, by_default.working_vcpus, START_MINUTES)
    assert f"take {minutes / 60:.1f} hours" in PAGE


def test_engines_and_parameters_of_the_page_exist(template: dict[str, Any]) -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| ", PAGE, flags=re.MULTILINE)
    assert rows == list(ENGINES)
    named = set(re.findall(r"`((?:Preparation|Spark)[A-Z]\w+)`", PAGE))
    assert {"PreparationEngines", "PreparationArchive", "SparkProcessingImage"} <= named
    assert named <= set(template["Parameters"])
