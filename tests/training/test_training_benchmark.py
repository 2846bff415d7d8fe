"""The arithmetic of `make bench-training`: limits, estimators, the data, and a fair comparison."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.trainer_baselines import B0, B1, B2_FP32, GroupedRows, Settings
from benchmarks.training_clock import StepClock, StepTimes, least_seconds
from benchmarks.training_data_sets import (
    DataSet,
    Workload,
    draw_lengths,
    made_up_data_set,
    spread_rows,
    token_lengths,
)
from benchmarks.training_flops import EncoderShape
from benchmarks.training_methods import OURS, Measured
from benchmarks.training_plans import CPU_WORKLOADS, TINY, cpu_plan, gpu_plan
from benchmarks.training_profile import ProfilingClock, kind_of
from benchmarks.training_program import Program, count_tokens, fit, said_padding
from benchmarks.training_scaling import imbalance, steady_rate
from benchmarks.training_tables import Result, figures, speed_table

pytestmark = pytest.mark.training
CPU = torch.device("cpu")
BERT_BASE = EncoderShape(layers=12, hidden=768, intermediate=3072)
MINILM = EncoderShape(layers=6, hidden=384, intermediate=1536)
MADE_UP = Workload("made-up", "made up", "", 32, 8, steps=5, mean_length=12, spread=0.5)


@pytest.mark.parametrize(
    ("shape", "mean", "root_mean_square", "gflop"),
    [
        (BERT_BASE, 512, 512, 289.9),
        (BERT_BASE, 128, 128, 67.0),
        (BERT_BASE, 271.7, 304.7, 148.7),
        (BERT_BASE, 230, 262, 124.8),
        (MINILM, 512, 512, 39.9),
        (MINILM, 128, 128, 8.6),
    ],
)
def test_a_sample_takes_the_flops_that_the_formula_gives_for_known_models(
    shape: EncoderShape, mean: float, root_mean_square: float, gflop: float
) -> None:
    flops = shape.training_flops(mean, root_mean_square**2)
    assert flops / 1e9 == pytest.approx(gflop, abs=0.06)


@given(st.lists(st.integers(1, 512), min_size=1, max_size=20))
def test_the_flops_of_a_data_set_are_those_of_its_rows(lengths: list[int]) -> None:
    one_by_one = sum(MINILM.training_flops(length) for length in lengths)
    assert MINILM.data_flops(lengths) == pytest.approx(one_by_one)


def test_every_step_counts_with_the_least_of_its_repeats() -> None:
    assert least_seconds([[1.0, 5.0, 2.0], [3.0, 1.0, 2.5]]) == 4.0


def test_repeats_of_different_lengths_are_no_repeats() -> None:
    with pytest.raises(ValueError, match="shorter"):
        least_seconds([[1.0, 2.0], [1.0]])


def test_the_clock_starts_anew_with_the_first_step_that_counts() -> None:
    clock = StepClock(CPU)
    clock.start()
    clock.stamp()
    clock.start()
    clock.stamp()
    clock.stamp()
    steps = clock.steps()
    assert len(steps.wall) == len(steps.processor) == 2
    assert min(steps.wall) >= 0


@given(
    rows=st.integers(60, 400),
    most=st.integers(8, 512),
    share=st.floats(0.2, 0.8),
    spread=st.floats(0.1, 1.0),
    seed=st.integers(0, 5),
)
def test_made_up_lengths_have_the_mean_and_the_longest_asked_for(
    rows: int, most: int, share: float, spread: float, seed: int
) -> None:
    mean = max(5, round(share * most))
    lengths = draw_lengths(rows, mean, most, spread, seed)
    assert lengths.sum() == rows * mean
    assert lengths.max() == most
    assert lengths.min() >= 3


def test_lengths_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="mean of 600"):
        draw_lengths(100, 600, 512, 0.5)


def test_imdb_like_lengths_have_the_mean_square_of_the_anchor() -> None:
    imdb = gpu_plan().workloads[0]
    lengths = draw_lengths(12_800, imdb.mean_length, imdb.max_length, imdb.spread)
    assert math.sqrt((lengths**2).mean()) == pytest.approx(262, rel=0.01)


def padding(lengths: np.ndarray[tuple[int], np.dtype[np.int64]], rows_per_step: int) -> float:
    batches = np.sort(lengths).reshape(-1, rows_per_step)
    return float(1 - lengths.sum() / (batches.max(axis=1) * rows_per_step).sum())


def test_the_rows_of_few_steps_pad_like_those_of_fifty_when_sorted() -> None:
    lengths = draw_lengths(5_000, 60, 256, 0.7)
    few = lengths[spread_rows(lengths.tolist(), 32, 8)]
    fifty = lengths[np.random.default_rng(3).permutation(5_000)[: 50 * 32]]
    plain = lengths[np.random.default_rng(3).permutation(5_000)[: 8 * 32]]
    assert padding(few, 32) < 0.5 * padding(plain, 32)
    assert padding(few, 32) == pytest.approx(padding(fifty, 32), abs=0.02)
    assert few.mean() == pytest.approx(60, rel=0.1)


def test_too_few_rows_for_the_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        spread_rows([5] * 100, 32, 8)


def test_grouped_rows_are_each_drawn_once_and_sorted_in_batches() -> None:
    lengths = [7, 3, 9, 1, 8, 2, 6, 4]
    order = list(GroupedRows(lengths, 2))
    assert sorted(order) == list(range(8))
    assert [lengths[i] for i in order] == sorted(lengths, reverse=True)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("aten::addmm", "matrix products"),
        ("nvjet_hsh_128x256_64x4_2x1_v_bz_coopA_NNT", "matrix products"),
        ("sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n", "matrix products"),
        ("pytorch_flash::flash_fwd_kernel<Flash_fwd_kernel_traits>", "attention"),
        ("aten::_fused_adamw_", "optimiser and clipping"),
        ("triton_poi_fused_gelu_3", "fused by the compiler"),
        ("Memcpy HtoD (Pinned -> Device)", "copies and casts"),
        ("aten::native_layer_norm", "elementwise, norms, dropout"),
    ],
)
def test_kernels_are_told_apart_by_name(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def measured(wall: list[float], processor: list[float]) -> Measured:
    return Measured(StepTimes(wall, processor), 64, 1e9, 0.5, None, None)


def test_ratios_are_by_processor_seconds_on_a_cpu_and_mfu_by_real_flops() -> None:
    runs = {
        OURS: [measured([1.0, 3.0], [0.5, 0.5]), measured([2.0, 1.0], [0.6, 0.4])],
        B2_FP32.name: [measured([2.0, 2.0], [1.0, 0.8])],
        B0.name: [measured([9.0, 9.0], [3.0, 1.5])],
    }
    found = {name: figures(each, 4e9, "cpu") for name, each in runs.items()}
    ours = found[OURS]
    assert ours.samples_per_second == pytest.approx(64 / 2)
    assert ours.per_processor_second == pytest.approx(64 / 0.9)
    assert ours.mfu == pytest.approx(1e9 / 0.9 / 4e9)
    table = speed_table(Result(CPU_WORKLOADS[0], 4e9, found, {}), "cpu")
    ours_row = next(line for line in table.splitlines() if "**ours**" in line)
    assert [cell.strip() for cell in ours_row.split("|")][4:7] == ["5.00", "", "2.00"]


def test_bf16_is_not_waited_for_where_it_is_emulated() -> None:
    emulated, real = cpu_plan(torch.float32), cpu_plan(torch.bfloat16)
    short, long = emulated.workloads
    assert emulated.task(B1.name, short, Path()).few_steps == 1
    assert B1.name in emulated.methods_of(short, 0)
    assert B1.name not in emulated.methods_of(short, 1) + emulated.methods_of(long, 0)
    assert B1.name in real.methods_of(long, 1)
    assert set(emulated.methods) < set(real.methods)


@pytest.fixture
def made_up(tmp_path: Path) -> DataSet:
    return made_up_data_set(MADE_UP, tmp_path, **dict(TINY))


def test_made_up_texts_have_their_lengths_after_tokenising(made_up: DataSet) -> None:
    assert token_lengths(made_up.model, made_up.texts, 32) == made_up.lengths


def test_the_program_is_timed_for_the_same_steps_rows_and_tokens_as_its_rivals(
    made_up: DataSet, tmp_path: Path
) -> None:
    settings = Settings(rows_per_step=8, steps=5, epochs=2, warm_up_epochs=1)
    clock = StepClock(CPU)
    training = Program(tmp_path / "job", made_up).training(settings, clock)
    counted = count_tokens(training.network)
    lines = fit(training)
    assert len(clock.steps().wall) == 5
    assert training.progress.samples == 2 * len(made_up.texts)
    assert training.progress.tokens == 2 * made_up.tokens
    assert 1 - said_padding(lines) == pytest.approx(2 * made_up.tokens / counted["tokens"], rel=0.1)


def test_the_profile_says_where_a_step_goes(made_up: DataSet, tmp_path: Path) -> None:
    clock = ProfilingClock(CPU, skip=1, steps=2)
    settings = Settings(rows_per_step=8, steps=5)
    fit(Program(tmp_path / "job", made_up).training(settings, clock))
    profile = clock.profile()
    assert profile.shares["matrix products"] > 0
    assert profile.waiting + sum(profile.shares.values()) == pytest.approx(1, abs=0.2)
    assert profile.launches_per_step > 100


def test_steps_that_do_not_match_are_not_compared(made_up: DataSet, tmp_path: Path) -> None:
    program = Program(tmp_path / "job", made_up)
    with pytest.raises(SystemExit, match="nothing could be compared"):
        program.training(Settings(rows_per_step=8, steps=9), StepClock(CPU))


def test_the_steady_rate_leaves_out_the_first_half_of_a_run() -> None:
    lines: list[dict[str, Any]] = [
        {"event": "start"},
        {"event": "step", "step": 1, "seconds": 30.0, "total_steps": 8},
        {"event": "step", "step": 4, "seconds": 40.0, "total_steps": 8},
        {"event": "evaluation", "step": 8, "seconds": 60.0},
        {"event": "step", "step": 8, "seconds": 60.0, "total_steps": 8},
    ]
    assert steady_rate(lines, rows_per_step=10) == 4 * 10 / 20


def test_ranks_of_imdb_like_rows_are_balanced_by_tokens() -> None:
    imdb = gpu_plan().workloads[0]
    lengths = draw_lengths(12_800, imdb.mean_length, imdb.max_length, imdb.spread).tolist()
    tokens = 8 * imdb.rows_per_step * imdb.mean_length
    assert imbalance(lengths, tokens, 1) == 0
    assert 0 < imbalance(lengths, tokens, 8) < 0.02
