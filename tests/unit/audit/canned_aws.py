"""boto3's own clients with canned answers: parameters are checked, and pages are followed."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from threading import Lock
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.config import Config

from thriftline.core.aws.target_clients import TargetClients

REGION = "us-west-2"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
START = NOW - timedelta(days=30)
ARN = f"arn:aws:sagemaker:{REGION}:123456789012"
Answer = Mapping[str, Any]
# Pages in their order, or an answer to the request's body.
Canned = Sequence[Answer] | Callable[[Mapping[str, Any]], Answer]


def pages(key: str, rows: Sequence[Any], token: str = "NextToken") -> Sequence[Mapping[str, Any]]:
    """Returns a page for each row."""
    return [
        {key: [row]} | ({token: f"page-{number}"} if number < len(rows) else {})
        for number, row in enumerate(rows, start=1)
    ]


def error(code: str, message: str = "made to fail") -> Answer:
    """Returns the answer of a call that is refused."""
    return {"Error": {"Code": code, "Message": message}}


class CannedClients(TargetClients):
    """``answers`` by operation; ``calls`` are those that were made, in their order."""

    def __init__(self, answers: Mapping[str, Canned]) -> None:
        super().__init__(REGION)
        self._answers = answers
        self._lock = Lock()
        self._made: dict[str, Any] = {}
        self.calls: list[str] = []

    def client(self, service: str, config: Config | None = None) -> Any:
        if service not in self._made:
            once = Config(retries={"mode": "standard", "total_max_attempts": 1})
            made = boto3.client(service, region_name=REGION, config=once)
            made.meta.events.register("before-call", self._answer)
            self._made[service] = made
        return self._made[service]

    def _answer(self, model: Any, params: Mapping[str, Any], **_: Any) -> tuple[Any, Answer]:
        name: str = model.name
        with self._lock:
            self.calls.append(name)
            number = self.calls.count(name) - 1
        canned = self._answers.get(name, [{}])
        if callable(canned):
            body = params.get("body")
            answer = canned(json.loads(body) if isinstance(body, (str, bytes)) else {})
        else:
            answer = canned[min(number, len(canned) - 1)]
        status = 400 if "Error" in answer else 200
        return SimpleNamespace(status_code=status), {"ResponseMetadata": {}, **answer}
