"""What a training job says of itself while it runs: the JSON lines of its log."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from thriftline.core.aws.clients import translated
from thriftline.runs.domain.learning import Learning, Point, Scores, thinned

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
_STEP, _EVALUATION = "step", "evaluation"


class TrainingLog:
    """The logs of training jobs in CloudWatch Logs, through one client."""

    def __init__(self, client: "CloudWatchLogsClient") -> None:
        self._client = client

    def learning(self, job_name: str) -> Learning | None:
        """Returns how far a job is; None where it has said nothing yet.

        Raises:
            ThriftlineError: CloudWatch Logs cannot be read now.
        """
        with translated(f"reading the log of {job_name}"):
            # The first machine speaks for all; the end of its stream's name is SageMaker's.
            streams = self._client.describe_log_streams(
                logGroupName=LOG_GROUP, logStreamNamePrefix=f"{job_name}/algo-1", limit=1
            )["logStreams"]
            if not streams:
                return None
            events = self._client.get_log_events(
                logGroupName=LOG_GROUP,
                logStreamName=streams[0]["logStreamName"],
                startFromHead=False,
            )["events"]
        return learning_of(event.get("message", "") for event in events)


def learning_of(lines: Iterable[str]) -> Learning | None:
    """Reads the lines that the training program prints; all others are passed over."""
    curve: dict[int, Point] = {}
    validation: dict[int, Scores] = {}
    last: Mapping[str, Any] | None = None
    for line in _spoken(lines):
        step, loss = line.get("step"), line.get("loss")
        if line["event"] == _EVALUATION and isinstance(step, int):
            validation[step] = Scores(
                step,
                _number(line.get("validation_loss")),
                _number(line.get("validation_accuracy")),
                _number(line.get("validation_macro_f1")),
            )
        elif isinstance(step, int) and isinstance(line.get("total_steps"), int):
            last = line
            if isinstance(loss, int | float):
                curve[step] = Point(step, float(loss))
    if last is None and not validation:
        return None
    return Learning(
        step=last["step"] if last else max(validation),
        steps=last["total_steps"] if last else None,
        seconds_left=_number(last.get("seconds_left")) if last else None,
        curve=thinned(curve.values()),
        validation=thinned(validation.values()),
    )


def _spoken(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    for line in lines:
        if not line.startswith('{"event":'):
            continue
        try:
            read = json.loads(line)
        except ValueError:
            # A line that was cut off.
            continue
        if isinstance(read, dict) and read.get("event") in (_STEP, _EVALUATION):
            yield read


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
