"""What a finished job leaves, and that it says the truth."""

import json
import math
import re
import tarfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.training.tiny import Result, TinyJob, records, write_shards

pytestmark = pytest.mark.training
STEP_KEYS = ["step", "epoch", "loss", "learning_rate", "samples_per_second", "tokens_per_second"]
EVALUATION_KEYS = ["step", "epoch", "validation_accuracy", "validation_macro_f1", "validation_loss"]


def predictions(result: Result) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(result.data / "predictions.parquet").to_pylist()
    return rows


def pack_model(result: Result, channel: Path) -> None:
    channel.mkdir(parents=True)
    with tarfile.open(channel / "model.tar.gz", "w:gz") as archive:
        for path in sorted((result.base / "model").iterdir()):
            archive.add(path, path.name)


def test_a_job_leaves_exactly_the_files_of_the_contract(clean: Result) -> None:
    left = {str(p.relative_to(clean.base)) for p in clean.base.rglob("*") if p.is_file()}
    assert {name for name in left if not name.startswith("input/")} == {
        "model/config.json",
        "model/model.safetensors",
        "model/tokenizer.json",
        "model/tokenizer_config.json",
        "output/data/history.jsonl",
        "output/data/metrics.json",
        "output/data/predictions.parquet",
    }


def test_the_model_learned_its_task(clean: Result) -> None:
    assert clean.metrics["test"]["candidate"]["accuracy"] > 0.8


def test_metrics_have_the_shape_that_the_contract_names(clean: Result) -> None:
    metrics = clean.metrics
    assert metrics["labels"] == ["negative", "positive"]
    assert metrics["champion_labels"] is None
    assert list(metrics["train"]) == [
        *["samples", "tokens", "steps", "epochs_run", "seconds"],
        *["final_loss", "best_epoch", "resumed_from_step", "method", "temperature"],
    ]
    assert metrics["train"]["samples"] == 4 * 160
    assert metrics["train"]["resumed_from_step"] is None
    assert set(metrics["validation"]) == {"accuracy", "macro_f1", "loss"}
    assert set(metrics["test"]["candidate"]) == {"accuracy", "macro_f1", "loss"}
    assert metrics["test"]["champion"] is None
    assert metrics["model"]["base_model"] == "tiny-bert"
    assert metrics["model"]["architecture"] == "BertForSequenceClassification"
    assert set(metrics["software"]) == {"torch", "transformers"}


def test_metrics_agree_with_scikit_learn_on_the_predictions(clean: Result) -> None:
    rows = predictions(clean)
    truth = [row["label"] for row in rows]
    said = [row["candidate_label"] for row in rows]
    loss = sum(
        -math.log(row["candidate_probabilities"][clean.metrics["labels"].index(row["label"])])
        for row in rows
    )
    ours = clean.metrics["test"]["candidate"]
    assert ours["accuracy"] == pytest.approx(accuracy_score(truth, said))
    assert ours["macro_f1"] == pytest.approx(f1_score(truth, said, average="macro"))
    assert ours["loss"] == pytest.approx(loss / len(rows), rel=1e-5)


def test_predictions_name_every_test_record_once(clean: Result) -> None:
    rows = predictions(clean)
    assert sorted(row["id"] for row in rows) == sorted(row["id"] for row in records(60, 3))
    for row in rows:
        assert sum(row["candidate_probabilities"]) == pytest.approx(1, abs=1e-5)
        assert row["champion_label"] is None
        assert row["champion_probabilities"] is None
    schema = pq.read_schema(clean.data / "predictions.parquet")
    assert [(field.name, str(field.type)) for field in schema] == [
        ("id", "string"),
        ("label", "string"),
        ("candidate_label", "string"),
        ("candidate_probabilities", "list<element: float>"),
        ("champion_label", "string"),
        ("champion_probabilities", "list<element: float>"),
        ("baseline_label", "string"),
    ]


def test_the_saved_model_gives_the_probabilities_of_the_evaluation(clean: Result) -> None:
    folder = clean.base / "model"
    network = AutoModelForSequenceClassification.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert network.config.id2label == {0: "negative", 1: "positive"}
    assert tokenizer.model_max_length == 32
    texts = {row["id"]: row["text"] for row in records(60, 3)}
    for row in predictions(clean)[:10]:
        inputs = tokenizer(texts[row["id"]], truncation=True, return_tensors="pt")
        with torch.inference_mode():
            probabilities = network(**inputs).logits.softmax(dim=1)[0].tolist()
        assert probabilities == pytest.approx(row["candidate_probabilities"], abs=1e-6)


def test_the_history_is_what_was_printed(clean: Result) -> None:
    kinds = {"step": STEP_KEYS, "evaluation": EVALUATION_KEYS}
    printed = [each for each in clean.events if each["event"] in kinds]
    assert len(printed) == len(clean.history)
    for event, line in zip(printed, clean.history, strict=True):
        assert list(line) == [*kinds[event["event"]], "seconds"]
        assert line.items() <= event.items()
    assert [line["step"] for line in clean.of("step")][::1][0] == 1
    assert {"total_steps", "seconds_left"} <= set(clean.of("step")[0])


def test_metric_definitions_find_numbers_in_the_lines_of_steps_alone(clean: Result) -> None:
    for event in clean.events:
        found = re.findall(
            r'"(?:loss|learning_rate)":\s*(-?[0-9.]+(?:[eE][+-]?[0-9]+)?)', json.dumps(event)
        )
        assert bool(found) == (event["event"] == "step")


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(
    clean: Result, base_model: Path, tmp_path: Path
) -> None:
    again = TinyJob.make(tmp_path / "again", base_model).run_here()
    other = TinyJob.make(tmp_path / "other", base_model, seed="8").run_here()
    assert again.weights == clean.weights
    assert other.weights != clean.weights


def test_a_champion_scores_beside_the_candidate_as_it_did_alone(
    clean: Result, base_model: Path, tmp_path: Path
) -> None:
    job = TinyJob.make(tmp_path, base_model, seed="9", epochs="1", max_length="16")
    pack_model(clean, tmp_path / "input" / "data" / "champion")
    result = job.run_here()
    assert result.code == 0, result.stderr
    assert result.metrics["champion_labels"] == clean.metrics["labels"]
    assert result.metrics["test"]["champion"] == clean.metrics["test"]["candidate"]
    alone = {row["id"]: row for row in predictions(clean)}
    for row in predictions(result):
        assert row["champion_label"] == alone[row["id"]]["candidate_label"]
        assert row["champion_probabilities"] == alone[row["id"]]["candidate_probabilities"]


def test_a_champion_of_other_labels_is_compared_by_their_names(
    clean: Result, base_model: Path, tmp_path: Path
) -> None:
    labels = ("mixed", "negative", "positive")
    splits = {
        "train": records(90, 1, labels),
        "validation": records(30, 2, labels),
        "test": records(60, 3, labels),
    }
    job = TinyJob.make(tmp_path, base_model, splits, epochs="1")
    pack_model(clean, tmp_path / "input" / "data" / "champion")
    result = job.run_here()
    rows = predictions(result)
    right = sum(row["champion_label"] == row["label"] for row in rows)
    champion = result.metrics["test"]["champion"]
    assert result.metrics["labels"] == list(labels)
    assert result.metrics["champion_labels"] == ["negative", "positive"]
    assert champion["accuracy"] == pytest.approx(right / 60)
    assert 0.4 < champion["accuracy"] <= 2 / 3
    assert champion["loss"] is None, "it gives no probability to a label that it does not know"


def test_many_labels_and_pairs_of_texts_are_learned(base_model: Path, tmp_path: Path) -> None:
    labels = [str(number) for number in range(12)]
    splits = {
        "train": records(120, 1, labels, pairs=True),
        "validation": records(24, 2, labels, pairs=True),
        "test": records(24, 3, labels, pairs=True),
    }
    job = TinyJob.make(tmp_path, base_model, splits, epochs="1", text_pair="true")
    result = job.run_here()
    assert result.code == 0, result.stderr
    assert result.metrics["labels"] == sorted(labels)
    network = AutoModelForSequenceClassification.from_pretrained(tmp_path / "model")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    by_id = {row["id"]: row for row in splits["test"]}
    for row in predictions(result)[:5]:
        record = by_id[row["id"]]
        inputs = tokenizer(record["text"], record["text_pair"], return_tensors="pt")
        assert inputs["token_type_ids"].sum() > 0
        with torch.inference_mode():
            probabilities = network(**inputs).logits.softmax(dim=1)[0].tolist()
        assert probabilities == pytest.approx(row["candidate_probabilities"], abs=1e-6)


def test_training_stops_when_patience_runs_out_and_keeps_the_best_weights(
    base_model: Path, tmp_path: Path
) -> None:
    job = TinyJob.make(tmp_path, base_model, epochs="30", patience="2")
    # Labels without relation to the texts: validation cannot go on getting better.
    rows = records(40, 2)
    for number, row in enumerate(rows):
        row["label"] = ["negative", "positive"][number // 2 % 2]
    for shard in (tmp_path / "input" / "data" / "validation").iterdir():
        shard.unlink()
    write_shards(tmp_path / "input" / "data" / "validation", rows)
    result = job.run_here()
    evaluations = result.of("evaluation")
    best = max(evaluations, key=lambda e: (e["validation_accuracy"], -e["validation_loss"]))
    assert result.metrics["train"]["epochs_run"] < 30
    assert evaluations.index(best) == len(evaluations) - 3
    assert result.metrics["train"]["best_epoch"] == best["epoch"]
    assert result.metrics["validation"]["loss"] == best["validation_loss"]


def test_label_smoothing_and_warm_up_change_what_is_trained(
    clean: Result, base_model: Path, tmp_path: Path
) -> None:
    smoothed = TinyJob.make(tmp_path / "a", base_model, epochs="1", label_smoothing="0.2")
    warmed = TinyJob.make(tmp_path / "b", base_model, epochs="1", warmup_fraction="0.5")
    first = [job.run_here().of("step")[0] for job in (smoothed, warmed)]
    assert first[0]["loss"] != clean.of("step")[0]["loss"]
    assert first[1]["learning_rate"] < clean.of("step")[0]["learning_rate"]
