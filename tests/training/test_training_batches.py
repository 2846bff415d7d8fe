"""Every row is trained once an epoch, and cutting a step into passes leaves its gradient alone."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from tests.training.tiny import records, write_shards
from training_image.batches import Schedule, batches, collate, micro_batches
from training_image.data import Split, read_records, tokenize
from training_image.models import load_base, load_tokenizer

pytestmark = pytest.mark.training
CPU = torch.device("cpu")


def tiny_split(base_model: Path, folder: Path, rows: int = 50) -> Split:
    write_shards(folder / "train", records(rows, 1))
    _, tokenizer = load_tokenizer(base_model, 32)
    return tokenize(read_records(folder / "train", "train", False), tokenizer, folder / "tokens")


@given(
    lengths=st.lists(st.integers(1, 512), min_size=1, max_size=80),
    pass_tokens=st.integers(1, 4096),
    overhead=st.integers(0, 2000),
)
def test_passes_hold_every_row_once_and_no_more_tokens_than_allowed(
    lengths: list[int], pass_tokens: int, overhead: int
) -> None:
    sizes = np.array(lengths)
    groups = micro_batches(sizes, pass_tokens, overhead)
    assert sorted(np.concatenate(groups)) == list(range(len(lengths)))
    for group in groups:
        assert len(group) == 1 or len(group) * sizes[group].max() <= pass_tokens


@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=7), overhead=st.integers(0, 60))
def test_the_cuts_are_the_cheapest_of_all(lengths: list[int], overhead: int) -> None:
    sizes = np.sort(np.array(lengths))

    def cost(groups: list[np.ndarray[tuple[int], np.dtype[np.int64]]]) -> int:
        return sum(len(group) * int(group.max()) + overhead for group in groups if len(group))

    every = [
        cost(np.split(sizes, [i for i in range(1, len(sizes)) if mask >> (i - 1) & 1]))
        for mask in range(2 ** (len(sizes) - 1))
    ]
    ours = micro_batches(sizes, 10**9, overhead)
    assert cost([sizes[group] for group in ours]) == min(every)


def test_an_epoch_draws_every_row_once_in_steps_of_like_size(
    base_model: Path, tmp_path: Path
) -> None:
    split = tiny_split(base_model, tmp_path)
    schedule = Schedule(split, batch_tokens=64, epochs=3, seed=1)
    epochs = np.split(np.arange(schedule.total_steps), 3)
    for steps in epochs:
        drawn = [schedule.rows(int(step)) for step in steps]
        assert sorted(np.concatenate(drawn)) == list(range(50))
        sizes = {len(rows) for rows in drawn}
        assert max(sizes) - min(sizes) <= 1
    assert list(schedule.rows(0)) != list(schedule.rows(schedule.steps_per_epoch))


def test_a_step_is_found_again_without_the_steps_before_it(
    base_model: Path, tmp_path: Path
) -> None:
    split = tiny_split(base_model, tmp_path)
    walked = Schedule(split, 64, epochs=3, seed=1)
    rows = [walked.rows(step) for step in range(walked.total_steps)]
    jumped = Schedule(split, 64, epochs=3, seed=1)
    last = walked.total_steps - 2
    assert list(jumped.rows(last)) == list(rows[last])


def test_batch_tokens_sets_the_rows_of_a_step_by_their_mean_length(
    base_model: Path, tmp_path: Path
) -> None:
    split = tiny_split(base_model, tmp_path, rows=300)
    steps = Schedule(split, 100, epochs=1, seed=1).steps_per_epoch
    one_row = len(split.tokens) / len(split)
    assert abs(len(split.tokens) / steps - 100) <= one_row


def test_the_gradient_of_a_cut_step_is_that_of_one_padded_rectangle(
    base_model: Path, tmp_path: Path
) -> None:
    split = tiny_split(base_model, tmp_path)
    network = load_base(base_model, split.labels, load_tokenizer(base_model, 32)).network.eval()
    rows = np.arange(len(split))
    whole = collate(split, rows, CPU)
    loss = cross_entropy(network(**whole.inputs).logits, whole.truth)
    loss.backward()  # type: ignore[no-untyped-call]
    reference = torch.cat([weight.grad.flatten() for weight in network.parameters()])
    network.zero_grad()
    passes = list(batches(split, rows, CPU))
    for batch in passes:
        logits = network(**batch.inputs).logits
        loss = cross_entropy(logits, batch.truth, reduction="sum") / len(rows)
        loss.backward()  # type: ignore[no-untyped-call]
    ours = torch.cat([weight.grad.flatten() for weight in network.parameters()])
    assert len(passes) > 1
    assert sum(batch.padded_tokens for batch in passes) < whole.padded_tokens
    assert float((ours - reference).norm() / reference.norm()) < 1e-6
