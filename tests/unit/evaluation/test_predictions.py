"""Reading ``predictions.parquet``."""

import contextlib
import io

import numpy as np
import pytest

from tests.unit.evaluation.job_outputs import LABELS, parquet, row, rows
from thriftline.core.errors import EvaluationError
from thriftline.evaluation.cells import Batch
from thriftline.evaluation.predictions import Labels, read_predictions

ALONE = Labels(LABELS, None)


def _read(body: bytes, labels: Labels = ALONE) -> Batch:
    batches = list(read_predictions(io.BytesIO(body), labels))
    assert len(batches) == 1
    return batches[0]


def test_labels_become_indices_and_probabilities_keep_their_order() -> None:
    batch = _read(parquet([row(1, "negative", "positive", 0.75), row(2, "positive", "positive")]))
    assert batch.truth.tolist() == [0, 1]
    assert batch.candidate.tolist() == [1, 1]
    assert batch.candidate_probabilities is not None
    np.testing.assert_allclose(batch.candidate_probabilities, [[0.25, 0.75], [0.1, 0.9]], 1e-6)
    assert batch.champion is None


def test_missing_and_unknown_predictions_get_indices_past_the_labels() -> None:
    said = (None, "", "maybe", "negative")
    batch = _read(parquet([row(n, "negative", one) for n, one in enumerate(said)]))
    assert batch.candidate.tolist() == [2, 2, 3, 0]
    assert batch.candidate_probabilities is not None
    assert np.isnan(batch.candidate_probabilities).any(axis=1).tolist() == [True] * 3 + [False]


def test_a_large_file_is_read_in_batches() -> None:
    batches = list(read_predictions(io.BytesIO(parquet(rows(5000, 100))), ALONE))
    assert len(batches) > 1
    assert sum(len(batch.truth) for batch in batches) == 5000


def test_the_champions_probabilities_are_put_into_the_candidates_order() -> None:
    one = row(1, "negative", "negative")
    one |= {"champion_label": "negative", "champion_probabilities": [0.3, 0.7]}
    batch = _read(parquet([one]), Labels(LABELS, ("positive", "negative")))
    assert batch.champion is not None
    assert batch.champion.tolist() == [0]
    assert batch.champion_probabilities is not None
    np.testing.assert_allclose(batch.champion_probabilities, [[0.7, 0.3]], 1e-6)


def test_a_champion_of_other_labels_is_compared_but_not_its_probabilities() -> None:
    one = row(1, "negative", "negative")
    one |= {"champion_label": "neutral", "champion_probabilities": [0.2, 0.2, 0.6]}
    batch = _read(parquet([one]), Labels(LABELS, ("negative", "positive", "neutral")))
    assert batch.champion is not None
    assert batch.champion.tolist() == [3]
    assert batch.champion_probabilities is None


def test_a_file_that_is_damaged_anywhere_is_refused_or_read_as_something_else() -> None:
    body = bytearray(parquet(rows(200, 0)))
    for place in range(0, len(body), 97):
        damaged = body.copy()
        damaged[place] ^= 0xFF
        with contextlib.suppress(EvaluationError):
            list(read_predictions(io.BytesIO(bytes(damaged)), ALONE))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"no parquet", "cannot be read"),
        (parquet(rows(9, 0))[:-20], "cannot be read"),
        (parquet(rows(4, 0), without=["candidate_label"]), "no column candidate_label"),
        (parquet([row(1, "neutral", "negative")]), "labelled 'neutral'"),
        (parquet([row(1, "negative", "negative"), row(1, "negative", "negative")]), "more than"),
        (parquet([row(1, "negative", "negative", float("nan"))]), "NaN"),
        (parquet([row(1, "negative", "negative", 1.5)]), "not between 0 and 1"),
        (
            parquet([row(1, "negative", "x") | {"candidate_probabilities": [0.5, 0.1]}]),
            "do not sum up",
        ),
        (
            parquet([row(1, "negative", "x") | {"candidate_probabilities": [0.5, 0.25, 0.25]}]),
            "2 labels, but a record has 3",
        ),
        (parquet([row(1, "negative", "negative") | {"id": None}]), "without an id"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name(body: bytes, said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        list(read_predictions(io.BytesIO(body), ALONE))


def test_a_champion_without_its_columns_is_refused() -> None:
    body = parquet(rows(4, 0), without=["champion_label", "champion_probabilities"])
    with pytest.raises(EvaluationError, match="champion_label, champion_probabilities"):
        list(read_predictions(io.BytesIO(body), Labels(LABELS, LABELS)))
