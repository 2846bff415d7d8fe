"""The TF-IDF baseline of every run: scikit-learn's answer, bounded work, its place in outputs."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression

from tests.training.tiny import Result, StopAt, TinyJob, default_splits
from training_image import baseline
from training_image.baseline import fit_baseline
from training_image.data import Split, Tokenizer
from training_image.job import INTERRUPTED, StopRequestedError

pytestmark = pytest.mark.training
VOCABULARY = 40


def split_of(rows: int, seed: int, labels: int = 3) -> Split:
    """Rows whose first tokens are of their label more often than not."""
    draw = np.random.default_rng(seed)
    truth = np.arange(rows) % labels
    texts = []
    for label in truth:
        some = draw.integers(2, VOCABULARY, size=draw.integers(4, 12))
        some[: 1 + label % 2] = 2 + label
        texts.append(np.array([0, *some, 1], dtype=np.uint16))
    lengths = [len(text) for text in texts]
    return Split(
        tokens=np.concatenate(texts),
        offsets=np.cumsum([0, *lengths]),
        pair_starts=np.array(lengths),
        labels=tuple(f"label {n}" for n in range(labels)),
        truth=truth.astype(np.int64),
        tokenizer=Tokenizer(None, 0, VOCABULARY, False),
        digest="",
    )


def counts_of(split: Split) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    table = np.zeros((len(split), VOCABULARY))
    for row in range(len(split)):
        for token in split.tokens[split.offsets[row] : split.offsets[row + 1]]:
            table[row, token] += 1
    return table[:, 2:]  # the tokens around each text are in every row


def test_it_is_what_scikit_learn_finds() -> None:
    train, validation, test = split_of(120, 1), split_of(30, 2), split_of(60, 3)

    found = fit_baseline(train, validation, test, 0, lambda: None)

    weights = TfidfTransformer().fit(counts_of(train))
    known = LogisticRegression(C=found.inverse_l2, max_iter=5000, tol=1e-8)
    known.fit(weights.transform(counts_of(train)), train.truth)
    expected = known.predict_proba(weights.transform(counts_of(test)))
    np.testing.assert_allclose(np.exp(found.predictions.log_probabilities), expected, atol=0.01)
    assert found.test.accuracy == pytest.approx(float((expected.argmax(1) == test.truth).mean()))


def test_of_a_large_split_it_reads_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline, "MOST_PRODUCTS", 1000)
    monkeypatch.setattr(baseline, "LEAST_ROWS", 50)
    train, other = split_of(400, 1), split_of(30, 2)

    found = fit_baseline(train, other, other, 0, lambda: None)

    assert found.rows == 50
    assert found.test.accuracy > 1 / 3


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 30), st.integers(2, 6))
def test_few_rows_and_odd_labels_are_no_trouble(rows: int, labels: int) -> None:
    train, other = split_of(max(rows, labels), 1, labels), split_of(5, 2, labels)

    found = fit_baseline(train, other, other, 0, lambda: None)

    assert np.isfinite(found.predictions.log_probabilities).all()


def test_it_stops_when_it_is_told_to() -> None:
    split = split_of(60, 1)

    with pytest.raises(StopRequestedError):
        fit_baseline(split, split, split, 0, StopAt(2).check)


def test_every_run_reports_it(clean: Result) -> None:
    told = clean.metrics["baselines"]
    table = pq.read_table(clean.data / "predictions.parquet")

    assert told["tfidf"]["name"] == "TF-IDF with logistic regression"
    assert told["tfidf"]["test"]["accuracy"] >= 0.9  # a task of telling words
    said, true = table["baseline_label"].to_pylist(), table["label"].to_pylist()
    right = np.mean([one == other for one, other in zip(said, true, strict=True)])
    assert right == pytest.approx(told["tfidf"]["test"]["accuracy"])
    assert told["majority"]["labels"] in {"negative", "positive"}


def test_several_labels_a_record_have_one_too(tmp_path: Path, base_model: Path) -> None:
    splits = {
        name: [{"id": row["id"], "text": row["text"], "labels": [row["label"]]} for row in rows]
        for name, rows in default_splits().items()
    }

    result = TinyJob.make(tmp_path, base_model, splits, multi_label="true", epochs="1").run_here()

    assert result.metrics["baselines"]["tfidf"]["test"]["accuracy"] >= 0.8
    said = pq.read_table(result.data / "predictions.parquet")["baseline_label"].to_pylist()
    assert all(isinstance(each, list) for each in said)


def test_a_stop_in_it_loses_no_step(tmp_path: Path, base_model: Path) -> None:
    job = TinyJob.make(tmp_path, base_model, epochs="1")
    whole = TinyJob.make(tmp_path / "whole", base_model, epochs="1").run_here()

    checks = StopAt()
    job.run_here(checks)
    again = TinyJob.make(tmp_path / "again", base_model, epochs="1")
    stopped = again.run_here(StopAt(checks.checks - 2))

    assert stopped.code == INTERRUPTED
    assert again.run_here().weights == whole.weights
