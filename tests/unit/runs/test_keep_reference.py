"""The reference of a registered model: what the test split looked like, without a text in it."""

import json
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from tests.unit.evaluation.job_outputs import archive, label_sets, metrics, parquet, rows, set_row
from tests.unit.runs.finished_run import JOB, NOW, RUN_ID, World, world
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.evaluation.reference_document import Reference
from thriftline.evaluation.text_measures import LENGTH_ENDS, words_of
from thriftline.runs.steps.evaluate_run import evaluate_run
from thriftline.runs.steps.registered_reference import reference_in_registry

KEY = f"training/{RUN_ID}/reference.json"


@pytest.fixture
def here() -> Iterator[World]:
    with world() as made:
        yield made


def _put_split(here: World, split: str, records: list[dict[str, Any]], shards: int = 1) -> None:
    for shard in range(shards):
        lines = b"".join(orjson.dumps(one) + b"\n" for one in records[shard::shards])
        here.artifacts.write(
            f"scratch/{RUN_ID}/splits/{split}/{shard:05d}.jsonl", lines, "application/jsonlines"
        )


def _evaluated(here: World, output: bytes, **run: Any) -> Reference:
    here.put_run(**run)
    here.put_planned(labels=("a", "b", "c") if run else ("negative", "positive"))
    here.put_output("output.tar.gz", output)
    evaluate_run(
        RUN_ID, JOB, artifacts=here.artifacts, trainers=trainers_over(here.artifacts), now=NOW
    )
    return Reference.model_validate(here.artifacts.read_json(KEY))


def _one_label(wrong: int = 10) -> bytes:
    return archive(
        metrics=json.dumps(metrics(1 - wrong / 100)).encode(), predictions=parquet(rows(100, wrong))
    )


def test_a_reference_counts_what_the_model_says_of_the_test_split(here: World) -> None:
    found = _evaluated(here, _one_label())
    assert found.run_id == RUN_ID
    assert found.rows == 100
    assert found.accuracy == 0.9
    assert sum(one.rows for one in found.answers) + found.other_answers == 100
    assert {label for one in found.answers for label in one.labels} <= set(found.labels)
    assert found.confidence is not None
    assert sum(found.confidence) == 100
    assert found.mean_confidence is not None
    assert 0.5 <= found.mean_confidence <= 1


def test_texts_are_measured_beside_the_words_of_the_training_split(here: World) -> None:
    _put_split(here, "train", [{"id": f"{n}", "text": "a warm film"} for n in range(5)], shards=2)
    test = [{"id": "x", "text": "a warm film"}, {"id": "y", "text": "stiff", "text_pair": "odd"}]
    _put_split(here, "test", test)
    found = _evaluated(here, _one_label())

    assert found.text_rows == 2
    assert sum(found.characters) == 2
    assert found.characters[LENGTH_ENDS.index(11)] == 2
    assert found.unknown_words[0] == 1
    assert found.unknown_words[-1] == 1
    assert set(found.vocabulary.words) == set(words_of("a warm film"))
    assert found.vocabulary.texts == 5


def test_no_word_of_few_texts_and_no_text_is_kept(here: World) -> None:
    texts = [{"id": f"{n}", "text": "a film by Hildegard"} for n in range(2)]
    _put_split(here, "train", texts)
    _put_split(here, "test", texts)
    found = _evaluated(here, _one_label())
    assert found.vocabulary.words == ()
    body = here.artifacts.read(KEY)
    assert body is not None
    assert b"ildegard" not in body
    assert b"film" not in body


def test_several_labels_are_counted_as_sets(here: World) -> None:
    records = [
        set_row(number, ["a", "b"], ["a", "b"] if number < 60 else ["a"]) for number in range(100)
    ]
    told = metrics(0.6, labels=["a", "b", "c"])
    output = archive(metrics=json.dumps(told).encode(), predictions=label_sets(records))
    found = _evaluated(here, output, task="multi-label-classification")
    assert [(one.labels, one.rows) for one in found.answers] == [(("a", "b"), 60), (("a",), 40)]
    assert found.multi_label
    assert found.confidence is not None
    assert sum(found.confidence) == 100


def test_the_registry_names_a_reference_that_exists(here: World) -> None:
    assert reference_in_registry(RUN_ID, here.artifacts) == {}
    _evaluated(here, _one_label())
    named = reference_in_registry(RUN_ID, here.artifacts)
    assert named == {"reference": here.artifacts.uri(KEY)}
