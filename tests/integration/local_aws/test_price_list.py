"""`thriftline prices refresh` against the embedded AWS, over HTTP."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.local_aws.aws import Aws
from thriftline.money.price_catalogue import read_catalogue

ROOT = Path(__file__).parents[3]


def refresh(aws: Aws, path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT / "cli"),
        "AWS_ENDPOINT_URL": aws.embedded.endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    command = [
        sys.executable,
        "-m",
        "thriftline_cli",
        "prices",
        "refresh",
        "--catalogue",
        str(path),
        *words,
    ]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def a_catalogue(path: Path) -> None:
    day = {"date": "2026-01-01", "source": "an old list"}
    document: Any = {
        "currency": "USD",
        "instance_hours": {
            "Hosting": [{**day, "usd": {"us-east-1": {"ml.g5.xlarge": "1.5"}, "eu-west-1": {}}}]
        },
        "ml_storage": {"Training": [{**day, "usd": {"us-east-1": "0.13"}}]},
        "ml_storage_upper_bound": {**day, "usd_per_gb_month": "0.28"},
    }
    path.write_text(json.dumps(document))


def test_the_catalogue_is_read_from_the_price_list(aws: Aws, tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    a_catalogue(path)

    done = refresh(aws, path)

    assert done.returncode == 0, done.stderr
    prices = read_catalogue(path.read_bytes())
    # Two pages of rows, of which those of warm pools, Spot and Outposts are none of training's.
    assert len(prices.hourly["Training"].usd["us-east-1"]) == 67
    price = prices.training_rate("ml.g4dn.xlarge", "us-east-1")
    assert price is not None
    assert (price.usd, price.component) == (Decimal("0.7364"), "Training")
    outposts = prices.training_rate("ml.m5.large", "us-east-1")
    assert outposts is not None
    assert outposts.usd == Decimal("0.115")
    assert prices.storage_rate("us-east-1").usd == Decimal("0.14")
    assert prices.objects.cost_usd("StandardStorage", "us-east-1", Decimal(51_201)) == (
        51_200 * Decimal("0.023") + Decimal("0.022")
    )
    plan = prices.savings_plans.rate("Hosting ml.g5.xlarge, 1 y, No Upfront", "us-east-1")
    assert plan is not None
    assert plan.usd < Decimal("1.408")
    row = next(line.split() for line in done.stderr.splitlines() if "1.5" in line.split())
    assert row[-5:] == ["ml.g5.xlarge", "1.5", "1.408", "-6.1", "%"]
    assert all(len(line) <= 80 for line in done.stderr.splitlines())


def test_a_refresh_that_fails_leaves_the_file(aws: Aws, tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    a_catalogue(path)
    before = path.read_bytes()

    done = refresh(aws, path, "--with-region", "ap-northeast-1")

    assert (done.returncode, path.read_bytes()) == (1, before)
    assert "EC2: the list has no price in ap-northeast-1" in done.stderr


def test_other_calls_of_the_price_list_are_refused(aws: Aws) -> None:
    with pytest.raises(ClientError) as refused:
        aws.embedded.client("pricing").list_price_lists(
            ServiceCode="AmazonSageMaker", EffectiveDate=1, CurrencyCode="USD"
        )

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
