"""Records with any number of labels are trained, scored and told."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, log_loss
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.training.test_training_outputs import pack_model
from tests.training.tiny import FILLERS, WORDS, Result, TinyJob
from training_image import token_cache
from training_image.data import Split, Tokenizer
from training_image.evaluation import Predictions, score
from training_image.models import load_tokenizer
from training_image.records import Record
from training_image.token_cache import tokenize

pytestmark = pytest.mark.training


def rows_of(count: int, seed: int) -> list[dict[str, Any]]:
    """Sentences with words of none to three labels among fillers."""
    draw = random.Random(seed)
    rows: list[dict[str, Any]] = []
    for number in range(count):
        labels = [label for label in WORDS if draw.random() < 0.4]
        words = draw.choices(FILLERS, k=draw.randint(1, 4))
        words += [word for label in labels for word in draw.choices(WORDS[label], k=2)]
        draw.shuffle(words)
        draw.shuffle(labels)
        rows.append({"id": f"r{number}", "text": " ".join(words), "labels": labels})
    return rows


def make_job(base: Path, base_model: Path, **hyperparameters: str) -> TinyJob:
    told = {"multi_label": "true", "eval_metric": "macro_f1", "batch_tokens": "64"}
    told |= hyperparameters
    sizes = {"train": 400, "validation": 40, "test": 50}
    splits = {name: rows_of(size, seed) for seed, (name, size) in enumerate(sizes.items())}
    return TinyJob.make(base, base_model, splits, **told)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, base_model: Path) -> Result:
    result = make_job(tmp_path_factory.mktemp("multi"), base_model, epochs="5").run_here()
    assert result.code == 0, result.stderr
    return result


def predictions(result: Result) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(result.data / "predictions.parquet").to_pylist()
    return rows


def test_it_learns_which_labels_a_text_has(trained: Result) -> None:
    assert trained.metrics["labels"] == ["mixed", "negative", "positive"]
    assert trained.metrics["test"]["candidate"]["macro_f1"] > 0.8
    config = json.loads((trained.base / "model" / "config.json").read_text())
    assert config["problem_type"] == "multi_label_classification"


def test_the_scores_are_those_of_scikit_learn(trained: Result) -> None:
    labels, rows = trained.metrics["labels"], predictions(trained)

    def hot(column: str) -> np.ndarray[Any, Any]:
        return np.array([[int(label in row[column]) for label in labels] for row in rows])

    truth, said = hot("label"), hot("candidate_label")
    probabilities = np.array([row["candidate_probabilities"] for row in rows])
    loss = np.mean([log_loss(truth[:, i], probabilities[:, i], labels=[0, 1]) for i in range(3)])
    ours = trained.metrics["test"]["candidate"]
    assert (said == (probabilities >= 0.5)).all()
    assert ours["accuracy"] == pytest.approx(accuracy_score(truth, said))
    assert ours["macro_f1"] == pytest.approx(f1_score(truth, said, average="macro"))
    assert ours["loss"] == pytest.approx(loss, rel=1e-4)


def test_the_predictions_have_lists_of_labels(trained: Result) -> None:
    schema = pq.read_schema(trained.data / "predictions.parquet")
    assert [(field.name, str(field.type)) for field in schema] == [
        ("id", "string"),
        ("label", "list<element: string>"),
        ("candidate_label", "list<element: string>"),
        ("candidate_probabilities", "list<element: float>"),
        ("champion_label", "list<element: string>"),
        ("champion_probabilities", "list<element: float>"),
        ("baseline_label", "list<element: string>"),
    ]
    truth = {row["id"]: sorted(row["labels"]) for row in rows_of(50, 2)}
    assert {row["id"]: row["label"] for row in predictions(trained)} == truth
    assert [] in truth.values()


def test_the_saved_model_gives_the_probabilities_of_the_evaluation(trained: Result) -> None:
    folder = trained.base / "model"
    network = AutoModelForSequenceClassification.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    texts = {row["id"]: row["text"] for row in rows_of(50, 2)}
    for row in predictions(trained)[:5]:
        inputs = tokenizer(texts[row["id"]], truncation=True, return_tensors="pt")
        with torch.inference_mode():
            probabilities = network(**inputs).logits.sigmoid()[0].tolist()
        assert probabilities == pytest.approx(row["candidate_probabilities"], abs=1e-6)


def test_weights_for_rare_labels_are_positive_weights(
    trained: Result, base_model: Path, tmp_path: Path
) -> None:
    told = '{"mixed": 1, "negative": 1, "positive": 20}'
    heavy = make_job(tmp_path, base_model, epochs="1", class_weights=told).run_here()
    light = make_job(tmp_path / "light", base_model, epochs="1").run_here()

    def given(result: Result) -> int:
        return sum("positive" in row["candidate_label"] for row in predictions(result))

    assert given(heavy) > given(light)


def test_a_champion_of_the_same_kind_scores_as_it_did_alone(
    trained: Result, base_model: Path, tmp_path: Path
) -> None:
    job = make_job(tmp_path, base_model, epochs="1", seed="9")
    pack_model(trained, tmp_path / "input" / "data" / "champion")
    result = job.run_here()
    assert result.code == 0, result.stderr
    assert result.metrics["test"]["champion"] == trained.metrics["test"]["candidate"]


def test_a_champion_of_the_other_kind_is_refused_before_the_training(
    trained: Result, clean: Result, base_model: Path, tmp_path: Path
) -> None:
    for name, job, champion, sentence in [
        (
            "multi",
            make_job(tmp_path / "multi", base_model, epochs="1"),
            clean,
            "The champion gives a text one label, but this job is for any number of labels",
        ),
        (
            "single",
            TinyJob.make(tmp_path / "single", base_model, epochs="1"),
            trained,
            "The champion gives a text any number of labels, but this job is for one label",
        ),
    ]:
        pack_model(champion, tmp_path / name / "input" / "data" / "champion")
        result = job.run_here()
        assert result.code == 1
        assert result.failure.startswith(sentence)
        assert not result.of("start")


def test_records_that_all_have_no_label_cannot_be_trained_on(
    base_model: Path, tmp_path: Path
) -> None:
    job = make_job(tmp_path, base_model)
    row = json.dumps({"id": "a", "text": "a film", "labels": []})
    for shard in (tmp_path / "input" / "data" / "train").iterdir():
        shard.write_text(row + "\n")
    assert job.run_here().failure == "No record of the training split has a label."


def test_one_label_in_place_of_several_is_refused_with_its_line(
    base_model: Path, tmp_path: Path
) -> None:
    result = TinyJob.make(tmp_path, base_model, multi_label="true").run_here()
    assert result.code == 1
    assert result.failure.startswith(
        "train/part-00000.jsonl line 1 must have a list of strings under 'labels'"
    )


# Scores and cache, without a training


@pytest.fixture(scope="module")
def tokenizer(base_model: Path) -> Tokenizer:
    return load_tokenizer(base_model, 32)[1]


def split_of(labels: list[list[str]], tokenizer: Tokenizer, folder: Path) -> Split:
    rows = [Record(str(i), "film", None, tuple(each), "x") for i, each in enumerate(labels)]
    return tokenize(iter(rows), tokenizer, folder, multi_label=True)


def test_the_truth_is_written_in_blocks_whatever_their_size(
    tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [["c", "a"], [], ["b"], ["a", "b", "c"], [], ["c"]]
    split = split_of(rows, tokenizer, tmp_path / "whole")
    expected = [[int(label in row) for label in "abc"] for row in rows]
    assert split.truth.tolist() == expected
    assert sorted(path.name for path in (tmp_path / "whole").iterdir()) == [
        *["index.json", "offsets.bin", "pair_starts.bin", "tokens.bin", "truth.bin"]
    ]
    monkeypatch.setattr(token_cache, "BLOCK_BYTES", 6)
    assert split_of(rows, tokenizer, tmp_path / "cut").truth.tolist() == expected


def test_labels_that_only_the_champion_knows_are_mistakes(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    split = split_of([["a"], ["a"], ["b"]], tokenizer, tmp_path)
    said = np.log(np.array([[0.9, 0.1, 0.1], [0.9, 0.1, 0.9], [0.1, 0.9, 0.1]], dtype=np.float32))
    scores = score(Predictions(("a", "b", "z"), said, multi_label=True), split)
    assert scores.accuracy == pytest.approx(2 / 3)
    assert scores.loss == pytest.approx(-np.log(0.9), rel=1e-4)
    fewer = score(Predictions(("a",), said[:, :1], multi_label=True), split)
    assert fewer.loss is None
    assert fewer.macro_f1 == pytest.approx(0.5)


def test_a_loss_stays_finite_where_a_probability_is_none_or_all(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    split = split_of([["a"], []], tokenizer, tmp_path)
    said = torch.nn.functional.logsigmoid(torch.tensor([[-200.0], [200.0]])).numpy()
    assert score(Predictions(("a",), said, multi_label=True), split).loss == 100.0
