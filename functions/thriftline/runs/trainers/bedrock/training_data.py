"""Writes what a job reads, and what its model will be asked, from the prepared splits.

A split is read record by record: to count its labels, to draw the sample, to write it. Neither the
split nor the file is ever in memory as a whole.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import IO

import orjson

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.runs.domain.layout import split_prefix
from thriftline.runs.trainers.bedrock.answer_parts import Question
from thriftline.runs.trainers.bedrock.families import BaseModel, Customization
from thriftline.runs.trainers.bedrock.prompt import MOST_EXAMPLES, Example, user_text
from thriftline.runs.trainers.bedrock.sampling import rank, sample, shares
from thriftline.runs.trainers.bedrock.training_file import Record, Tally, TrainingFile

# A worked example of this many characters costs more than it shows.
_LONGEST_EXAMPLE = 1_000


@dataclass(frozen=True)
class SplitSample:
    """The ids that are taken of a split, of how many records."""

    ids: frozenset[str]
    of: int


class PreparedSplits:
    """The canonical shards of a run's splits."""

    def __init__(self, artifacts: Bucket, run_id: str) -> None:
        self._artifacts = artifacts
        self._run_id = run_id

    def records(self, split: str) -> Iterator[Record]:
        """Yields a split's records in the order of its shards."""
        for shard in self._artifacts.list(split_prefix(self._run_id, split)):
            with tempfile.TemporaryFile() as body:
                self._artifacts.download(shard.key, body)
                body.seek(0)
                for line in body:
                    yield Record.of(orjson.loads(line))

    def drawn(self, split: str, most: int, seed: int) -> SplitSample:
        """Returns a stratified, seeded sample of a split."""
        counts = Counter(record.label for record in self.records(split))
        sizes = shares(counts, most)
        chosen = sample(((one.id, one.label) for one in self.records(split)), sizes, seed)
        return SplitSample(chosen, sum(counts.values()))

    def taken(self, split: str, chosen: SplitSample) -> Iterator[Record]:
        """Yields the records of a sample."""
        return (record for record in self.records(split) if record.id in chosen.ids)


def write_training_file(
    target: IO[bytes],
    records: Iterator[Record],
    model: BaseModel,
    system: str,
    words: Mapping[str, str],
    customization: Customization = "fine_tuning",
) -> Tally:
    """Writes the lines of a training or validation file, and returns what it counted.

    Raises:
        InvalidRunSpecError: a record is longer than the base model takes.
    """
    file = TrainingFile(model, system, words, customization)
    for record in records:
        line = file.line(record)
        if line is not None:
            target.write(line)
    return file.tally


def questions_of(records: Iterator[Record], seed: int) -> list[Question]:
    """Returns what is asked, in a seeded order: however far an evaluation comes, it is a sample.

    A text without a character is left out: Converse refuses it.
    """
    found = [Question(one.id, one.label, user_text(one.text, one.text_pair)) for one in records]
    asked = [one for one in found if one.text.strip()]
    return sorted(asked, key=lambda one: (rank(one.id, seed), one.id))


class ExampleChoice:
    """Chooses worked examples from records that pass by on their way into the training file."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._first: dict[str, tuple[int, Example]] = {}

    def watch(self, records: Iterator[Record]) -> Iterator[Record]:
        """Yields the records as they are."""
        for record in records:
            self._weigh(record)
            yield record

    @property
    def chosen(self) -> tuple[Example, ...]:
        """One of each label, of the first labels in the order of the seed."""
        ordered = sorted(self._first.values(), key=lambda pair: pair[0])
        return tuple(example for _, example in ordered[:MOST_EXAMPLES])

    def _weigh(self, record: Record) -> None:
        text, place = user_text(record.text, record.text_pair), rank(record.id, self._seed)
        known = self._first.get(record.label)
        if _is_short(text) and (known is None or place < known[0]):
            self._first[record.label] = (place, Example(text, record.label))


def _is_short(text: str) -> bool:
    return bool(text.strip()) and len(text) <= _LONGEST_EXAMPLE
