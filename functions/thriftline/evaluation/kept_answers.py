"""What a model said of its run's test records, kept to compare a later model with it.

Another way to train cannot ask the champion. But where a record of its run's test split is in the
later one too, its answer is known: it is found by what stands for the record's text.
"""

import io
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from arro3.core import Array, DataType, Field, Schema, Table
from arro3.io import read_parquet, write_parquet

from thriftline.core.dataclass import dataclass
from thriftline.evaluation.cells import Batch
from thriftline.evaluation.evaluator import EvaluationResult, EvaluationSettings, Evaluator
from thriftline.evaluation.reading_parquet import readable

_COLUMNS = {"digest": DataType.uint64(), "label": DataType.utf8(), "said": DataType.utf8()}


@dataclass(frozen=True)
class KeptAnswer:
    """A record's label, and what the model said of it; None for nothing that is a label."""

    label: str
    said: str | None


def to_bytes(answers: Mapping[int, KeptAnswer]) -> bytes:
    """Returns the answers by what stands for their texts, as a file."""
    columns = (list(answers), [one.label for one in answers.values()])
    said = [one.said for one in answers.values()]
    table = Table.from_arrays(
        [
            Array(values, kind)
            for values, kind in zip((*columns, said), _COLUMNS.values(), strict=True)
        ],
        schema=Schema([Field(name, kind) for name, kind in _COLUMNS.items()]),
    )
    target = io.BytesIO()
    write_parquet(table, target, compression="zstd(1)")
    return target.getvalue()


def from_bytes(body: bytes) -> dict[int, KeptAnswer]:
    """Reads what ``to_bytes`` wrote.

    Raises:
        EvaluationError: it is something else.
    """
    found: dict[int, KeptAnswer] = {}
    with readable("The champion's kept answers"):
        for batch in read_parquet(io.BytesIO(body)):
            columns = [batch[name].to_pylist() for name in _COLUMNS]
            for digest, label, said in zip(*columns, strict=True):
                found[digest] = KeptAnswer(label, said)
    return found


class AgainstKept:
    """Compares a candidate with a champion's kept answers, on the records that both have."""

    def __init__(
        self,
        labels: tuple[str, ...],
        kept: Mapping[int, KeptAnswer],
        digests: Mapping[str, int],
    ) -> None:
        self._index = {label: number for number, label in enumerate(labels)}
        self._kept = kept
        self._digests = digests
        self._evaluator = Evaluator(labels, with_champion=True)
        self.records = 0

    def add(self, batch: Batch) -> None:
        """Takes the records of a batch that the champion was asked, with the same label."""
        answers = [self._answer(name) for name in batch.ids]
        chosen = np.array(
            [
                place
                for place, (one, truth) in enumerate(
                    zip(answers, batch.truth.tolist(), strict=True)
                )
                if one is not None and self._index.get(one.label) == truth
            ],
            dtype=np.int64,
        )
        if not len(chosen):
            return
        said = [self._said(answers[place]) for place in chosen.tolist()]
        probabilities = batch.candidate_probabilities
        self._evaluator.add(
            replace(
                batch,
                truth=batch.truth[chosen],
                candidate=batch.candidate[chosen],
                candidate_probabilities=None if probabilities is None else probabilities[chosen],
                champion=np.array(said, dtype=np.int64),
                ids=(),
            )
        )
        self.records += len(chosen)

    def _said(self, answer: KeptAnswer | None) -> int:
        """Returns the label's number; the one past the last is no answer, the next another word."""
        missing = len(self._index)
        if answer is None or answer.said is None:
            return missing
        return self._index.get(answer.said, missing + 1)

    def _answer(self, name: str) -> KeptAnswer | None:
        digest = self._digests.get(name)
        return None if digest is None else self._kept.get(digest)

    def result(self, settings: EvaluationSettings) -> EvaluationResult:
        """Returns how both do on these records; there must be one."""
        found = self._evaluator.result(settings)
        assert found.comparison is not None
        comparison = found.comparison.model_copy(update={"records": self.records})
        return replace(found, comparison=comparison)
