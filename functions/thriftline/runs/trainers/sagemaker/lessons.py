"""The project's own finished runs as this trainer reads them."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from thriftline.core.dataclass import dataclass
from thriftline.runs.domain.encoders import Encoder
from thriftline.runs.domain.finished_runs import FinishedRun
from thriftline.runs.trainers.sagemaker.expected_time import Workload


class _Work(BaseModel):
    """What a quote said of its work."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    workload: Workload
    encoder: Encoder


class _Place(BaseModel):
    """Where an attempt trained."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    instance_type: str
    instance_count: int


@dataclass(frozen=True)
class Lesson:
    """One finished run: the work, where it was done, and how long that took."""

    instance_type: str
    instance_count: int
    workload: Workload
    encoder: Encoder
    seconds: float


def work_document(workload: Workload | None, encoder: Encoder | None) -> Mapping[str, Any]:
    """Returns the work as it stands in ``plan.json``, empty where it is not known."""
    if workload is None or encoder is None:
        return {}
    return {"workload": asdict(workload), "encoder": asdict(encoder)}


def lessons(finished: Iterable[FinishedRun], trainer: str) -> tuple[Lesson, ...]:
    """Returns what can be read; a run that another version wrote down otherwise is left out."""
    found = (_lesson(run) for run in finished if run.trainer == trainer and run.undisturbed)
    return tuple(one for one in found if one is not None)


def _lesson(run: FinishedRun) -> Lesson | None:
    try:
        work, place = _Work.model_validate(run.workload), _Place.model_validate(run.place)
    except ValidationError:
        return None
    if run.seconds <= 0:
        return None
    return Lesson(
        place.instance_type, place.instance_count, work.workload, work.encoder, float(run.seconds)
    )
