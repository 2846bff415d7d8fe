"""The metrics that AWS's services put of themselves, as far as alarms of a stack look at them.

Step Functions counts executions, Lambda invocations and errors, SQS the messages that wait; what a
function prints in the embedded metric format becomes metrics of its own.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from typing import Any

from moto.sqs.models import sqs_backends

from local_aws.clock import Clock
from local_aws.services.metric_store import MetricKey, MetricStore, StatisticSet
from local_aws.services.places import Places

LOG = logging.getLogger(__name__)

_EVERY_SECONDS = 0.1
_MINUTE = timedelta(minutes=1)
_EXECUTIONS = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}


class OwnMetrics:
    """The metrics of the stack's account and region."""

    def __init__(self, metrics: Places[MetricStore], clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock
        self._home = ("", "")
        self._closing = threading.Event()
        self._sampled: datetime | None = None
        self.lock: Callable[[], AbstractContextManager[Any]] = nullcontext

    def begin(self, account: str, region: str) -> None:
        """Count for this account and region, and look at its queues every minute."""
        self._home = (account, region)

        def tick() -> None:
            while not self._closing.wait(_EVERY_SECONDS):
                try:
                    self.sample_queues()
                except Exception:
                    # A thread would swallow it, and the metrics would end.
                    LOG.exception("queues were not looked at")

        threading.Thread(target=tick, name="queues", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._closing.set()

    def put(self, namespace: str, name: str, dimensions: Mapping[str, str], value: float) -> None:
        """Put one sample of now."""
        samples = StatisticSet()
        samples.add(total=value, count=1.0, low=value, high=value)
        samples.values.append((value, 1.0))
        key = MetricKey(namespace, name, frozenset(dimensions.items()))
        self._metrics.at(*self._home).put(key, self._clock.now(), samples)

    def execution(self, description: Mapping[str, Any]) -> None:
        """Count that an execution started or ended."""
        name = _EXECUTIONS.get(str(description.get("status")))
        if name:
            machine = {"StateMachineArn": str(description["stateMachineArn"])}
            self.put("AWS/States", name, machine, 1.0)

    def invocation(self, function: str, failed: bool) -> None:
        """Count an invocation of a function."""
        named = {"FunctionName": function}
        self.put("AWS/Lambda", "Invocations", named, 1.0)
        self.put("AWS/Lambda", "Errors", named, float(failed))

    def printed(self, line: str) -> None:
        """Take metrics out of a line that a function printed, if it has any."""
        if '"_aws"' not in line:
            return
        try:
            document = json.loads(line)
        except ValueError:
            return
        described = document.get("_aws") if isinstance(document, dict) else None
        if isinstance(described, dict):
            for directive in described.get("CloudWatchMetrics", ()):
                self._take(document, directive)

    def _take(self, document: Mapping[str, Any], directive: Mapping[str, Any]) -> None:
        for names in directive.get("Dimensions", ()):
            dimensions = {name: str(document[name]) for name in names if name in document}
            for metric in directive.get("Metrics", ()):
                given = document.get(metric["Name"])
                for value in given if isinstance(given, list) else [given]:
                    if isinstance(value, int | float):
                        self.put(directive["Namespace"], metric["Name"], dimensions, float(value))

    def sample_queues(self) -> None:
        """Put how many messages wait in each queue, once a minute of the service time."""
        now = self._clock.service_time()
        if self._sampled is not None and now - self._sampled < _MINUTE:
            return
        self._sampled = now
        account, region = self._home
        with self.lock():
            waiting = {
                queue.name: queue.approximate_number_of_messages
                for queue in list(sqs_backends[account][region].queues.values())
            }
        for name, count in waiting.items():
            named = {"QueueName": name}
            self.put("AWS/SQS", "ApproximateNumberOfMessagesVisible", named, float(count))
