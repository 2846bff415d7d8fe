"""What a training program prints, as CloudWatch Logs shows it."""

import contextlib
import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import IO, Any

from botocore.exceptions import ClientError

from local_aws.training.metrics import MetricReader

LOG = logging.getLogger(__name__)

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
_FLUSH_SECONDS = 0.5
_BATCH_EVENTS = 1000
_EVENT_CHARACTERS = 60_000


class LogStream:
    """One stream in the training jobs' log group; lines are sent together, twice a second."""

    def __init__(self, logs: Any, name: str) -> None:
        self._logs = logs
        self._name = name
        self._changed = threading.Condition()
        self._waiting: list[dict[str, Any]] = []
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="training-log", daemon=True)

    def open(self) -> None:
        """Create the stream."""
        self._create(self._logs.create_log_group, logGroupName=LOG_GROUP)
        self._create(self._logs.create_log_stream, logGroupName=LOG_GROUP, logStreamName=self._name)
        self._thread.start()

    def write(self, line: str, now: datetime) -> None:
        """Add a line."""
        moment = int(now.timestamp() * 1000)
        events = [
            {"timestamp": moment, "message": line[start : start + _EVENT_CHARACTERS]}
            for start in range(0, len(line), _EVENT_CHARACTERS)
        ]
        with self._changed:
            self._waiting += events

    def close(self) -> None:
        """Send what is left."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        closed = False
        while not closed:
            with self._changed:
                closed = self._changed.wait_for(lambda: self._closed, _FLUSH_SECONDS)
                events, self._waiting = self._waiting, []
            for start in range(0, len(events), _BATCH_EVENTS):
                self._send(events[start : start + _BATCH_EVENTS])

    def _send(self, events: list[dict[str, Any]]) -> None:
        try:
            self._logs.put_log_events(
                logGroupName=LOG_GROUP, logStreamName=self._name, logEvents=events
            )
        except Exception:
            # A job does not end because its log cannot be written.
            LOG.exception("%d log lines of %s are lost", len(events), self._name)

    @staticmethod
    def _create(operation: Callable[..., Any], **arguments: str) -> None:
        with contextlib.suppress(ClientError):
            # It may be there already.
            operation(**arguments)


def read_output(
    output: IO[bytes], stream: LogStream, metrics: MetricReader, clock: Callable[[], datetime]
) -> None:
    """Read a program's output to its end."""
    with output:
        for raw in output:
            line = raw.decode(errors="replace").rstrip("\r\n")
            if line:
                now = clock()
                metrics.read(line, now)
                stream.write(line, now)
