"""A GPU that runs out of memory: passes are halved, the result stays, one row too long fails."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from tests.training.small_memory import SmallMemory
from tests.training.tiny import Result, StopAt, TinyJob
from training_image import packing

pytestmark = pytest.mark.training


@pytest.fixture
def small_memory() -> Iterator[SmallMemory]:
    """Registers the attention for the time of a test."""
    attention = SmallMemory(40)
    attention.install()
    yield attention
    ALL_ATTENTION_FUNCTIONS.register(packing.NAME, packing.packed_attention)


def test_passes_are_halved_until_they_fit_and_nothing_else_changes(
    base_model: Path, tmp_path: Path, small_memory: SmallMemory, clean: Result
) -> None:
    result = TinyJob.make(tmp_path, base_model).run_here()
    assert result.code == 0, result.stderr
    messages = [each["message"] for each in result.of("warning")]
    assert messages
    assert all("memory cannot hold a pass" in message for message in messages)
    assert result.metrics["train"]["tokens"] == clean.metrics["train"]["tokens"]
    assert result.metrics["train"]["steps"] == clean.metrics["train"]["steps"]
    assert result.metrics["test"]["candidate"]["accuracy"] > 0.9


def test_one_row_that_does_not_fit_ends_the_job_with_a_sentence(
    base_model: Path, tmp_path: Path, small_memory: SmallMemory
) -> None:
    small_memory.tokens = 3
    result = TinyJob.make(tmp_path, base_model).run_here()
    assert result.code == 1
    assert "memory cannot hold one row of" in result.failure
    assert "max_length" in result.failure


def test_a_resumed_run_keeps_the_smaller_passes(
    base_model: Path, tmp_path: Path, small_memory: SmallMemory
) -> None:
    whole = TinyJob.make(tmp_path / "whole", base_model).run_here()
    job = TinyJob.make(tmp_path / "cut", base_model)
    first = job.run_here(StopAt(12))
    assert first.code == 143
    small_memory.tokens = 10_000  # the next instance has a larger GPU
    second = job.run_here()
    assert second.code == 0, second.stderr
    assert not second.of("warning")
    assert second.weights == whole.weights
