"""What functions print in the embedded metric format becomes metrics."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from local_aws.clock import Clock
from local_aws.services.metric_store import MetricStore
from local_aws.services.own_metrics import OwnMetrics
from local_aws.services.places import Places

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def printed(*lines: str) -> dict[tuple[str, str, tuple[tuple[str, str], ...]], float]:
    """Return the sums of the metrics in some lines."""
    clock = Clock(lambda: NOW)
    stores = Places(lambda account, region: MetricStore(account, region, clock))
    metrics = OwnMetrics(stores, clock)
    for line in lines:
        metrics.printed(line)
    return {
        (key.namespace, key.name, tuple(sorted(key.dimensions))): sum(
            each.total for each in series.put.values()
        )
        for key, series in stores.at("", "").series.items()
    }


def line(**more: Any) -> str:
    directive = {
        "Namespace": "Thriftline",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "AuditActionsFailed", "Unit": "Count"}],
    }
    described = {"Timestamp": 1, "CloudWatchMetrics": [directive]}
    return json.dumps(
        {"_aws": described, "service": "audit", "AuditActionsFailed": [1.0, 2], **more}
    )


def test_the_values_of_a_line_are_put() -> None:
    assert printed(line(), line(AuditActionsFailed=4)) == {
        ("Thriftline", "AuditActionsFailed", (("service", "audit"),)): 7
    }


@pytest.mark.parametrize(
    "text", ["START", '{"_aws": 3}', '{"_aws"', '["_aws"]', '{"a": "\\"_aws\\""}', line(service=1)]
)
def test_other_lines_are_only_lines(text: str) -> None:
    assert all(value == 3 for value in printed(text).values())
