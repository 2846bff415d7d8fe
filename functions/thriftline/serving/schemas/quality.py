"""``serving/{endpoint}/quality/{hour}.json``: what an hour's captured requests add up to.

The document of a window's last hour has the window's verdict. What is not known is null.
"""

from collections import Counter
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from thriftline.core.payload import Payload
from thriftline.serving.domain.drift import SignalDrift
from thriftline.serving.domain.windows import VariantCounts

ESTIMATE_LIMIT = (
    "The mean of the calibrated confidence. It follows what is asked, not what labels mean: where "
    "the right answer to the same text changes, it does not."
)


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class AnswerCount(_Document):
    """Texts that were given exactly these labels."""

    labels: tuple[str, ...]
    rows: int


class VariantHour(_Document):
    """One variant's hour; histograms have the bins of ``reference.json``."""

    requests: int
    rows: int = Field(description="Texts; a request may have several.")
    broken: int = Field(description="Captured lines that could not be measured.")
    answers: tuple[AnswerCount, ...]
    other_answers: int
    confidence: tuple[int, ...]
    confidence_sum: float
    characters: tuple[int, ...]
    unknown_words: tuple[int, ...]
    truncated: tuple[int, int] = Field(description="Texts that were read whole, and cut.")
    last_key: str | None = Field(None, description="The last captured object that was read.")

    @classmethod
    def of(cls, counts: VariantCounts, last_key: str | None) -> "VariantHour":
        """Makes the document of counts."""
        order = sorted(counts.answers.items(), key=lambda one: (-one[1], one[0]))
        return cls(
            requests=counts.requests,
            rows=counts.rows,
            broken=counts.broken,
            answers=tuple(AnswerCount(labels=said, rows=rows) for said, rows in order),
            other_answers=counts.other_answers,
            confidence=tuple(counts.confidence),
            confidence_sum=counts.confidence_sum,
            characters=tuple(counts.characters),
            unknown_words=tuple(counts.unknown_words),
            truncated=(counts.truncated[0], counts.truncated[1]),
            last_key=last_key,
        )

    def counts(self) -> VariantCounts:
        """The reverse of ``of``."""
        return VariantCounts(
            requests=self.requests,
            rows=self.rows,
            broken=self.broken,
            answers=Counter({one.labels: one.rows for one in self.answers}),
            other_answers=self.other_answers,
            confidence=list(self.confidence),
            confidence_sum=self.confidence_sum,
            characters=list(self.characters),
            unknown_words=list(self.unknown_words),
            truncated=list(self.truncated),
        )


class LabelsOfHour(_Document):
    """The labels that arrived in an hour."""

    lines: int
    broken: int
    joined: int
    unmatched: int = Field(description="Of a request that was not captured, or is too old.")
    too_many: bool = Field(False, description="Whether more came than are read in an hour.")


class SignalVerdict(_Document):
    """One signal of a window; see ``serving/domain/drift.py``."""

    name: str
    level: Literal["unknown", "quiet", "drift", "severe"]
    reason: str
    rows: int
    reference_rows: int
    psi: float | None
    point: float | None = Field(description="The PSI that chance explains.")
    p_value: float | None = Field(description="Of the chi-square test; decides nothing.")
    distance: float | None = Field(description="Kolmogorov and Smirnov's; decides nothing.")
    distance_point: float | None

    @classmethod
    def of(cls, found: SignalDrift) -> "SignalVerdict":
        """Makes the document of what was found."""
        return cls(
            name=found.name,
            level=found.level.value,
            reason=found.reason,
            rows=found.rows,
            reference_rows=found.reference_rows,
            psi=found.psi,
            point=found.point,
            p_value=found.p_value,
            distance=found.distance,
            distance_point=found.distance_point,
        )


class AccuracyVerdict(_Document):
    """Live accuracy by labels that arrived in the window, with Wilson's 95 % interval."""

    right: int
    rows: int
    share: float
    low: float
    high: float


class VariantWindow(_Document):
    """What a window says of one variant."""

    requests: int
    rows: int
    broken: int
    signals: tuple[SignalVerdict, ...]
    estimated_accuracy: float | None = Field(description=ESTIMATE_LIMIT)
    test_accuracy: float | None = Field(description="Of the model on its test split.")
    live_accuracy: AccuracyVerdict | None
    breaches: tuple[str, ...]
    note: str = ""


class WindowVerdict(_Document):
    """A window that is over."""

    start: datetime
    end: datetime
    hours: int = Field(description="Hours of it that could be used: of one version, and captured.")
    false_alarm_rate: float = Field(
        description="Stated: the share of windows without drift that alarm, over all signals of a "
        "variant, at most."
    )
    variants: dict[str, VariantWindow]


class HourQuality(_Document):
    """The document."""

    schema_version: Literal["1.0"] = "1.0"
    endpoint: str
    project: str
    hour: datetime
    state: Literal["reading", "done"]
    runs: int = Field(description="Calls of the watch that it took so far.")
    version: int | None = Field(description="In use; null where it changed in the hour.")
    variants: dict[str, VariantHour]
    labels: LabelsOfHour | None = None
    window: WindowVerdict | None = Field(None, description="Where the hour is a window's last.")
    note: str = ""


class WatchQualityRequest(Payload):
    """The schedule's input: nothing has to be said."""


class WatchQualityResponse(Payload):
    """What was watched: endpoints, hours that are done, windows judged, breaches in them."""

    endpoints: int
    hours: int
    windows: int
    breaches: int
