"""A fine-tuning that begins with a fitted head: where it starts, what it leaves, how it stops."""

import json
from pathlib import Path

import pytest
import transformers

from tests.training.tiny import StopAt, TinyJob, default_splits
from training_image.job import FAILED, INTERRUPTED, SUCCEEDED

pytestmark = pytest.mark.training


def job(base: Path, base_model: Path, method: str = "head_first", **named: str) -> TinyJob:
    return TinyJob.make(base, base_model, None, method=method, **named)


def test_the_first_loss_is_that_of_a_head_that_was_fitted(tmp_path: Path, base_model: Path) -> None:
    first = job(tmp_path / "first", base_model, learning_rate="0.0001").run_here()
    plain = job(tmp_path / "plain", base_model, "finetune", learning_rate="0.0001").run_here()

    assert first.code == SUCCEEDED
    assert first.of("step")[0]["loss"] < plain.of("step")[0]["loss"] - 0.05
    assert first.metrics["test"]["candidate"]["accuracy"] >= 0.6
    assert first.metrics["train"]["method"] == "head_first"
    assert first.metrics["train"]["samples"] == 4 * len(default_splits()["train"])


def test_the_head_is_kept_where_the_fine_tuning_makes_it_worse(
    tmp_path: Path, base_model: Path
) -> None:
    harmed = job(tmp_path / "harmed", base_model, learning_rate="0.1").run_here()
    alone = job(tmp_path / "alone", base_model, "linear_head").run_here()

    assert harmed.code == SUCCEEDED
    assert harmed.metrics["train"]["best_epoch"] == 0
    assert harmed.metrics["validation"] == alone.metrics["validation"]
    assert harmed.metrics["test"]["candidate"] == alone.metrics["test"]["candidate"]


def test_all_weights_are_trained_and_transformers_loads_them(
    tmp_path: Path, base_model: Path
) -> None:
    result = job(tmp_path, base_model, learning_rate="0.001").run_here()

    loaded = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "model")
    before = transformers.AutoModel.from_pretrained(base_model)

    assert result.code == SUCCEEDED
    trained = loaded.bert.encoder.layer[0].output.dense.weight
    assert result.metrics["train"]["best_epoch"] > 0
    assert not trained.equal(before.encoder.layer[0].output.dense.weight)
    assert loaded.config.num_hidden_layers == before.config.num_hidden_layers + 1


@pytest.mark.parametrize("check", [2, 5, 30])
def test_an_interrupted_run_ends_with_the_same_weights(
    check: int, tmp_path: Path, base_model: Path
) -> None:
    whole = job(tmp_path / "whole", base_model).run_here()
    stopped = job(tmp_path / "stopped", base_model)

    first = stopped.run_here(StopAt(check))
    again = stopped.run_here()

    assert first.code == INTERRUPTED
    assert again.code == SUCCEEDED
    assert again.weights == whole.weights


def test_several_labels_a_record(tmp_path: Path, base_model: Path) -> None:
    splits = {
        name: [{"id": row["id"], "text": row["text"], "labels": [row["label"]]} for row in rows]
        for name, rows in default_splits().items()
    }
    result = TinyJob.make(
        tmp_path, base_model, splits, method="head_first", multi_label="true"
    ).run_here()

    assert result.code == SUCCEEDED
    assert result.metrics["test"]["candidate"]["accuracy"] >= 0.6


def test_a_sweep_is_refused(tmp_path: Path, base_model: Path) -> None:
    sweep = json.dumps({"learning_rate": [1e-5, 1e-4]})

    result = job(tmp_path, base_model, sweep=sweep).run_here()

    assert result.code == FAILED
    assert "sweep is for method finetune; head_first" in result.failure
