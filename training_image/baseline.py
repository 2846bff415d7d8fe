"""TF-IDF with logistic regression on the same rows: what a fine-tuned model has to beat.

It reads the token cache, so the words are the tokenizer's tokens, cut at `max_length` as the model
reads them; nothing is read or tokenised again. Weights are scikit-learn's: counts times
ln((1 + rows) / (1 + rows with the token)) + 1, rows of length 1. The regression is the minimum of

    sum of the rows' losses  +  |W|^2 / (2 C)

by L-BFGS, for each C of a grid; the one with the least loss on the validation split is taken. Time
and memory are bounded: of a large training split a part is read, and its most frequent tokens.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from training_image.data import IntArray, Split
from training_image.evaluation import Predictions, Scores, log_likelihood, score
from training_image.temperature import mean_loss

NAME = "TF-IDF with logistic regression"
INVERSE_L2 = (1.0, 10.0, 100.0)
MOST_ITERATIONS = 60
# Products of a pass over the rows, and weights: some seconds of a core, and 20 x 8 MB.
MOST_PRODUCTS = 20_000_000
MOST_WEIGHTS = 2_000_000
LEAST_ROWS = 2_000
MOST_HELD = 10_000  # rows that tell which penalty is best
BLOCK_ROWS = 8_192

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Baseline:
    """What the baseline says of the test split, and how good that is."""

    predictions: Predictions
    test: Scores
    inverse_l2: float
    rows: int
    """Of the training split, that it was trained on."""


class _Words:
    """Makes vectors of rows: which tokens count, and how much."""

    def __init__(self, split: Split, rows: IntArray, labels: int) -> None:
        size = split.tokenizer.vocabulary
        self._size = size
        found = np.zeros(size, dtype=np.int64)
        for token in (np.unique(each) for each in _texts(split, rows)):
            found[token] += 1
        # A token of every row, as those around a text are, tells nothing.
        useful = np.flatnonzero((found > 0) & (found < len(rows)))
        most = max(1, MOST_WEIGHTS // max(1, labels))
        useful = useful[np.argsort(-found[useful], kind="stable")[:most]]
        self.width = max(1, len(useful))
        self._column = np.full(size, -1, dtype=np.int64)
        self._column[useful] = np.arange(len(useful))
        self._weight = np.log((1 + len(rows)) / (1 + found[useful])) + 1

    def vectors(self, split: Split, rows: IntArray) -> torch.Tensor:
        """Returns a sparse matrix [rows, width] of fp32, in CSR."""
        ends, columns, values = [0], [], []
        for text in _texts(split, rows):
            known = self._column[text]
            column, count = np.unique(known[known >= 0], return_counts=True)
            value = count * self._weight[column]
            length = float(np.sqrt(np.square(value).sum())) or 1.0
            columns.append(column)
            values.append(value / length)
            ends.append(ends[-1] + len(column))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sparse (CSR|invariant)")  # of a beta, since 2021
            return torch.sparse_csr_tensor(
                torch.tensor(ends),
                torch.from_numpy(np.concatenate(columns)),
                torch.from_numpy(np.concatenate(values).astype(np.float32)),
                (len(rows), self.width),
            )


def _texts(split: Split, rows: IntArray) -> "list[IntArray]":
    return [
        np.asarray(split.tokens[split.offsets[row] : split.offsets[row + 1]], dtype=np.int64)
        for row in rows
    ]


def fit_baseline(
    train: Split, validation: Split, test: Split, seed: int, check: Callable[[], None]
) -> Baseline:
    """Trains the baseline and scores it.

    Args:
        train: the training split; of a large one a random part is read.
        validation: picks the strength of the penalty.
        test: what the predictions are for.
        seed: of the part.
        check: called between passes; it may raise.
    """
    labels = len(train.labels)
    random = np.random.default_rng(seed)
    rows = _part(train, labels, random)
    words = _Words(train, rows, labels)
    fitted = _fit(words.vectors(train, rows), train.truth[rows], labels, train.multi_label, check)
    every = np.arange(len(validation))
    held = every if len(every) <= MOST_HELD else np.sort(random.choice(every, MOST_HELD, False))
    truth = torch.from_numpy(np.array(validation.truth[held]))
    seen = words.vectors(validation, held)
    best: tuple[float, float, torch.Tensor, torch.Tensor] | None = None
    for inverse_l2, weight, bias in fitted:
        loss = mean_loss(seen @ weight + bias, truth)
        if best is None or loss < best[0]:
            best = (loss, inverse_l2, weight, bias)
    assert best is not None
    _, inverse_l2, weight, bias = best
    said = []
    for first in range(0, len(test), BLOCK_ROWS):
        check()
        block = words.vectors(test, np.arange(first, min(first + BLOCK_ROWS, len(test))))
        said.append(log_likelihood(block @ weight + bias, train.multi_label).numpy())
    predictions = Predictions(train.labels, np.concatenate(said), train.multi_label)
    return Baseline(predictions, score(predictions, test), inverse_l2, len(rows))


def _part(split: Split, labels: int, random: np.random.Generator) -> IntArray:
    products = len(split.tokens) * max(1, labels)
    share = min(1.0, MOST_PRODUCTS / max(1, products))
    wanted = min(len(split), max(LEAST_ROWS, int(share * len(split))))
    if wanted == len(split):
        return np.arange(len(split))
    return np.sort(random.choice(len(split), wanted, replace=False))


def _fit(
    vectors: torch.Tensor,
    truth: npt.NDArray[np.integer[npt.NBitBase]],
    labels: int,
    multi_label: bool,
    check: Callable[[], None],
) -> "list[tuple[float, torch.Tensor, torch.Tensor]]":
    """Returns for each C the weights [width, labels] and the bias."""
    across = vectors.to_sparse_coo().t().coalesce().to_sparse_csr()  # type: ignore[no-untyped-call]
    target = torch.from_numpy(np.array(truth, dtype=np.int64))
    if not multi_label:
        target = torch.nn.functional.one_hot(target, labels)
    goal = target.float()
    weight = torch.zeros(vectors.shape[1], labels)
    bias = torch.zeros(labels)
    found = []
    for inverse_l2 in INVERSE_L2:
        optimizer = torch.optim.LBFGS(
            [weight, bias], max_iter=MOST_ITERATIONS, line_search_fn="strong_wolfe"
        )

        def objective(c: float = inverse_l2) -> torch.Tensor:
            check()
            logits = vectors @ weight + bias
            said = logits.sigmoid() if multi_label else logits.softmax(dim=1)
            rows = len(logits)
            # By hand: autograd through a sparse product is slow.
            weight.grad = (across @ (said - goal) + weight / c) / rows
            bias.grad = (said - goal).sum(dim=0) / rows
            lost = torch.nn.functional.binary_cross_entropy_with_logits if multi_label else _lost
            total: torch.Tensor = lost(logits, goal, reduction="sum")
            return (total + weight.square().sum() / (2 * c)) / rows

        optimizer.step(objective)  # type: ignore[no-untyped-call]
        found.append((inverse_l2, weight.clone(), bias.clone()))
    return found


def _lost(logits: torch.Tensor, goal: torch.Tensor, reduction: str) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(logits, goal, reduction=reduction)


def majority_names(split: Split) -> str | list[str]:
    """Returns what most training rows have: their label, or those that most rows carry."""
    if split.multi_label:
        share = np.array(split.truth, dtype=np.float64).mean(axis=0)
        return [split.labels[i] for i in np.flatnonzero(share >= 0.5)]
    counts = np.bincount(np.array(split.truth), minlength=len(split.labels))
    return split.labels[int(counts.argmax())]
