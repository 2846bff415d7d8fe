"""Callers of an endpoint for the demo of serving: sentences without end, and what came back."""

import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from laptop.sample_data import Row
from local_aws.server import EmbeddedAws


class Traffic:
    """Some callers who ask in turn; as a context, for as long as it is open."""

    def __init__(
        self, aws: EmbeddedAws, endpoint: str, rows: Sequence[Row], *, callers: int = 3
    ) -> None:
        """Start nothing yet; `rows` are asked again and again."""
        self._aws = aws
        self._endpoint = endpoint
        self._rows = itertools.cycle(rows)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._threads = [threading.Thread(target=self._ask_on, daemon=True) for _ in range(callers)]
        self.outcomes: Counter[str] = Counter()

    def __enter__(self) -> "Traffic":
        """Begin to ask."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop asking, requests under way first."""
        self._closing.set()
        for thread in self._threads:
            thread.join(timeout=60)

    def _ask_on(self) -> None:
        runtime = self._aws.client("sagemaker-runtime")
        while not self._closing.is_set():
            with self._lock:
                row = next(self._rows)
            outcome = ask(runtime, self._endpoint, row.text)[1]
            with self._lock:
                self.outcomes[outcome] += 1
            time.sleep(0.05)

    @property
    def sentence(self) -> str:
        """What became of the requests."""
        return told(self.outcomes)


def told(outcomes: Counter[str]) -> str:
    """Return what became of requests."""
    good = outcomes["answered"]
    bad = sum(outcomes.values()) - good
    why = ", ".join(f"{count} {name}" for name, count in outcomes.items() if name != "answered")
    return f"{good:,} requests answered, {bad:,} failed{f' ({why})' if why else ''}"


def ask(runtime: Any, endpoint: str, text: str, **more: Any) -> tuple[dict[str, Any], str]:
    """Ask once; return the answer and "answered", or nothing and the error's code."""
    try:
        found = runtime.invoke_endpoint(
            EndpointName=endpoint,
            ContentType="application/json",
            Accept="application/json",
            Body=json.dumps({"text": text}),
            **more,
        )
    except ClientError as error:
        status = error.response.get("OriginalStatusCode", "")
        return {}, f"{error.response['Error']['Code']} {status}".strip()
    answer: dict[str, Any] = json.loads(found["Body"].read())
    return answer, "answered"
