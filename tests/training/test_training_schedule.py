"""Every row is trained once an epoch, ranks share a step evenly, and rates rise and fall."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_image.schedule import Schedule, learning_rate_share, share_of

pytestmark = pytest.mark.training


def test_an_epoch_draws_every_row_once_in_steps_of_like_size() -> None:
    schedule = Schedule(50, 400, batch_tokens=64, epochs=3, seed=1)
    epochs = np.split(np.arange(schedule.total_steps), 3)
    for steps in epochs:
        drawn = [schedule.rows(int(step)) for step in steps]
        assert sorted(np.concatenate(drawn)) == list(range(50))
        sizes = {len(rows) for rows in drawn}
        assert max(sizes) - min(sizes) <= 1
    assert list(schedule.rows(0)) != list(schedule.rows(schedule.steps_per_epoch))


def test_a_step_is_found_again_without_the_steps_before_it() -> None:
    walked = Schedule(50, 400, 64, epochs=3, seed=1)
    rows = [walked.rows(step) for step in range(walked.total_steps)]
    jumped = Schedule(50, 400, 64, epochs=3, seed=1)
    last = walked.total_steps - 2
    assert list(jumped.rows(last)) == list(rows[last])


@given(rows=st.integers(1, 10_000), mean=st.integers(1, 500), batch_tokens=st.integers(64, 100_000))
def test_batch_tokens_sets_the_rows_of_a_step_by_their_mean_length(
    rows: int, mean: int, batch_tokens: int
) -> None:
    steps = Schedule(rows, rows * mean, batch_tokens, epochs=1, seed=1).steps_per_epoch
    rows_per_step = rows / steps
    assert rows_per_step <= max(1, batch_tokens / mean + 0.5)


@given(lengths=st.lists(st.integers(1, 512), min_size=1, max_size=100), parts=st.integers(1, 9))
def test_ranks_get_every_row_of_a_step_once(lengths: list[int], parts: int) -> None:
    sizes = np.array(lengths)
    rows = np.arange(len(sizes)) + 1000
    shares = [share_of(rows, sizes, part, parts) for part in range(parts)]
    assert sorted(np.concatenate(shares)) == list(rows)


@given(seed=st.integers(0, 10_000), parts=st.sampled_from([2, 4, 8]))
def test_ranks_are_balanced_by_tokens_within_two_percent(seed: int, parts: int) -> None:
    """Thirty-two rows a rank, with the lengths of film reviews: mean about 230, at most 512."""
    random = np.random.default_rng(seed)
    sizes = np.clip(random.lognormal(5.2, 0.7, 32 * parts), 8, 512).astype(np.int64)
    rows = np.arange(len(sizes))
    tokens = [sizes[share_of(rows, sizes, part, parts)].sum() for part in range(parts)]
    assert max(tokens) / (sum(tokens) / parts) < 1.02


@given(
    total=st.integers(1, 300),
    warmup=st.floats(0, 0.99),
    shape=st.sampled_from(["linear", "cosine"]),
)
def test_the_rate_rises_to_its_peak_and_falls_towards_nothing(
    total: int, warmup: float, shape: str
) -> None:
    shares = [learning_rate_share(step, total, warmup, shape) for step in range(total)]
    assert all(0 < share <= 1 for share in shares)
    peak = int(np.argmax(shares))
    assert all(np.diff(shares[: peak + 1]) > 0)
    assert all(np.diff(shares[peak:]) <= 0)
    assert peak <= round(total * warmup)


def test_a_cosine_is_half_way_down_at_half_time_and_flatter_at_both_ends() -> None:
    shares = [learning_rate_share(step, 1000, 0, "cosine") for step in (0, 100, 500, 900)]
    assert shares == pytest.approx([1, 0.9755, 0.5, 0.0245], abs=1e-3)
