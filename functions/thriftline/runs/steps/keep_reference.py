"""Keeps how the test split looked, so that what an endpoint is asked later can be compared."""

from collections.abc import Iterator
from datetime import datetime

import orjson

from thriftline.core.aws.buckets import Bucket
from thriftline.evaluation.evaluator import EvaluationResult
from thriftline.evaluation.reference import (
    AnswerCounts,
    TextCounts,
    VocabularyCounts,
    reference_of,
)
from thriftline.evaluation.text_measures import one_text
from thriftline.runs.domain.layout import split_prefix
from thriftline.runs.schemas.run import Run
from thriftline.runs.steps.registered_reference import reference_key

# Read of each split: enough texts for any share, and seconds of work.
_MOST_BYTES = 24 * 1024**2
_MOST_SHARDS = 48


def keep_reference(
    run: Run, said: AnswerCounts, evaluated: EvaluationResult, artifacts: Bucket, now: datetime
) -> None:
    """Writes ``training/{run_id}/reference.json``, of a sample where the splits are large."""
    counted = VocabularyCounts()
    for text in _texts(run.run_id, "train", artifacts):
        counted.add(text)
    vocabulary = counted.vocabulary()
    texts = TextCounts(vocabulary.words)
    for text in _texts(run.run_id, "test", artifacts):
        texts.add(text)
    document = reference_of(
        (run.run_id, run.project),
        said,
        texts,
        vocabulary,
        multi_label=run.spec.multi_label,
        accuracy=evaluated.candidate.accuracy,
        now=now,
    )
    artifacts.write_json(reference_key(run.run_id), document.model_dump_json())


def _texts(run_id: str, split: str, artifacts: Bucket) -> Iterator[str]:
    """Yields the texts of a split; of a large one from the beginning of shards all over it."""
    shards = [one for one in artifacts.list(split_prefix(run_id, split)) if one.size]
    chosen = shards[:: -(-len(shards) // _MOST_SHARDS)] if shards else []
    for shard in chosen:
        length = _MOST_BYTES // len(chosen)
        found = artifacts.read_current(shard.key, length)
        lines = found.body.split(b"\n") if found else []
        # The last one is cut, or empty.
        for line in lines[:-1]:
            record = orjson.loads(line)
            yield one_text(record["text"], record.get("text_pair"))
