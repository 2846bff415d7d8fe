"""Builds a model's reference, batch after batch, in memory that does not grow with the data."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

import numpy as np

from thriftline.evaluation.cells import Batch, FloatArray
from thriftline.evaluation.label_sets import SetBatch
from thriftline.evaluation.reference_document import (
    MOST_NAMED,
    MOST_WORDS,
    AnswerRows,
    Reference,
    Vocabulary,
)
from thriftline.evaluation.text_measures import (
    CONFIDENCE_BINS,
    LENGTH_ENDS,
    UNKNOWN_ENDS,
    confidence_bin,
    length_bin,
    unknown_bin,
    unknown_share,
    words_of,
)

# A word of fewer texts may be a name or a number: it stands for somebody, and says nothing.
_LEAST_TEXTS = 3
# Words that are counted at a time; the rarest go when there are more.
_MOST_COUNTED = 200_000
# Combinations of labels that are counted; what comes later is counted together.
_MOST_SETS = 10_000
Answer = tuple[str, ...]


class AnswerCounts:
    """What a model says of the test split."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.labels = labels
        self._sets: Counter[Answer] = Counter()
        self._bins = [0] * CONFIDENCE_BINS
        self._confidence = 0.0
        self.rows = 0

    def add(self, batch: Batch) -> None:
        """Takes test records with one label each."""
        self.rows += len(batch.truth)
        places, counts = np.unique(batch.candidate, return_counts=True)
        for place, count in zip(places.tolist(), counts.tolist(), strict=True):
            if place < len(self.labels):
                self._sets[(self.labels[place],)] += count
        if batch.candidate_probabilities is not None:
            self._add_confidence(batch.candidate_probabilities.max(axis=1))

    def add_label_sets(self, batch: SetBatch) -> None:
        """Takes test records with any number of labels."""
        said = batch.candidate
        self.rows += len(said.missing)
        for given in said.given[~said.missing].tolist():
            answer = tuple(label for label, has in zip(self.labels, given, strict=True) if has)
            if answer in self._sets or len(self._sets) < _MOST_SETS:
                self._sets[answer] += 1
        if said.probabilities is not None:
            sure = np.maximum(said.probabilities, 1 - said.probabilities)
            self._add_confidence(sure.mean(axis=1))

    def _add_confidence(self, confidence: FloatArray) -> None:
        for one in confidence[~np.isnan(confidence)].tolist():
            self._bins[confidence_bin(one)] += 1
            self._confidence += one

    def answers(self) -> tuple[AnswerRows, ...]:
        """Returns the most frequent answers."""
        order = sorted(self._sets.items(), key=lambda one: (-one[1], one[0]))
        return tuple(AnswerRows(labels=said, rows=rows) for said, rows in order[:MOST_NAMED])

    @property
    def confidence(self) -> tuple[int, ...] | None:
        """Rows by confidence; None where no record has probabilities."""
        return tuple(self._bins) if any(self._bins) else None

    @property
    def mean_confidence(self) -> float | None:
        """The mean of all records that have probabilities."""
        rows = sum(self._bins)
        return self._confidence / rows if rows else None


class VocabularyCounts:
    """The frequent words of the training split."""

    def __init__(self) -> None:
        self._texts = 0
        self._words: Counter[int] = Counter()

    def add(self, text: str) -> None:
        """Takes one text; a word counts once of it."""
        self._texts += 1
        self._words.update(set(words_of(text)))
        if len(self._words) > 2 * _MOST_COUNTED:
            self._words = Counter(dict(self._words.most_common(_MOST_COUNTED)))

    def vocabulary(self) -> Vocabulary:
        """Returns the words that several texts have."""
        order = sorted(self._words.items(), key=lambda one: (-one[1], one[0]))
        kept = [one for one in order[:MOST_WORDS] if one[1] >= _LEAST_TEXTS]
        return Vocabulary(
            texts=self._texts,
            words=tuple(word for word, _ in kept),
            counts=tuple(count for _, count in kept),
        )


class TextCounts:
    """How the test texts look, beside the training's vocabulary."""

    def __init__(self, vocabulary: Iterable[int]) -> None:
        self._vocabulary = frozenset(vocabulary)
        self.characters = [0] * (len(LENGTH_ENDS) + 1)
        self.unknown = [0] * len(UNKNOWN_ENDS)
        self.rows = 0

    def add(self, text: str) -> None:
        """Takes one text, or both of a pair in one."""
        self.rows += 1
        self.characters[length_bin(len(text))] += 1
        share = unknown_share(text, self._vocabulary)
        if share is not None:
            self.unknown[unknown_bin(share)] += 1


def reference_of(
    run: tuple[str, str],
    answers: AnswerCounts,
    texts: TextCounts,
    vocabulary: Vocabulary,
    *,
    multi_label: bool,
    accuracy: float,
    now: datetime,
) -> Reference:
    """Returns the document; ``run`` is the run's id and its project."""
    listed = answers.answers()
    return Reference(
        run_id=run[0],
        project=run[1],
        made_at=now,
        rows=answers.rows,
        accuracy=accuracy,
        labels=answers.labels,
        multi_label=multi_label,
        answers=listed,
        other_answers=answers.rows - sum(one.rows for one in listed),
        confidence=answers.confidence,
        mean_confidence=answers.mean_confidence,
        text_rows=texts.rows,
        characters=tuple(texts.characters),
        tokens=None,
        truncated=None,
        unknown_words=tuple(texts.unknown),
        vocabulary=vocabulary,
    )
