"""ListTrainingJobs: filters, order, pages."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from local_aws.shape_constraints import input_shape, violations
from local_aws.training_record import TrainingRecord

_DEFAULT_PAGE = 10
_UNSUPPORTED = ("WarmPoolStatusEquals", "TrainingPlanArnEquals")

_ORDERS: dict[str, Callable[[TrainingRecord], Any]] = {
    "Name": lambda record: record.name,
    "CreationTime": lambda record: (record.created_at, record.name),
    "Status": lambda record: (record.status, record.name),
}
_FILTERS: dict[str, Callable[[TrainingRecord, Any], bool]] = {
    "NameContains": lambda record, text: text in record.name,
    "StatusEquals": lambda record, status: record.status == status,
    "CreationTimeAfter": lambda record, moment: record.created_at > _time(moment),
    "CreationTimeBefore": lambda record, moment: record.created_at < _time(moment),
    "LastModifiedTimeAfter": lambda record, moment: record.last_modified_at > _time(moment),
    "LastModifiedTimeBefore": lambda record, moment: record.last_modified_at < _time(moment),
}


class InvalidListingError(ValueError):
    """SageMaker would answer with a ValidationException of this text."""


def list_records(records: Iterable[TrainingRecord], request: Mapping[str, Any]) -> dict[str, Any]:
    """Return one page of the answer of ListTrainingJobs.

    Raises:
        InvalidListingError: the request is malformed or asks for what is not kept here.
    """
    broken = violations(input_shape("sagemaker", "ListTrainingJobs"), _without_times(request))
    broken += [
        f"The embedded AWS cannot list by {name}" for name in _UNSUPPORTED if name in request
    ]
    if broken:
        raise InvalidListingError("; ".join(broken))
    found = [
        record
        for record in records
        if all(fits(record, request[name]) for name, fits in _FILTERS.items() if name in request)
    ]
    found.sort(
        key=_ORDERS[request.get("SortBy", "CreationTime")],
        reverse=request.get("SortOrder") == "Descending",
    )
    start = _start(request.get("NextToken"), len(found))
    end = start + request.get("MaxResults", _DEFAULT_PAGE)
    page = {"TrainingJobSummaries": [record.summary() for record in found[start:end]]}
    return page | ({"NextToken": str(end)} if end < len(found) else {})


def _start(token: str | None, count: int) -> int:
    if token is None:
        return 0
    if not token.isdecimal() or int(token) > count:
        raise InvalidListingError(f"Invalid pagination token: {token}")
    return int(token)


def _without_times(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if "Time" not in name}


def _time(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)
