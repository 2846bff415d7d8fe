"""CloudWatch, as far as the metric reader asks it: pages of results that a test decides."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from thriftline.core.aws.target_clients import TargetClients

Pages = Sequence[Mapping[str, Any]]


class FakeCloudWatch:
    """Answers each call with the pages that ``answer`` makes of its queries."""

    def __init__(self, answer: Callable[[Sequence[Mapping[str, Any]]], Pages]) -> None:
        self._answer = answer
        self.asked: list[Mapping[str, Any]] = []

    def get_paginator(self, operation: str) -> "FakeCloudWatch":
        assert operation == "get_metric_data"
        return self

    def paginate(self, **request: Any) -> Iterator[Mapping[str, Any]]:
        self.asked.append(request)
        yield from self._answer(request["MetricDataQueries"])


class FakeClients(TargetClients):
    """One client for whatever is asked for."""

    def __init__(self, client: Any) -> None:
        super().__init__("us-west-2")
        self._only = client

    def client(self, service: str, config: Any = None) -> Any:
        return self._only


def result(
    identifier: str,
    points: Mapping[Any, float] | None = None,
    status: str = "Complete",
    *messages: tuple[str, str],
) -> dict[str, Any]:
    """Returns one entry of MetricDataResults."""
    values = points or {}
    return {
        "Id": identifier,
        "Timestamps": list(values),
        "Values": list(values.values()),
        "StatusCode": status,
        "Messages": [{"Code": code, "Value": value} for code, value in messages],
    }


def page(*results: dict[str, Any]) -> Mapping[str, Any]:
    """Returns one page."""
    return {"MetricDataResults": list(results)}
