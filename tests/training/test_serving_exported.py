"""The exported form of a model: it answers as the plain one does, or it is not kept."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.training.serving_clients import served, wait_until_ready
from tests.training.tiny import Result, TinyJob, records
from training_image import exporting
from training_image.data import Split
from training_image.evaluation import Predictions
from training_image.exported_model import ExportedModel, has_vnni
from training_image.job import JobError, StopRequestedError, StopSignal
from training_image.serving_engines import load_model
from training_image.serving_port import EXPORTED, EXPORTED_FACTS, EXPORTED_GRAPH
from training_image.serving_requests import Text

pytestmark = pytest.mark.training
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, base_model: Path) -> Result:
    job = TinyJob.make(tmp_path_factory.mktemp("exported"), base_model, export="int8")
    result = job.run_here()
    assert result.code == 0, result.stderr
    return result


def rows_of(result: Result) -> list[dict[str, Any]]:
    texts = {row["id"]: row["text"] for row in records(60, 3)}
    found: list[dict[str, Any]] = pq.read_table(result.data / "predictions.parquet").to_pylist()
    return [{**row, "text": texts[row["id"]]} for row in found]


def test_the_job_says_how_the_export_ended(exported: Result) -> None:
    said = exported.metrics["export"]
    assert said["kept"] is True
    assert said["kind"] == "int8"
    assert said["rows"] == 60
    assert said["different"] == 0
    assert said["accuracy"] == exported.metrics["test"]["candidate"]["accuracy"]
    assert said["reason"] == "int8: 0 of 60 test records get another label; at most 0.5% may."
    assert [line["kept"] for line in exported.of("export")] == [True]
    files = {file.name for file in (exported.base / "model" / EXPORTED).iterdir()}
    assert files == {EXPORTED_FACTS, EXPORTED_GRAPH}


def test_without_the_hyperparameter_there_is_none(clean: Result) -> None:
    assert "export" not in clean.metrics
    assert not (clean.base / "model" / EXPORTED).exists()


def test_it_gives_the_labels_of_the_evaluation_whatever_is_batched_together(
    exported: Result,
) -> None:
    model = ExportedModel.load(exported.base / "model", {"OMP_NUM_THREADS": "1"})
    expected = rows_of(exported)
    rows = model.encode([Text(row["text"]) for row in expected])
    together = model.probabilities(rows)
    alone = np.concatenate([model.probabilities([row]) for row in rows])
    labels = [model.labels[i] for i in together.argmax(axis=1)]
    assert labels == [row["candidate_label"] for row in expected]
    assert together.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    # Vectors are quantised by the range of a whole pass, so neighbours change the last digits.
    assert together == pytest.approx(alone, abs=0.05)


@pytest.mark.parametrize(
    ("kind", "hyperparameters", "pairs"),
    [
        ("int8", {"text_pair": "true"}, True),
        ("int8_rows", {"text_pair": "true"}, True),
        ("int8_blocks", {"text_pair": "true"}, True),
        ("int8", {"multi_label": "true"}, False),
        ("int8_rows", {"multi_label": "true"}, False),
        ("int8_blocks", {"multi_label": "true"}, False),
    ],
)
def test_pairs_and_label_sets_are_exported_too(
    tmp_path: Path, base_model: Path, kind: str, hyperparameters: dict[str, str], pairs: bool
) -> None:
    splits = {
        name: records(60, seed, pairs=pairs)
        for seed, name in enumerate(("train", "validation", "test"))
    }
    for rows in splits.values():
        for row in rows if "multi_label" in hyperparameters else []:
            row["labels"] = [row.pop("label")] + ["short"] * (len(row["text"].split()) < 9)
    job = TinyJob.make(tmp_path, base_model, splits, epochs="2", **hyperparameters)
    assert job.run_here().code == 0
    folder = tmp_path / "model"
    exporting.write_exported(kind, folder, folder / EXPORTED, StopSignal(), tmp_path / "graphs")
    model = load_model(folder, {})
    assert (model.facts["engine"], model.facts["precision"]) == ("onnxruntime", kind)
    assert model.text_pair is pairs
    assert model.multi_label is not pairs
    texts = [Text(row["text"], row.get("text_pair")) for row in splits["test"]]
    plain = load_model(folder, {"THRIFTLINE_ENGINE": "torch"})
    ours = model.probabilities(model.encode(texts))
    assert ours == pytest.approx(plain.probabilities(plain.encode(texts)), abs=0.1)


def test_a_form_that_answers_otherwise_is_not_kept(exported: Result, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(exported.base / "model", folder, ignore=shutil.ignore_patterns(EXPORTED))
    split, candidate = contrary(exported)
    ended = exporting.export_int8(folder, split, candidate, StopSignal(), tmp_path / "graphs")
    assert ended.kept is False
    assert ended.different == 60
    assert ended.document["different_share"] == 1.0
    for kind in ("int8", "int8_rows", "int8_blocks"):
        assert f"{kind}: 60 of 60 test records get another label" in ended.reason
    assert not (folder / EXPORTED).exists()


def contrary(result: Result) -> tuple[Split, Predictions]:
    """The test split, and predictions that are all wrong."""
    model = load_model(result.base / "model", {"THRIFTLINE_ENGINE": "torch"})
    expected = rows_of(result)
    rows = model.encode([Text(row["text"]) for row in expected])
    labels = model.labels
    truth = np.array([labels.index(row["label"]) for row in expected])
    split = Split(
        tokens=np.concatenate([row.tokens for row in rows]),
        offsets=np.cumsum([0, *map(len, rows)], dtype=np.int64),
        pair_starts=np.array([row.pair_start for row in rows], dtype=np.int64),
        labels=labels,
        truth=truth,
        tokenizer=model.classifier.tokenizer,  # type: ignore[attr-defined]
        digest="",
    )
    found = model.probabilities(rows)
    return split, Predictions(labels, np.log(found[:, ::-1].copy()))


def test_an_export_that_fails_leaves_the_plain_model(exported: Result, tmp_path: Path) -> None:
    split, candidate = contrary(exported)
    (tmp_path / "model").mkdir()
    ended = exporting.export_int8(
        tmp_path / "model", split, candidate, StopSignal(), tmp_path / "graphs"
    )
    assert ended.kept is False
    assert "int8_blocks: The export failed: There is no config.json" in ended.reason


def test_a_stop_leaves_nothing_behind(exported: Result, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(exported.base / "model", folder, ignore=shutil.ignore_patterns(EXPORTED))
    stop = StopSignal()
    stop.requested = True
    split, candidate = contrary(exported)
    with pytest.raises(StopRequestedError):
        exporting.export_int8(folder, split, candidate, stop, tmp_path / "graphs")
    assert not (folder / EXPORTED).exists()


# ---- Serving


def test_the_server_takes_it_without_importing_torch(exported: Result) -> None:
    program = (
        "import sys; from pathlib import Path;"
        "from training_image.serve import load_model;"
        f"model = load_model(Path({str(exported.base / 'model')!r}), {{}});"
        "assert model.facts['engine'] == 'onnxruntime', model.facts;"
        "assert 'torch' not in sys.modules and 'transformers' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_it_answers_over_http(exported: Result) -> None:
    with (
        served(exported.base) as (port, process),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        wait_until_ready(client)
        ready = json.loads(process.stdout.readline())
        assert ready["engine"] == "onnxruntime"
        assert ready["precision"] == "int8"
        row = rows_of(exported)[0]
        said = client.post("/invocations", json={"text": row["text"]}).json()
        assert said["label"] == row["candidate_label"]


def test_a_damaged_form_is_left_for_the_plain_model(
    exported: Result, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(exported.base / "model", folder)
    (folder / EXPORTED / EXPORTED_GRAPH).write_bytes(b"\0" * 100)
    assert load_model(folder, {}).facts["engine"] == "torch"
    assert "The plain model is served" in capsys.readouterr().out
    with pytest.raises(JobError, match="Cannot load the exported model"):
        load_model(folder, {"THRIFTLINE_ENGINE": "onnxruntime"})


@pytest.mark.parametrize(
    ("flags", "has"),
    [
        ("flags\t\t: fpu avx2 avx512f\n", False),
        ("flags\t\t: avx_vnni\n", True),
        ("Features\t: asimddp\n", True),
    ],
)
def test_a_form_of_eight_bits_needs_instructions_that_do_not_overflow(
    tmp_path: Path, flags: str, has: bool
) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\n{flags}")
    assert has_vnni(tmp_path / "cpuinfo") is has


def test_an_engine_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="THRIFTLINE_ENGINE is 'gpu'"):
        load_model(tmp_path, {"THRIFTLINE_ENGINE": "gpu"})
