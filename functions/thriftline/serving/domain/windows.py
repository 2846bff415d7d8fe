"""What an hour's requests add up to, which hours are one window, and when a breach is news.

Windows do not overlap and are judged once, when they are over: whoever looks every hour at the
last 24 hours alarms far more often than the stated share.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import field
from datetime import UTC, datetime, timedelta

from thriftline.core.dataclass import dataclass
from thriftline.evaluation.text_measures import (
    CONFIDENCE_BINS,
    LENGTH_ENDS,
    UNKNOWN_ENDS,
    confidence_bin,
    length_bin,
    unknown_bin,
)
from thriftline.serving.domain.captured_requests import Answer, Observation

# SageMaker writes what it captured some minutes later.
LATENESS = timedelta(minutes=15)
# Hours that were missed are made up for, up to a day.
MOST_HOURS_LATE = 24
# Combinations of labels that are told apart.
_MOST_ANSWERS = 1_000
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class VariantCounts:
    """What the requests of one variant add up to. ``broken`` lines could not be measured."""

    requests: int = 0
    rows: int = 0
    broken: int = 0
    answers: Counter[Answer] = field(default_factory=Counter)
    other_answers: int = 0
    confidence: list[int] = field(default_factory=lambda: [0] * CONFIDENCE_BINS)
    confidence_sum: float = 0.0
    characters: list[int] = field(default_factory=lambda: [0] * (len(LENGTH_ENDS) + 1))
    unknown_words: list[int] = field(default_factory=lambda: [0] * len(UNKNOWN_ENDS))
    truncated: list[int] = field(default_factory=lambda: [0, 0])

    def add(self, seen: Collection[Observation]) -> None:
        """Takes one request in."""
        self.requests += 1
        self.rows += len(seen)
        for one in seen:
            self._add_answer(one)
            if one.characters is not None:
                self.characters[length_bin(one.characters)] += 1
            if one.unknown_words is not None:
                self.unknown_words[unknown_bin(one.unknown_words)] += 1

    def _add_answer(self, one: Observation) -> None:
        if one.answer is not None:
            if one.answer in self.answers or len(self.answers) < _MOST_ANSWERS:
                self.answers[one.answer] += 1
            else:
                self.other_answers += 1
        if one.confidence is not None:
            self.confidence[confidence_bin(one.confidence)] += 1
            self.confidence_sum += one.confidence
        if one.truncated is not None:
            self.truncated[one.truncated] += 1

    def merge(self, other: "VariantCounts") -> None:
        """Takes another hour's counts in."""
        self.requests += other.requests
        self.rows += other.rows
        self.broken += other.broken
        self.answers.update(other.answers)
        self.other_answers += other.other_answers
        self.confidence_sum += other.confidence_sum
        for mine, theirs in (
            (self.confidence, other.confidence),
            (self.characters, other.characters),
            (self.unknown_words, other.unknown_words),
            (self.truncated, other.truncated),
        ):
            mine[:] = [one + another for one, another in zip(mine, theirs, strict=True)]

    @property
    def mean_confidence(self) -> float | None:
        """The mean of all answers that have one."""
        rows = sum(self.confidence)
        return self.confidence_sum / rows if rows else None


def hours_to_watch(last: datetime | None, now: datetime) -> list[datetime]:
    """Returns the hours that are over and not done, the oldest first; of a new endpoint the last.

    ``last`` is the hour that was done last.
    """
    newest = (now.astimezone(UTC) - LATENESS).replace(minute=0, second=0, microsecond=0)
    newest -= timedelta(hours=1)
    if last is None:
        return [newest]
    first = max(last + timedelta(hours=1), newest - timedelta(hours=MOST_HOURS_LATE - 1))
    count = int((newest - first) / timedelta(hours=1)) + 1
    return [first + timedelta(hours=number) for number in range(max(0, count))]


def window_that_ends(hour: datetime, window_hours: int) -> tuple[datetime, datetime] | None:
    """Returns the window whose last hour this is, None within a window."""
    number = int((hour - _BEGINNING) / timedelta(hours=1)) + 1
    if number % window_hours:
        return None
    end = hour + timedelta(hours=1)
    return end - timedelta(hours=window_hours), end


@dataclass(frozen=True)
class BreachNews:
    """What changed: ``opened`` is worth a message, ``still`` was told before."""

    opened: tuple[str, ...]
    still: Mapping[str, str]
    ended: tuple[str, ...]

    def open(self, since: datetime) -> dict[str, str]:
        """Returns all breaches that are open now, with the time since when."""
        return {**self.still, **dict.fromkeys(self.opened, since.isoformat())}


def news_of(
    former: Mapping[str, str], found: Collection[str], unknown: Collection[str]
) -> BreachNews:
    """Compares a window's breaches with those that were open.

    What a window could not judge stays as it was: silence does not end a breach.
    """
    return BreachNews(
        opened=tuple(one for one in sorted(found) if one not in former),
        still={one: since for one, since in former.items() if one in found or one in unknown},
        ended=tuple(one for one in sorted(former) if one not in found and one not in unknown),
    )
