"""A model's reference beside a window's counts: the signals that drift is looked for in."""

from thriftline.core.dataclass import dataclass
from thriftline.serving.domain.captured_requests import Answer
from thriftline.serving.domain.drift import Signal
from thriftline.serving.domain.windows import VariantCounts


@dataclass(frozen=True)
class ModelReference:
    """How the test split looked to a model; ``reference.json`` says more of each.

    What is not known is None.
    """

    run_id: str
    accuracy: float
    answers: tuple[tuple[Answer, int], ...]
    other_answers: int
    confidence: tuple[int, ...] | None
    characters: tuple[int, ...]
    unknown_words: tuple[int, ...]
    truncated: tuple[int, int] | None
    vocabulary: frozenset[int]


def signals_of(reference: ModelReference, counts: VariantCounts) -> tuple[Signal, ...]:
    """Returns what both know; a signal that one of them does not have is left out."""
    signals = [
        _labels(reference, counts),
        Signal("confidence", reference.confidence or (), tuple(counts.confidence), ordered=True),
        Signal("text_length", reference.characters, tuple(counts.characters), ordered=True),
        Signal("unknown_words", reference.unknown_words, tuple(counts.unknown_words), ordered=True),
        Signal("truncated", reference.truncated or (), tuple(counts.truncated), ordered=False),
    ]
    return tuple(one for one in signals if any(one.reference) and any(one.current))


def _labels(reference: ModelReference, counts: VariantCounts) -> Signal:
    named = [answer for answer, _ in reference.answers]
    others = counts.other_answers + sum(
        rows for answer, rows in counts.answers.items() if answer not in set(named)
    )
    return Signal(
        "labels",
        (*(rows for _, rows in reference.answers), reference.other_answers),
        (*(counts.answers[answer] for answer in named), others),
        ordered=False,
    )
