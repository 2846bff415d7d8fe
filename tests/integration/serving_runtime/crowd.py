"""Clients that never stop asking while an endpoint changes: none of their requests may fail."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import boto3
from botocore.config import Config

from tests.integration.serving_runtime.films import TEXT, Films, eventually

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
def crowd(films: Films, endpoint: str, clients: int = 32) -> Iterator[Crowd]:
    """Let clients ask for as long as the block lasts; all of them must be answered."""
    made = Crowd(films, endpoint)
    with ThreadPoolExecutor(clients) as threads:
        asking = [threads.submit(made.ask) for _ in range(clients)]
        try:
            yield made
        finally:
            made.stop()
        for each in asking:
            each.result()
    assert made.failures == []


def prepare(films: Films) -> str:
    """Make an endpoint of the first version, and what an update to the second needs."""
    for version in ("v1", "v2"):
        films.model(f"crowd-{version}", version)
        films.config(f"crowd-{version}", f"crowd-{version}", 4)
    films.create("crowd", "crowd-v1")
    return "crowd"


def update(films: Films, config: str, deployment: dict[str, Any]) -> None:
    """Update the endpoint and wait for the end."""
    films.sagemaker.update_endpoint(
        EndpointName="crowd",
        EndpointConfigName=config,
        DeploymentConfig=deployment,
        RetainAllVariantProperties=True,
    )
    assert films.settled("crowd")["EndpointConfigName"] == config


def scale(films: Films, count: int) -> None:
    """Give the endpoint so many instances, and wait for them."""
    films.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="crowd",
        DesiredWeightsAndCapacities=[{"VariantName": "main", "DesiredInstanceCount": count}],
    )
    films.settled("crowd")


def more(count: Callable[[], int]) -> None:
    """Wait until something was counted once more: the clients are still served."""
    before = count()
    eventually(lambda: count() > before)


def there_and_back(films: Films, endpoint: str, clients: int) -> None:
    """Update, go back, and scale both ways, while clients ask."""
    with crowd(films, endpoint, clients) as asking:
        more(partial(asking.of, FORMER))
        update(films, "crowd-v2", {"BlueGreenUpdatePolicy": BLUE_GREEN})
        more(partial(asking.of, NEW))
        update(films, "crowd-v1", {"BlueGreenUpdatePolicy": BLUE_GREEN})
        more(partial(asking.of, FORMER))
        for count in (8, 1, 4):
            scale(films, count)
            more(partial(asking.of, FORMER))
