"""Takes the files apart that a training job leaves in ``output.tar.gz``."""

import shutil
import tarfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import IO, TypeVar

from pydantic import ValidationError

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import EvaluationError
from thriftline.evaluation.document import CurvePoint, ValidationPoint
from thriftline.evaluation.job_documents import HistoryLine, JobAnswers, JobMetrics

METRICS, PREDICTIONS, HISTORY = "metrics.json", "predictions.parquet", "history.jsonl"
ANSWERS = "answers.json"
_CURVE_POINTS = 400
_Told = TypeVar("_Told", JobMetrics, JobAnswers)


@dataclass(frozen=True)
class JobOutput:
    """Where the unpacked files lie. ``history`` is None when the program wrote none.

    ``answers`` is what a model said that answers with words, None where it has probabilities.
    """

    metrics: Path
    predictions: Path
    history: Path | None
    answers: Path | None = None


def unpack(archive: IO[bytes], folder: Path) -> JobOutput:
    """Unpacks the three known files, one after the other; anything else in there is left.

    The archive is what a training program wrote, so no path, link or device of it is followed.

    Raises:
        EvaluationError: it is no gzipped tar file, or a file is missing.
    """
    found: dict[str, Path] = {}
    try:
        with tarfile.open(fileobj=archive, mode="r|gz") as members:
            for member in members:
                name = str(PurePosixPath(member.name))
                if name not in {METRICS, PREDICTIONS, HISTORY} or not member.isfile():
                    continue
                source = members.extractfile(member)
                if source is not None:
                    found[name] = folder / name
                    with found[name].open("wb") as target:
                        shutil.copyfileobj(source, target)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise EvaluationError(f"output.tar.gz of the job cannot be unpacked: {error}") from error
    for name in (METRICS, PREDICTIONS):
        if name not in found:
            raise EvaluationError(f"output.tar.gz of the job has no {name}.")
    return JobOutput(found[METRICS], found[PREDICTIONS], found.get(HISTORY))


def read_metrics(text: str) -> JobMetrics:
    """Reads ``metrics.json``.

    Raises:
        EvaluationError: it does not say what it must.
    """
    return _parsed(METRICS, text, JobMetrics)


def read_answers(text: str) -> JobAnswers:
    """Reads ``answers.json``.

    Raises:
        EvaluationError: it does not say what it must.
    """
    return _parsed(ANSWERS, text, JobAnswers)


def _parsed(name: str, text: str, model: type[_Told]) -> _Told:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        raise EvaluationError(f"{name} of the job: {place}: {first['msg']}.") from error


@dataclass(frozen=True)
class History:
    """The course of the training."""

    curve: tuple[CurvePoint, ...]
    validation: tuple[ValidationPoint, ...]


def read_history(lines: Iterable[str]) -> History:
    """Reads ``history.jsonl``, thinned out to some hundred steps however long it is.

    A line that cannot be read is left out: the history is there to be looked at, and decides
    nothing. A resumed training repeats the steps after its checkpoint; the later ones count.
    """
    curve = _Curve()
    validation: dict[int, ValidationPoint] = {}
    for line in lines:
        entry = _entry(line)
        if entry is None:
            continue
        if entry.is_evaluation:
            validation[entry.step] = _validation_point(entry)
        elif entry.loss is not None:
            curve.add(CurvePoint(step=entry.step, epoch=entry.epoch, loss=entry.loss))
    return History(curve.points(), tuple(validation[step] for step in sorted(validation)))


class _Curve:
    """Keeps every n-th point; n doubles when there are too many."""

    def __init__(self) -> None:
        self._points: dict[int, CurvePoint] = {}
        self._every = 1
        self._seen = 0

    def add(self, point: CurvePoint) -> None:
        self._seen += 1
        if (self._seen - 1) % self._every:
            return
        self._points[point.step] = point
        if len(self._points) > 2 * _CURVE_POINTS:
            self._every *= 2
            self._points = {one.step: one for one in self.points()[::2]}

    def points(self) -> tuple[CurvePoint, ...]:
        return tuple(self._points[step] for step in sorted(self._points))


def _entry(line: str) -> HistoryLine | None:
    try:
        return HistoryLine.model_validate_json(line)
    except ValidationError:
        return None


def _validation_point(entry: HistoryLine) -> ValidationPoint:
    return ValidationPoint(
        step=entry.step,
        epoch=entry.epoch,
        loss=entry.validation_loss,
        accuracy=entry.validation_accuracy,
        macro_f1=entry.validation_macro_f1,
    )
