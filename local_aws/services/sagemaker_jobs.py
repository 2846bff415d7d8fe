"""The list, the description and the end of training jobs, of those too that were loaded."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from moto.sagemaker.models import sagemaker_backends

from local_aws.http.own_calls import AwsError, LeftToMotoError, Operation, Request
from local_aws.training.listing import ORDERS, InvalidListingError, list_records

_ENDED = frozenset({"Completed", "Failed", "Stopped"})
_MESSAGES = {
    "Starting": "Starting the training job",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
}


class LoadedTrainingJob:
    """A training job out of an account file: nothing runs, but one in progress can be stopped.

    Args:
        description: the answer of DescribeTrainingJob, without the transitions.
        tags: kept as moto's tag calls expect them.
    """

    def __init__(self, description: Mapping[str, Any], tags: list[dict[str, str]]) -> None:
        self._description = dict(description)
        self.tags = tags
        self.name: str = description["TrainingJobName"]
        self.arn: str = description["TrainingJobArn"]
        self.created_at: datetime = description["CreationTime"]
        self._transitions = list(_transitions(description))

    @property
    def status(self) -> str:
        """TrainingJobStatus."""
        return str(self._description["TrainingJobStatus"])

    @property
    def last_modified_at(self) -> datetime:
        """LastModifiedTime."""
        moment: datetime = self._description["LastModifiedTime"]
        return moment

    def describe(self) -> dict[str, Any]:
        """Return the answer of DescribeTrainingJob."""
        return {**self._description, "SecondaryStatusTransitions": self._transitions}

    def summary(self) -> dict[str, Any]:
        """Return the job's line in the answer of ListTrainingJobs."""
        shown = (
            "TrainingJobName",
            "TrainingJobArn",
            "CreationTime",
            "TrainingEndTime",
            "LastModifiedTime",
            "TrainingJobStatus",
            "SecondaryStatus",
            "WarmPoolStatus",
        )
        return {name: self._description[name] for name in shown if name in self._description}

    def stop(self, now: datetime) -> bool:
        """Stop the job at once; returns False where it has ended already."""
        if self.status in _ENDED:
            return False
        started = self._description.get("TrainingStartTime")
        self._description |= {
            "TrainingJobStatus": "Stopped",
            "SecondaryStatus": "Stopped",
            "LastModifiedTime": now,
        }
        if started is not None:
            seconds = max(1, int((now - started) / timedelta(seconds=1)))
            self._description |= {
                "TrainingEndTime": now,
                "TrainingTimeInSeconds": seconds,
                "BillableTimeInSeconds": seconds,
            }
        self._transitions[-1] = {**self._transitions[-1], "EndTime": now}
        self._transitions.append(_transition("Stopped", now, now))
        return True

    def keep_pool_for(self, seconds: int, now: datetime) -> bool:
        """End the warm pool; returns False where none waits.

        Raises:
            AwsError: it is to be kept for longer; nothing says since when it is.
        """
        if seconds:
            raise AwsError("NotImplemented", "The warm pool of a loaded job can only be ended.")
        if self._description.get("WarmPoolStatus", {}).get("Status") != "Available":
            return False
        self._description["WarmPoolStatus"] = {"Status": "Terminated"}
        self._description["LastModifiedTime"] = now
        return True


def _transitions(description: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the stays in secondary statuses that the times of a job imply."""
    created, started = description["CreationTime"], description.get("TrainingStartTime")
    last, changed = description["SecondaryStatus"], description["LastModifiedTime"]
    if description["TrainingJobStatus"] not in _ENDED:
        steps = [("Starting", created)]
        if started is not None:
            steps.append(("Training", started))
        if steps[-1][0] != last:
            steps.append((last, changed))
        ends = [moment for _, moment in steps[1:]]
        return [
            _transition(status, begin, end)
            for (status, begin), end in zip(steps, [*ends, None], strict=True)
        ]
    first = [_transition("Starting", created, started or changed)]
    if started is not None:
        first.append(_transition("Training", started, changed))
    return [*first, _transition(last, changed, changed)]


def _transition(status: str, begin: datetime, end: datetime | None) -> dict[str, Any]:
    shown = {
        "Status": status,
        "StartTime": begin,
        "StatusMessage": _MESSAGES.get(status, status),
    }
    return shown | ({"EndTime": end} if end else {})


class SageMakerJobs:
    """The calls about training jobs that have to run nothing."""

    def __init__(self) -> None:
        self._ordered: dict[tuple[str, str, str], list[Any]] = {}

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "DescribeTrainingJob": lambda request: _find(request).describe(),
            "ListTrainingJobs": self._list,
            "StopTrainingJob": _stop,
            "UpdateTrainingJob": _update,
        }

    def _list(self, request: Request) -> dict[str, Any]:
        try:
            return list_records(self._in_order(request), request.parameters)
        except InvalidListingError as error:
            raise AwsError("ValidationException", str(error)) from error

    def _in_order(self, request: Request) -> list[Any]:
        """Return the records in the order that is asked for, ascending.

        To sort twenty thousand for each page of a hundred would take most of the time. Jobs are
        never deleted, and neither name nor creation changes, so the last order holds until there
        are more.
        """
        by = request.get("SortBy", "CreationTime")
        records = _records(request)
        place = (request.account, request.region, by)
        known = self._ordered.get(place, [])
        if by == "Status" or len(known) != len(records):
            known = sorted(records.values(), key=ORDERS[by])
            self._ordered[place] = known
        return known


def _records(request: Request) -> dict[str, Any]:
    jobs: dict[str, Any] = sagemaker_backends[request.account][request.region].training_jobs
    return jobs


def _find(request: Request) -> Any:
    record = _records(request).get(request["TrainingJobName"])
    if record is None:
        raise AwsError("ValidationException", "Requested resource not found.")
    return record


def _stop(request: Request) -> None:
    record = _find(request)
    if not isinstance(record, LoadedTrainingJob):
        raise LeftToMotoError
    if not record.stop(request.now):
        raise AwsError(
            "ValidationException",
            f"The request was rejected because the training job is in status {record.status}.",
        )


def _update(request: Request) -> dict[str, Any]:
    """Change how long a warm pool is kept, the one change of an ended job that is done here."""
    record = _find(request)
    others = set(request.parameters) - {"TrainingJobName", "ResourceConfig"}
    kept = (request.get("ResourceConfig") or {}).get("KeepAlivePeriodInSeconds")
    if others or kept is None:
        raise AwsError("NotImplemented", "Only KeepAlivePeriodInSeconds is changed here.")
    if isinstance(record, LoadedTrainingJob):
        changed = record.keep_pool_for(kept, request.now)
    else:
        changed = record.keep_pool_for(kept)
    if not changed:
        raise AwsError(
            "ValidationException", f"The training job {record.name} has no warm pool that waits."
        )
    return {"TrainingJobArn": record.arn}
