"""What both models answered to the same requests, and what labels say of it.

One text of a request counts, its first: texts that a caller sent together are no independent ones.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping

from thriftline.core.dataclass import dataclass
from thriftline.serving.domain.captured_requests import (
    Answer,
    UnreadableCaptureError,
    read_capture,
    texts_and_answers,
)
from thriftline.serving.domain.e_test import Counts
from thriftline.serving.domain.mcnemar import Decisive
from thriftline.serving.domain.stickiness import is_pinned


@dataclass(frozen=True, slots=True)
class Answered:
    """What one model answered to the first text of a request."""

    request: str
    answer: Answer
    text: str


def read_answered(line: bytes) -> Answered | None:
    """Reads a captured line; None where it says no answer, or the caller chose the variant."""
    try:
        capture = read_capture(line)
        texts, answers = texts_and_answers(capture)
    except UnreadableCaptureError:
        return None
    if is_pinned(capture.inference_id) or not texts or not answers:
        return None
    return Answered(capture.inference_id or capture.event_id, answers[0], texts[0])


@dataclass(frozen=True, slots=True)
class Pair:
    """One text and both answers."""

    request: str
    text: str
    champion: Answer
    challenger: Answer

    @property
    def differs(self) -> bool:
        """Whether the models disagree; of several labels the order says nothing."""
        return sorted(self.champion) != sorted(self.challenger)


def pairs_of(champion: Mapping[str, Answered], challenger: Iterable[Answered]) -> Iterator[Pair]:
    """Yields the requests that both answered, each once."""
    seen = set()
    for other in challenger:
        own = champion.get(other.request)
        if own is not None and other.request not in seen:
            seen.add(other.request)
            yield Pair(own.request, own.text, own.answer, other.answer)


def judged(
    disagreements: Iterable[tuple[str, Answer, Answer]], labels: Mapping[str, Answer]
) -> tuple[Decisive, int]:
    """Returns who is right where labels are there, and how often neither is.

    Args:
        disagreements: request, the champion's answer, the challenger's.
        labels: by request.
    """
    champion = challenger = neither = 0
    for request, one, other in disagreements:
        truth = labels.get(request)
        if truth is None:
            continue
        if sorted(one) == sorted(truth):
            champion += 1
        elif sorted(other) == sorted(truth):
            challenger += 1
        else:
            neither += 1
    return Decisive(champion, challenger), neither


@dataclass(frozen=True, slots=True)
class Said:
    """What one variant answered to a request, while the challenger's share was ``share``."""

    request: str
    is_challenger: bool
    answer: Answer
    share: float

    def line(self) -> str:
        """Returns it as a line of the experiment's own list, without the text."""
        return json.dumps([self.request, self.is_challenger, self.answer, self.share])


def read_said(line: str) -> Said:
    """Reads such a line."""
    request, is_challenger, answer, share = json.loads(line)
    return Said(request, is_challenger, tuple(answer), share)


@dataclass(frozen=True, slots=True)
class LabelledBatch:
    """Labelled answers of one split; a wrong one is a mistake."""

    share: float
    champion: Counts
    challenger: Counts


def batches_of(
    said: Iterable[Said], labels: Mapping[str, Answer]
) -> tuple[tuple[LabelledBatch, ...], tuple[str, ...]]:
    """Returns a batch for each labelled request, and the requests that were counted.

    A batch is judged by what came before it, so that all labels of a file in one would prove
    nothing. The order is that of a digest of the ids, which knows neither variant nor label: in it
    the variants are still drawn with the known weight. Of an id that a caller used twice the first
    answer counts.
    """
    counted: dict[str, Said] = {}
    for one in said:
        if one.request in labels:
            counted.setdefault(one.request, one)
    ordered = sorted(counted.values(), key=lambda one: _digest(one.request))
    return tuple(_batch(one, labels[one.request]) for one in ordered), tuple(counted)


def _digest(request: str) -> bytes:
    return hashlib.sha256(request.encode("utf-8", "surrogatepass")).digest()


def _batch(one: Said, truth: Answer) -> LabelledBatch:
    counts = Counts(1, int(sorted(one.answer) != sorted(truth)))
    pair = (Counts(), counts) if one.is_challenger else (counts, Counts())
    return LabelledBatch(one.share, *pair)
