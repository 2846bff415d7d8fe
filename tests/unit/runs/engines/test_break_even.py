"""The table by which engines were compared, held against what the code reckons.

Rows: 1 GB, 10 GB, 100 GB, 1 TB at the prices of us-east-1.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.unit.runs.engines.emr_world import emr_engine
from tests.unit.runs.engines.works import GB, work
from thriftline.core.settings import Settings
from thriftline.money.price_catalogue import price_catalogue
from thriftline.money.prices import PROCESSING
from thriftline.runs.engines.databricks.quoting import QuoteSources
from thriftline.runs.engines.databricks.quoting import quote as databricks_quote
from thriftline.runs.engines.sagemaker_processing.cluster import Cluster
from thriftline.runs.engines.sagemaker_processing.quoting import Rates
from thriftline.runs.engines.sizing import minutes_on
from thriftline.runs.engines.validation_cost import validation_minutes, validation_usd

SIZES = (1, 10, 100, 1000)
WORKERS = {1: 8, 10: 8, 100: 8, 1000: 32}


def about(expected: float) -> object:
    """The table rounds to two digits, and the code whole minutes upwards."""
    return pytest.approx(expected, rel=0.08)


@pytest.mark.parametrize(
    ("gigabytes", "usd", "minutes"),
    [(1, 0.0012, 1), (10, 0.012, 1), (100, 0.12, 2), (1000, 1.2, 18)],
)
def test_lambdas_validate_for_a_twentieth(gigabytes: int, usd: float, minutes: int) -> None:
    assert float(validation_usd(gigabytes * GB)) == about(usd)
    assert validation_minutes(gigabytes * GB) == minutes
    quote = emr_engine(quota=lambda: 999, PREPARATION_MAX_VCPUS="999").quote(
        work(gigabytes, max_vcpus=68, max_minutes=10_000)
    )
    assert quote.likely_usd is not None
    assert quote.likely_usd > 20 * validation_usd(gigabytes * GB)


@pytest.mark.parametrize(
    ("gigabytes", "usd", "minutes"),
    [(10, 0.284, (16, 6)), (100, 2.84, (143, 38)), (1000, 28.4, (1409, 354))],
)
def test_emr_serverless_on_16_and_64_vcpus(
    gigabytes: int, usd: float, minutes: tuple[int, int]
) -> None:
    for vcpus, took in zip((16, 64), minutes, strict=True):
        engine = emr_engine(quota=lambda: 999, PREPARATION_MAX_VCPUS="999")
        # The table leaves the driver out, and the disk.
        asked = work(gigabytes, max_vcpus=vcpus + 4, max_minutes=10_000)
        quote = engine.quote(asked)
        if quote.cannot:
            assert "disk" in quote.cannot
            continue
        assert quote.likely_minutes == pytest.approx(took, abs=1)
        assert quote.likely_usd is not None
        workers = quote.terms
        driver = Decimal(took) / 60 * 4 * Decimal("0.075738")
        disk = workers["executors"] * (workers["disk_gb"] - 20) * Decimal("0.000111") * took / 60
        assert float(quote.likely_usd - driver - disk) == about(usd)


@pytest.mark.parametrize(
    ("gigabytes", "usd", "minutes"),
    [(1, 0.21, 7), (10, 0.40, 14), (100, 2.34, 77), (1000, 22.3, 182)],
)
def test_a_processing_job_on_small_machines(gigabytes: int, usd: float, minutes: int) -> None:
    prices = price_catalogue()
    instance = prices.instance_rate(PROCESSING, "ml.m5.xlarge", "us-east-1")
    assert instance is not None
    # The table leaves the volumes out.
    cluster = Cluster("ml.m5.xlarge", WORKERS[gigabytes], 4, 0)
    hourly = Rates(instance, prices.storage_rate("us-east-1", PROCESSING)).usd_per_hour(cluster)

    took = minutes_on(gigabytes * GB, cluster.vcpus, 6)
    assert took == minutes
    assert float(hourly * took / 60) == pytest.approx(usd, rel=0.08)


@pytest.mark.parametrize(
    ("gigabytes", "spot", "on_demand"),
    [(1, 0.19, 0.30), (10, 0.36, 0.58), (100, 2.1, 3.4), (1000, 17.5, 29.6)],
)
def test_a_job_cluster_on_databricks(gigabytes: int, spot: float, on_demand: float) -> None:
    rates = {"m5.xlarge": {"dbu_per_hour": "0.69", "ec2_usd_per_hour": "0.192"}}
    environment = {
        "DATABRICKS_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:1:secret:x",
        "DATABRICKS_USD_PER_DBU": "0.15",
        "DATABRICKS_NODE_RATES": json.dumps(rates),
    }
    sources = QuoteSources(
        Settings(environment), lambda: Decimal(0), lambda: datetime(2026, 11, 30, tzinfo=UTC)
    )
    workers = WORKERS[gigabytes]
    for spare, usd in ((True, spot), (False, on_demand)):
        asked = work(
            gigabytes,
            max_vcpus=(workers + 1) * 4,
            max_minutes=1000,
            spare_capacity=spare,
            settings={"workers": workers, "ebs_volume_gib": 100},
        )
        quote = databricks_quote(asked, sources)
        assert quote.likely_usd is not None
        assert float(quote.likely_usd) == about(usd)
