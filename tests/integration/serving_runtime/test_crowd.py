"""Clients that never stop asking while endpoints change: none of their requests may fail.

The short form is part of the gate; SERVING_CROWD=1 (make test-serving-crowd) is the bar: 32 of them
during a canary, a linear and a rolling update, a rollback by an alarm, and scaling both ways.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.integration.serving_runtime.films import TEXT, Films, eventually

WHOLE = os.environ.get("SERVING_CROWD") == "1"
CLIENTS = 32 if WHOLE else 8
FORMER, NEW = {"negative", "positive"}, {"bad", "good"}
BLUE_GREEN = {
    "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
    "TerminationWaitInSeconds": 60,
}


class Crowd:
    """Clients of one endpoint, and what they got."""

    def __init__(self, films: Films, endpoint: str) -> None:
        self._films = films
        self._endpoint = endpoint
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.answers: Counter[str] = Counter()
        self.failures: list[str] = []

    def ask(self) -> None:
        """Ask until it is enough; nothing is tried again."""
        client = self._client()
        while not self._stop.is_set():
            try:
                found = client.invoke_endpoint(
                    EndpointName=self._endpoint, Body=TEXT, ContentType="application/json"
                )
                answer = found["Body"].read().decode()
            except Exception as error:
                with self._lock:
                    self.failures.append(repr(error))
                continue
            with self._lock:
                self.answers[next(each for each in (*FORMER, *NEW) if each in answer)] += 1

    def stop(self) -> None:
        """Let every client come to its end."""
        self._stop.set()

    def of(self, labels: set[str]) -> int:
        """Return how many answers one of these labels had."""
        with self._lock:
            return sum(self.answers[each] for each in labels)

    def _client(self) -> Any:
        with self._lock:
            session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b")
            return session.client(
                "sagemaker-runtime",
                region_name="us-east-1",
                endpoint_url=self._films.aws.endpoint,
                config=Config(retries={"total_max_attempts": 1}, read_timeout=60),
            )


@contextmanager
def crowd(films: Films, endpoint: str) -> Iterator[Crowd]:
    made = Crowd(films, endpoint)
    with ThreadPoolExecutor(CLIENTS) as threads:
        clients = [threads.submit(made.ask) for _ in range(CLIENTS)]
        try:
            yield made
        finally:
            made.stop()
        for each in clients:
            each.result()
    assert made.failures == []


def update(films: Films, config: str, deployment: dict[str, Any]) -> None:
    films.sagemaker.update_endpoint(
        EndpointName="crowd",
        EndpointConfigName=config,
        DeploymentConfig=deployment,
        RetainAllVariantProperties=True,
    )
    assert films.settled("crowd")["EndpointConfigName"] == config


def scale(films: Films, count: int) -> None:
    films.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="crowd",
        DesiredWeightsAndCapacities=[{"VariantName": "main", "DesiredInstanceCount": count}],
    )
    films.settled("crowd")


def more(count: Callable[[], int]) -> None:
    """Wait until something was counted once more: the clients are still served."""
    before = count()
    eventually(lambda: count() > before)


@pytest.fixture(scope="module")
def endpoint(films: Films) -> Iterator[str]:
    for version in ("v1", "v2"):
        films.model(f"crowd-{version}", version)
        films.config(f"crowd-{version}", f"crowd-{version}", 4)
    films.create("crowd", "crowd-v1")
    yield "crowd"
    films.delete("crowd")


def test_no_request_fails_during_an_update_its_way_back_and_scaling(
    films: Films, endpoint: str
) -> None:
    with crowd(films, endpoint) as clients:
        more(lambda: clients.of(FORMER))
        update(films, "crowd-v2", {"BlueGreenUpdatePolicy": BLUE_GREEN})
        more(lambda: clients.of(NEW))
        update(films, "crowd-v1", {"BlueGreenUpdatePolicy": BLUE_GREEN})
        more(lambda: clients.of(FORMER))
        for count in (8, 1, 4):
            scale(films, count)
            more(lambda: clients.of(FORMER))


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


@pytest.mark.skipif(not WHOLE, reason="make test-serving-crowd: minutes")
@pytest.mark.parametrize("deployment", STEPS, ids=("canary", "linear", "rolling", "all-at-once"))
def test_no_request_fails_during_any_kind_of_update(
    films: Films, endpoint: str, deployment: dict[str, Any]
) -> None:
    with crowd(films, endpoint) as clients:
        for config, labels in (("crowd-v2", NEW), ("crowd-v1", FORMER)):
            update(films, config, deployment)
            more(partial(clients.of, labels))


@pytest.mark.skipif(not WHOLE, reason="make test-serving-crowd: minutes")
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
