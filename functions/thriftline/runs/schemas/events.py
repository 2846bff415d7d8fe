"""What other systems are told of runs."""

from collections.abc import Mapping
from typing import ClassVar

from thriftline.core.events import Event
from thriftline.runs.schemas.result import ResultCost, ResultError, Status

_BY_STATUS: Mapping[Status, str] = {
    "succeeded": "TrainingCompleted",
    "not_promoted": "TrainingNotPromoted",
    "rejected": "TrainingRejected",
    "failed": "TrainingFailed",
}


class TrainingEnded(Event):
    """A run ended; the rest is in the document that it points to."""

    SOURCE: ClassVar[str] = "thriftline.training"
    DETAIL_TYPES: ClassVar[tuple[str, ...]] = tuple(_BY_STATUS.values())

    run_id: str
    project: str | None
    status: Status
    reason: str
    error: ResultError | None
    accuracy: float | None
    macro_f1: float | None
    micro_f1: float | None
    cost: ResultCost
    model_package_arn: str | None
    result_uri: str
    report_uri: str

    @property
    def detail_type(self) -> str:
        """The type says how the run ended."""
        return _BY_STATUS[self.status]
