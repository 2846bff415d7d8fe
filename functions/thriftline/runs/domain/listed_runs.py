"""A run as lists show it: all that a list needs stands in the run's item."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.core.kept import reading
from thriftline.core.kept_project import required_project

# The value that all runs have under the key of the list of all of them.
LIST_KIND = "run"
RUNNING = "running"
WAITING = "waiting_for_approval"
ENDED = ("succeeded", "not_promoted", "rejected", "failed")
STATUSES = (RUNNING, WAITING, *ENDED)
READ_IT_THERE = "Its documents can be read one by one, or upload its data set again."
# The states of the workflow in which something of the run is billed by the hour.
_PREPARES = "Poll preparation"
BILLED = (_PREPARES, "Start training", "Poll training")


def status_facts(project: str, status: str) -> dict[str, str]:
    """Returns the attributes that say how far a run came; the second is the key of an index."""
    return {"status": status, "project_status": f"{project}#{status}"}


def is_run(item: Mapping[str, Any]) -> bool:
    """Whether an item of the table of runs is a run; requests and claims lie there too."""
    return {"run_id", "project", "status"} <= item.keys()


def has_ended(status: str) -> bool:
    """Whether nothing goes on of a run with this status."""
    return status in ENDED


@dataclass(frozen=True)
class ListedRun:
    """One run; what is not known (yet) is None. ``rate_usd_per_hour`` is of what runs now."""

    run_id: str
    project: str
    status: str
    opened_at: datetime
    key: str
    execution_arn: str
    state: str | None = None
    ended_at: datetime | None = None
    trainer: str | None = None
    instance_type: str | None = None
    expected_usd: Decimal | None = None
    worst_case_usd: Decimal | None = None
    rate_usd_per_hour: Decimal | None = None
    cost_usd: Decimal | None = None
    saved_usd: Decimal | None = None
    model_version: int | None = None
    reason: str | None = None
    requested_by: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing of it goes on."""
        return has_ended(self.status)

    @property
    def is_billed(self) -> bool:
        """Whether it prepares or trains now."""
        return self.state in BILLED

    @property
    def prepares(self) -> bool:
        """Whether what is billed now is the preparation of its data."""
        return self.state == _PREPARES

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> "ListedRun":
        """Returns the run of an item of the table; a former version wrote fewer attributes.

        Raises:
            UnreadableDocumentError: what every run has is missing, or is no such thing.
        """
        with reading(f"The item of run {item['run_id']}", READ_IT_THERE):
            return cls._of(item)

    @classmethod
    def _of(cls, item: Mapping[str, Any]) -> "ListedRun":
        arn = item.get("model_package_arn")
        return cls(
            run_id=str(item["run_id"]),
            project=required_project(item),
            status=_known_status(item["status"]),
            opened_at=_required_time(item["opened_at"]),
            key=str(item.get("key", "")),
            execution_arn=str(item.get("execution_arn", "")),
            state=_text(item.get("state")),
            ended_at=_time(item.get("ended_at")),
            trainer=_text(item.get("trainer")),
            instance_type=_text(item.get("instance_type")),
            expected_usd=_usd(item.get("expected_usd")),
            worst_case_usd=_usd(item.get("worst_case_usd")),
            rate_usd_per_hour=_usd(item.get("rate_usd_per_hour")),
            cost_usd=_usd(item.get("cost_usd")),
            saved_usd=_usd(item.get("saved_usd")),
            model_version=_version(str(arn)) if arn else None,
            reason=_text(item.get("reason")),
            requested_by=_text(item.get("requested_by")),
        )


def _known_status(value: object) -> str:
    if value not in STATUSES:
        raise ValueError(f"status is {value!r}, none of {', '.join(STATUSES)}")
    return str(value)


def _text(value: object) -> str | None:
    return str(value) if value else None


def _required_time(value: object) -> datetime:
    return datetime.fromisoformat(str(value)).astimezone(UTC)


def _time(value: object) -> datetime | None:
    return _required_time(value) if value else None


def _usd(value: object) -> Decimal | None:
    if value is None:
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _version(arn: str) -> int | None:
    number = arn.rpartition("/")[2]
    return int(number) if number.isascii() and number.isdigit() else None
