"""ListTrainingJobs: filters, order, pages."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

_DEFAULT_PAGE = 10


class Record(Protocol):
    """What the list needs of a training job."""

    name: str
    created_at: datetime

    @property
    def status(self) -> str:
        """TrainingJobStatus."""

    @property
    def last_modified_at(self) -> datetime:
        """When the record last changed."""

    def summary(self) -> dict[str, Any]:
        """Return the job's line in the answer."""


ORDERS: dict[str, Callable[[Record], Any]] = {
    "Name": lambda record: record.name,
    "CreationTime": lambda record: (record.created_at, record.name),
    "Status": lambda record: (record.status, record.name),
}
_FILTERS: dict[str, Callable[[Record, Any], bool]] = {
    "NameContains": lambda record, text: text in record.name,
    "StatusEquals": lambda record, status: record.status == status,
    "CreationTimeAfter": lambda record, moment: record.created_at > moment,
    "CreationTimeBefore": lambda record, moment: record.created_at < moment,
    "LastModifiedTimeAfter": lambda record, moment: record.last_modified_at > moment,
    "LastModifiedTimeBefore": lambda record, moment: record.last_modified_at < moment,
    "WarmPoolStatusEquals": lambda record, status: (
        record.summary().get("WarmPoolStatus", {}).get("Status") == status
    ),
    "TrainingPlanArnEquals": lambda record, arn: record.summary().get("TrainingPlanArn") == arn,
}


class InvalidListingError(ValueError):
    """SageMaker would answer with a ValidationException of this text."""


def list_records(records: Sequence[Record], request: Mapping[str, Any]) -> dict[str, Any]:
    """Return one page of the answer of ListTrainingJobs.

    Args:
        records: all of them, in the order of `ORDERS` that the request asks for, ascending.
        request: one that fits its model.

    Raises:
        InvalidListingError: the token is none of ours.
    """
    filters = [(fits, request[name]) for name, fits in _FILTERS.items() if name in request]
    found = list(records)
    for fits, value in filters:
        found = [each for each in found if fits(each, value)]
    if request.get("SortOrder") == "Descending":
        found.reverse()
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
