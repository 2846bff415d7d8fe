"""What the watch over live quality reads and writes, and what it is told to look for."""

from collections.abc import Callable
from dataclasses import field
from datetime import datetime

from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.event_bus import EventBus
from thriftline.core.aws.topic import Topic
from thriftline.core.dataclass import dataclass
from thriftline.core.kept import UPDATE, reading
from thriftline.evaluation.reference_document import REFERENCE, Reference
from thriftline.serving.aws.captured import Captured
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.aws.serving_metrics import ServingMetrics
from thriftline.serving.domain.capture_layout import quality_key
from thriftline.serving.domain.drift import DriftRules
from thriftline.serving.domain.reference import ModelReference
from thriftline.serving.schemas.quality import HourQuality

# Bytes of captures that one call reads of one endpoint; the next call goes on behind them.
MOST_BYTES = 512 * 1024**2


@dataclass(frozen=True)
class QualityRules:
    """What a project's ``serve.yaml`` says of the watch, and of how long captures are kept."""

    window_hours: int = 24
    drift: DriftRules = field(default_factory=DriftRules)
    least_accuracy: float | None = None
    days: int = 30
    problem: str = ""


@dataclass(frozen=True)
class WatchSources:
    """What the watch looks at and speaks to. ``rules_of`` is asked for a project's."""

    table: EndpointsTable
    artifacts: Bucket
    captured: Captured
    metrics: ServingMetrics
    alerts: Topic
    bus: EventBus
    rules_of: Callable[[str], QualityRules]
    most_bytes: int = MOST_BYTES

    def hour(self, endpoint: str, hour: datetime) -> HourQuality | None:
        """Returns an hour's document, None where it was not begun.

        Raises:
            UnreadableDocumentError: it is of no version that is known here.
        """
        key = quality_key(endpoint, hour)
        body = self.artifacts.read(key)
        return None if body is None else read_hour(body, self.artifacts.uri(key))

    def write(self, document: HourQuality) -> None:
        """Writes an hour's document."""
        key = quality_key(document.endpoint, document.hour)
        self.artifacts.write_json(key, document.model_dump_json())

    def reference(self, artifact_uri: str) -> ModelReference | None:
        """Returns the reference of the run whose model is served, None where there is none.

        Models of runs before 2026-11-30, and of other programs, have none.

        Raises:
            UnreadableDocumentError: it is of no version that is known here.
        """
        prefix = self.artifacts.uri("training/")
        if not artifact_uri.startswith(prefix):
            return None
        run_id = artifact_uri.removeprefix(prefix).partition("/")[0]
        key = f"training/{run_id}/{REFERENCE}"
        body = self.artifacts.read(key)
        if body is None:
            return None
        with reading(self.artifacts.uri(key), UPDATE):
            found = Reference.model_validate_json(body)
        return _view(found)


def read_hour(body: bytes, place: str) -> HourQuality:
    """Returns an hour by its document.

    Raises:
        UnreadableDocumentError: it is of no version that is known here.
    """
    with reading(place, "Delete it, and the watch makes it anew."):
        return HourQuality.model_validate_json(body)


def _view(found: Reference) -> ModelReference:
    cut = found.truncated
    return ModelReference(
        run_id=found.run_id,
        accuracy=found.accuracy,
        answers=tuple((one.labels, one.rows) for one in found.answers),
        other_answers=found.other_answers,
        confidence=found.confidence,
        characters=found.characters,
        unknown_words=found.unknown_words,
        truncated=None if cut is None else (cut.rows - cut.truncated, cut.truncated),
        vocabulary=frozenset(found.vocabulary.words),
    )
