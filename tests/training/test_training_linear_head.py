"""A linear head on a frozen encoder: what it learns, what it leaves, and how it is stopped."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from sklearn.linear_model import LogisticRegression

from tests.training.tiny import StopAt, TinyJob, default_splits, records
from training_image.job import FAILED, INTERRUPTED, SUCCEEDED
from training_image.linear_head import INVERSE_L2, heads
from training_image.serving_model import ServedModel
from training_image.serving_requests import Text

pytestmark = pytest.mark.training


def head_job(base: Path, base_model: Path, **hyperparameters: str) -> TinyJob:
    return TinyJob.make(base, base_model, None, method="linear_head", **hyperparameters)


def test_it_learns_and_leaves_what_every_training_leaves(tmp_path: Path, base_model: Path) -> None:
    result = head_job(tmp_path, base_model).run_here()

    assert result.code == SUCCEEDED
    assert result.metrics["test"]["candidate"]["accuracy"] >= 0.6
    assert result.metrics["train"]["method"] == "linear_head"
    assert (
        result.metrics["train"]["steps"] == len(INVERSE_L2) == result.of("start")[0]["total_steps"]
    )
    assert result.metrics["train"]["samples"] == len(default_splits()["train"])
    assert len(result.of("step")) == len(result.of("evaluation")) == len(INVERSE_L2)
    assert result.history
    losses = [line["loss"] for line in result.of("step")]
    assert losses == sorted(losses, reverse=True)  # a weaker penalty fits the rows better


def test_transformers_loads_it_without_code_of_ours_and_says_the_same(
    tmp_path: Path, base_model: Path
) -> None:
    result = head_job(tmp_path, base_model).run_here()
    rows = default_splits()["test"]

    loaded = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "model")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    inputs = tokenizer([row["text"] for row in rows], padding=True, return_tensors="pt")
    with torch.inference_mode():
        plain = loaded.eval()(**inputs).logits.softmax(dim=1).numpy()
    served = ServedModel.load(tmp_path / "model")
    answers = served.probabilities(served.encode([Text(row["text"]) for row in rows]))

    assert result.code == SUCCEEDED
    np.testing.assert_allclose(answers, plain, atol=1e-5)


def test_several_labels_a_record(tmp_path: Path, base_model: Path) -> None:
    splits = {
        name: [{"id": row["id"], "text": row["text"], "labels": [row["label"]]} for row in rows]
        for name, rows in default_splits().items()
    }
    job = TinyJob.make(tmp_path, base_model, splits, method="linear_head", multi_label="true")

    result = job.run_here()

    assert result.code == SUCCEEDED
    assert result.metrics["test"]["candidate"]["accuracy"] >= 0.6


def test_a_stop_leaves_nothing_and_the_next_attempt_ends_with_the_same_weights(
    tmp_path: Path, base_model: Path
) -> None:
    whole = head_job(tmp_path / "whole", base_model).run_here()
    job = head_job(tmp_path / "stopped", base_model)

    stopped = job.run_here(StopAt(4))
    again = job.run_here()

    assert stopped.code == INTERRUPTED
    assert again.code == SUCCEEDED
    assert again.weights == whole.weights


def test_a_sweep_of_a_linear_head_is_refused(tmp_path: Path, base_model: Path) -> None:
    sweep = json.dumps({"learning_rate": [1e-5, 1e-4]})

    result = head_job(tmp_path, base_model, sweep=sweep).run_here()

    assert result.code == FAILED
    assert "sweep is for method finetune" in result.failure


@pytest.mark.parametrize("labels", [2, 5])
def test_the_head_is_the_one_that_scikit_learn_finds(labels: int) -> None:
    draw = np.random.default_rng(labels)
    truth = draw.integers(labels, size=90)
    features = draw.normal(size=(90, 6)).astype(np.float32)
    features += truth[:, None].astype(np.float32) * np.float32(0.3)

    def loss(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(logits, wanted, reduction="sum")

    found = {
        head.inverse_l2: head for head in heads(features, torch.from_numpy(truth), labels, loss)
    }

    scale = np.sqrt(np.square(features - features.mean(axis=0)).sum(axis=1).mean())
    for inverse_l2 in (1.0, 10.0):
        known = LogisticRegression(C=inverse_l2, tol=1e-8, max_iter=5000)
        known.fit((features - features.mean(axis=0)) / scale, truth)
        expected = known.predict_proba((features - features.mean(axis=0)) / scale)
        if labels == 2:
            # With two labels scikit-learn has one vector, which is the difference of our two.
            known.set_params(C=2 * inverse_l2).fit(
                (features - features.mean(axis=0)) / scale, truth
            )
            expected = known.predict_proba((features - features.mean(axis=0)) / scale)
        head = found[inverse_l2]
        ours = torch.softmax(torch.from_numpy(features) @ head.weight.T + head.bias, dim=1)
        np.testing.assert_allclose(ours.numpy(), expected, atol=2e-3)


def test_rows_of_a_step_may_be_named(tmp_path: Path, base_model: Path) -> None:
    splits = {**default_splits(), "train": records(50, 1)}
    job = TinyJob.make(tmp_path, base_model, splits, batch_rows="8", epochs="3")

    result = job.run_here()

    assert result.of("start")[0]["total_steps"] == 21  # 7 of at most 8 rows, 3 times
    assert result.metrics["train"]["steps"] == 21
