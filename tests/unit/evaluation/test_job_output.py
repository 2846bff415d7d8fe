"""Unpacking and reading what a training job left."""

import io
import json
import tarfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.evaluation.job_outputs import HISTORY, archive, metrics
from thriftline.core.errors import EvaluationError
from thriftline.evaluation.job_output import read_history, read_metrics, unpack


def test_the_known_files_are_unpacked_and_others_are_left(tmp_path: Path) -> None:
    packed = archive(metrics=b"{}", predictions=b"PAR1", history=b"{}\n", notes=b"x")
    output = unpack(io.BytesIO(packed), tmp_path)
    assert output.metrics.read_bytes() == b"{}"
    assert output.predictions.read_bytes() == b"PAR1"
    assert output.history is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "history.jsonl",
        "metrics.json",
        "predictions.parquet",
    ]


def test_files_below_a_dot_are_the_same_files(tmp_path: Path) -> None:
    packed = archive(**{"./metrics.json": b"{}", "./predictions.parquet": b"PAR1"})
    assert unpack(io.BytesIO(packed), tmp_path).history is None


def test_no_path_out_of_the_folder_and_no_link_is_followed(tmp_path: Path) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as packed:
        for name in ("../metrics.json", "/metrics.json"):
            member = tarfile.TarInfo(name)
            member.size = 2
            packed.addfile(member, io.BytesIO(b"{}"))
        link = tarfile.TarInfo("metrics.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        packed.addfile(link)
    with pytest.raises(EvaluationError, match=r"no metrics\.json"):
        unpack(io.BytesIO(target.getvalue()), folder)
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("missing", ["metrics", "predictions"])
def test_a_missing_file_is_named(missing: str, tmp_path: Path) -> None:
    files = {"metrics": b"{}", "predictions": b"PAR1"}
    del files[missing]
    with pytest.raises(EvaluationError, match=rf"has no {missing}\."):
        unpack(io.BytesIO(archive(**files)), tmp_path)


@pytest.mark.parametrize("cut", [0, 10, 60])
def test_an_archive_that_is_cut_short_is_an_evaluation_error(cut: int, tmp_path: Path) -> None:
    packed = archive(metrics=b"{}", predictions=bytes(range(256)) * 50)
    with pytest.raises(EvaluationError):
        unpack(io.BytesIO(packed[:cut]), tmp_path)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_evaluation_error_at_the_worst(body: bytes) -> None:
    with pytest.raises(EvaluationError):
        unpack(io.BytesIO(body), Path("nowhere"))


def test_metrics_that_do_not_say_what_they_must_name_the_key() -> None:
    assert read_metrics(json.dumps(metrics(0.8))).test.candidate.accuracy == 0.8
    with pytest.raises(EvaluationError, match=r"test\.candidate"):
        read_metrics(json.dumps(metrics(0.8, test={})))
    with pytest.raises(EvaluationError, match=r"metrics\.json"):
        read_metrics("not json")
    with pytest.raises(EvaluationError, match=r"test\.candidate\.accuracy"):
        read_metrics(json.dumps(metrics(float("nan"))))


def test_the_history_gives_the_curve_and_the_validation_points() -> None:
    history = read_history(HISTORY.splitlines())
    assert [(point.step, point.loss) for point in history.curve] == [(1, 0.7), (2, 0.6)]
    (point,) = history.validation
    assert (point.epoch, point.accuracy, point.loss) == (1.0, 0.75, 0.5)


def test_a_long_history_is_thinned_out_evenly_and_keeps_its_ends() -> None:
    lines = [json.dumps({"step": 10 * n, "epoch": n / 100, "loss": 1.0}) for n in range(1, 50_001)]
    curve = read_history(lines).curve
    assert 400 <= len(curve) <= 801
    gaps = {after.step - before.step for before, after in pairwise(curve)}
    assert len(gaps) == 1
    assert curve[0].step == 10
    assert curve[-1].step > 490_000


def test_a_resumed_training_repeats_steps_and_the_later_ones_count() -> None:
    lines = [json.dumps({"step": step, "epoch": 1, "loss": loss})
             for step, loss in ((1, 0.9), (2, 0.8), (3, 0.7), (2, 0.5))]  # fmt: skip
    assert [(one.step, one.loss) for one in read_history(lines).curve] == [
        (1, 0.9),
        (2, 0.5),
        (3, 0.7),
    ]


@given(st.lists(st.text(max_size=40)))
def test_lines_that_cannot_be_read_are_left_out(lines: list[str]) -> None:
    assert len(read_history([*lines, HISTORY.splitlines()[0]]).curve) == 1
    assert read_history(['{"step": 1, "epoch": 1, "loss": NaN}']).curve == ()
