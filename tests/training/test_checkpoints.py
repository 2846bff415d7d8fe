"""Checkpoints on real disks: whole or absent, a copy of one moment, and what a full disk does."""

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from tests.training.tiny import StopAt, TinyJob
from training_image.checkpoints import Checkpoint, Checkpoints, training_tensors
from training_image.config import read_config
from training_image.hardware import Hardware
from training_image.job import Job, JobError, StopSignal
from training_image.models import load_base, load_tokenizer
from training_image.tensor_files import DTYPES, TensorFile, Tensors, digest_of
from training_image.train import find_channels, read_splits
from training_image.training import Training

pytestmark = pytest.mark.training
MIB = 1 << 20


def checkpoint(step: int, tensors: Tensors, best: Tensors | None = None) -> Checkpoint:
    return Checkpoint(step, {"seed": 7}, {"step": step}, tensors, best or {}, {})


def folders(checkpoints: Path) -> list[str]:
    return sorted(each.name for each in checkpoints.iterdir())


def megabytes(count: int) -> Tensors:
    return {"weights.a": torch.arange(count * MIB // 4, dtype=torch.float32)}


# The file ---------------------------------------------------------------------------------------

TENSORS = st.dictionaries(
    st.text(min_size=1, max_size=9).filter(lambda name: name != "__metadata__"),
    st.tuples(st.sampled_from(sorted(DTYPES, key=str)), st.lists(st.integers(0, 40), max_size=3)),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(drawn=TENSORS)
def test_safetensors_reads_whatever_is_written(
    tmp_path_factory: pytest.TempPathFactory, drawn: dict[str, tuple[torch.dtype, list[int]]]
) -> None:
    tensors = {name: torch.randint(0, 2, shape).to(dtype) for name, (dtype, shape) in drawn.items()}
    path = tmp_path_factory.mktemp("file") / "a.safetensors"
    file = TensorFile.like(tensors)
    file.copy(tensors)
    assert file.fits(tensors)
    assert file.write(path) == digest_of(path)
    assert path.stat().st_size == file.size
    for read in (load_file(path), TensorFile.read(path, digest_of(path)).tensors):
        assert read.keys() == tensors.keys()
        for name, tensor in tensors.items():
            assert read[name].dtype == tensor.dtype
            assert torch.equal(read[name], tensor)


def test_a_file_is_used_again_for_like_tensors_alone() -> None:
    file = TensorFile.like(megabytes(1))
    assert file.fits(megabytes(1))
    assert not file.fits(megabytes(2))
    assert not file.fits({**megabytes(1), "b": torch.zeros(1)})
    assert not file.fits({"weights.a": megabytes(1)["weights.a"].int()})


# The copy ---------------------------------------------------------------------------------------


def test_a_checkpoint_is_of_the_moment_at_which_it_was_begun(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, pytest.fail)
    tensors = megabytes(64)
    checkpoints.save(checkpoint(1, tensors))
    checkpoints.wait_until_copied()
    tensors["weights.a"].zero_()
    checkpoints.finish()
    found = checkpoints.newest({"seed": 7})
    assert found is not None
    assert torch.equal(found.tensors["weights.a"], megabytes(64)["weights.a"])


class SlowCheckpoints(Checkpoints):
    """Copies only when it is told to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, pytest.fail)
        self.go = threading.Event()
        self.go_when_waited_for = False

    def wait_until_copied(self) -> None:
        if self.go_when_waited_for:
            self.go.set()
        super().wait_until_copied()

    def _copy_in(self, room: TensorFile, tensors: Tensors) -> None:
        assert self.go.wait(20)
        super()._copy_in(room, tensors)


def test_weights_are_not_updated_before_they_are_copied(tmp_path: Path) -> None:
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.AdamW([weight], lr=0.1)
    checkpoints = SlowCheckpoints(tmp_path)
    optimizer.register_step_pre_hook(lambda *_: checkpoints.wait_until_copied())
    weight.grad = torch.ones(3)
    checkpoints.save(checkpoint(1, {"weights.a": weight.detach()}))
    threading.Timer(0.1, checkpoints.go.set).start()
    optimizer.step()
    assert checkpoints.go.is_set()
    assert not torch.equal(weight, torch.ones(3))
    checkpoints.finish()
    found = checkpoints.newest({"seed": 7})
    assert found is not None
    assert torch.equal(found.tensors["weights.a"], torch.ones(3))


def test_training_waits_for_the_copy_before_it_changes_its_weights(
    base_model: Path, tmp_path: Path
) -> None:
    training = make_training(TinyJob.make(tmp_path / "job", base_model), tmp_path)
    training._step()
    training.recovery.checkpoints = checkpoints = SlowCheckpoints(tmp_path / "checkpoints")
    tensors = training_tensors(training.network, training.optimizer)
    expected = {name: each.clone() for name, each in tensors.items()}
    training.recovery.save(training.progress, training.best_weights)
    checkpoints.go_when_waited_for = True
    training._step()
    checkpoints.go.set()
    checkpoints.finish()
    found = checkpoints.newest(training._spec())
    assert found is not None
    for name, each in training_tensors(training.network, training.optimizer).items():
        assert torch.equal(found.tensors[name], expected[name])
        assert not name.startswith("moments.") or not torch.equal(each, expected[name])


def make_training(job: TinyJob, scratch: Path) -> Training:
    real, stop = Job(job.base), StopSignal()
    config, channels = read_config(real.hyperparameters()), find_channels(real)
    model = job.base / "input" / "data" / "model"
    tokenizers = load_tokenizer(model, config.max_length)
    splits = read_splits(channels, config, tokenizers[1], scratch, stop)
    classifier = load_base(model, splits["train"].labels, tokenizers)
    training = Training(real, config, classifier, splits, Hardware.find(), stop)
    training.begin()
    return training


# The folder -------------------------------------------------------------------------------------


def test_the_best_weights_are_written_once_and_linked_until_there_are_better_ones(
    tmp_path: Path,
) -> None:
    checkpoints = Checkpoints(tmp_path, pytest.fail)
    first, second = megabytes(1), megabytes(2)
    for step, best in ((1, first), (2, first), (3, second)):
        checkpoints.save(checkpoint(step, megabytes(1), best))
        checkpoints.finish()
    assert folders(tmp_path) == ["step-000000002", "step-000000003"]
    checkpoints.save(checkpoint(4, megabytes(1), second))
    checkpoints.finish()
    third, fourth = (tmp_path / f"step-00000000{step}" / "best.safetensors" for step in (3, 4))
    assert third.samefile(fourth)
    found = Checkpoints(tmp_path, pytest.fail).newest({"seed": 7})
    assert found is not None
    assert torch.equal(found.best_weights["weights.a"], second["weights.a"])


def test_an_attempt_links_the_best_weights_that_it_found(tmp_path: Path) -> None:
    Checkpoints(tmp_path, pytest.fail).save_last(checkpoint(1, megabytes(1), megabytes(2)))
    resumed = Checkpoints(tmp_path, pytest.fail)
    found = resumed.newest({"seed": 7})
    assert found is not None
    resumed.save_last(checkpoint(2, megabytes(1), found.best_weights))
    one, two = (tmp_path / f"step-00000000{step}" / "best.safetensors" for step in (1, 2))
    assert one.samefile(two)


def test_the_last_checkpoint_is_read_back_even_if_it_was_just_made(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, pytest.fail)
    checkpoints.save(checkpoint(1, megabytes(1)))
    checkpoints.finish()
    file = tmp_path / "step-000000001" / "training.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    checkpoints.save_last(checkpoint(1, megabytes(1)))
    assert Checkpoints(tmp_path, pytest.fail).newest({"seed": 7}) is not None


def test_a_checkpoint_counts_as_durable_when_it_has_had_time_to_reach_s3(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, pytest.fail)
    assert checkpoints.seconds_until_durable == 0
    checkpoints.save_last(checkpoint(1, megabytes(10)))
    assert checkpoints.seconds_until_durable == pytest.approx(
        checkpoints.write_seconds + 10 * MIB / 100e6, rel=0.01
    )


# A full disk ------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mounts a disk of 10 MiB, which needs root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=10m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_on_a_full_disk_the_newest_checkpoint_stays_and_the_training_is_told(
    small_disk: Path,
) -> None:
    warnings: list[str] = []
    checkpoints = Checkpoints(small_disk, warnings.append)
    checkpoints.save(checkpoint(1, megabytes(4)))
    checkpoints.finish()
    (small_disk / "other").write_bytes(bytes(4 * MIB))
    checkpoints.save(checkpoint(2, megabytes(4)))
    checkpoints.finish()
    assert warnings == [
        "The checkpoint of step 2 cannot be written: No space left on device. "
        "That of step 1 is kept. Give the job a larger volume. Training goes on."
    ]
    assert folders(small_disk) == ["other", "step-000000001"]
    with pytest.raises(JobError, match="The checkpoint of step 3 cannot be written: No space"):
        checkpoints.save_last(checkpoint(3, megabytes(4)))
    found = Checkpoints(small_disk, pytest.fail).newest({"seed": 7})
    assert found is not None
    assert found.step == 1
    assert torch.equal(found.tensors["weights.a"], megabytes(4)["weights.a"])


def test_where_two_checkpoints_fit_and_not_three_the_oldest_makes_room(small_disk: Path) -> None:
    checkpoints = Checkpoints(small_disk, pytest.fail)
    for step in range(1, 5):
        checkpoints.save(checkpoint(step, megabytes(4)))
        checkpoints.finish()
    assert folders(small_disk) == ["step-000000003", "step-000000004"]
    checkpoints.save_last(checkpoint(5, megabytes(4)))
    assert folders(small_disk) == ["step-000000004", "step-000000005"]


def test_a_run_on_a_full_disk_goes_on_and_an_interruption_says_what_to_mend(
    small_disk: Path, base_model: Path, tmp_path: Path
) -> None:
    job = TinyJob.make(tmp_path / "job", base_model)
    (job.base / "checkpoints").symlink_to(small_disk)
    space = os.statvfs(small_disk)
    (small_disk / "other").write_bytes(bytes(space.f_bavail * space.f_frsize - 65536))
    stopped = job.run_here(StopAt(30), THRIFTLINE_CHECKPOINT_SECONDS="0")
    assert stopped.code == 1
    assert stopped.failure.endswith(
        "cannot be written: No space left on device. There is none yet. "
        "Give the job a larger volume."
    )
    warnings = [each["message"] for each in stopped.of("warning")]
    assert len(warnings) > 2
    assert all(each.endswith("Training goes on.") for each in warnings)
    whole = job.run_here(THRIFTLINE_CHECKPOINT_SECONDS="0")
    assert whole.code == 0
