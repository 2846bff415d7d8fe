"""The bar: no request of 32 clients fails during any kind of update, a rollback, and scaling.

It takes minutes: make test-serving-crowd. Its short form is in test_real_containers.py.
"""

import os
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.integration.serving_runtime.crowd import (
    BLUE_GREEN,
    FORMER,
    NEW,
    crowd,
    more,
    prepare,
    there_and_back,
    update,
)
from tests.integration.serving_runtime.films import Films

pytestmark = pytest.mark.skipif(
    os.environ.get("SERVING_CROWD") != "1", reason="make test-serving-crowd: minutes"
)
CANARY: dict[str, Any] = {
    "TrafficRoutingConfiguration": {
        "Type": "CANARY",
        "WaitIntervalInSeconds": 120,
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 25},
    },
    "TerminationWaitInSeconds": 60,
}
STEPS: list[dict[str, Any]] = [
    {"BlueGreenUpdatePolicy": CANARY},
    {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "LINEAR",
                "WaitIntervalInSeconds": 60,
                "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 25},
            },
            "TerminationWaitInSeconds": 60,
        }
    },
    {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 25},
            "WaitIntervalInSeconds": 60,
        }
    },
    {"BlueGreenUpdatePolicy": BLUE_GREEN},
]


@pytest.fixture(scope="module")
def endpoint(films: Films) -> Iterator[str]:
    yield prepare(films)
    films.delete("crowd")


def test_no_request_fails_during_an_update_its_way_back_and_scaling(
    films: Films, endpoint: str
) -> None:
    there_and_back(films, endpoint, 32)


@pytest.mark.parametrize("deployment", STEPS, ids=("canary", "linear", "rolling", "all-at-once"))
def test_no_request_fails_during_any_kind_of_update(
    films: Films, endpoint: str, deployment: dict[str, Any]
) -> None:
    with crowd(films, endpoint) as clients:
        for config, labels in (("crowd-v2", NEW), ("crowd-v1", FORMER)):
            update(films, config, deployment)
            more(partial(clients.of, labels))


def test_no_request_fails_while_an_alarm_takes_an_update_back(films: Films, endpoint: str) -> None:
    cloudwatch = films.aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="abort",
        Namespace="Thriftline/Serving",
        MetricName="AbortDeployment",
        Dimensions=[{"Name": "EndpointName", "Value": endpoint}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )
    with crowd(films, endpoint) as clients:
        films.sagemaker.update_endpoint(
            EndpointName=endpoint,
            EndpointConfigName="crowd-v2",
            RetainAllVariantProperties=True,
            DeploymentConfig={
                "BlueGreenUpdatePolicy": CANARY | {"TerminationWaitInSeconds": 1800},
                "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "abort"}]},
            },
        )
        more(lambda: clients.of(NEW))
        cloudwatch.put_metric_data(
            Namespace="Thriftline/Serving",
            MetricData=[
                {
                    "MetricName": "AbortDeployment",
                    "Dimensions": [{"Name": "EndpointName", "Value": endpoint}],
                    "Value": 1.0,
                }
            ],
        )
        assert films.settled(endpoint)["EndpointConfigName"] == "crowd-v1"
        more(lambda: clients.of(FORMER))
