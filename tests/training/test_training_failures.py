"""What goes wrong is told in one sentence, in output/failure, with exit code 1."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from transformers import T5Config

from tests.training.tiny import TinyJob, records
from training_image.job import FAILED, SUCCEEDED, Job, StopSignal
from training_image.launch import launch
from training_image.parallel import Ranks
from training_image.train import failure_sentence

pytestmark = pytest.mark.training


def edit_line(channel: str, line: str) -> Callable[[Path], None]:
    def edit(base: Path) -> None:
        path = base / "input" / "data" / channel / "part-00000.jsonl"
        lines = path.read_text().splitlines()
        path.write_text("\n".join([lines[0], line, *lines[2:]]) + "\n")

    return edit


def record(**changes: object) -> str:
    row: dict[str, object] = {"id": "a", "text": "a film", "label": "positive"}
    return json.dumps({**row, **changes})


def remove(path: str) -> Callable[[Path], None]:
    def edit(base: Path) -> None:
        target = base / "input" / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()

    return edit


def write(path: str, content: str) -> Callable[[Path], None]:
    def edit(base: Path) -> None:
        target = base / "input" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)

    return edit


def remove_shards(base: Path) -> None:
    for path in (base / "input" / "data" / "test").iterdir():
        path.unlink()


def empty_shards(base: Path) -> None:
    for path in (base / "input" / "data" / "validation").iterdir():
        path.write_text("")


def make_latin_1(base: Path) -> None:
    path = base / "input" / "data" / "test" / "part-00001.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = b'{"id": "a", "text": "caf\xe9", "label": "positive"}\n'
    path.write_bytes(b"".join(lines))


def make_one_label(base: Path) -> None:
    for channel in ("train", "validation", "test"):
        for path in (base / "input" / "data" / channel).iterdir():
            path.write_text(path.read_text().replace('"negative"', '"positive"'))


def make_t5(base: Path) -> None:
    T5Config(d_model=16, d_ff=16, num_layers=1, num_heads=2).save_pretrained(
        base / "input" / "data" / "model"
    )


def make_vision(base: Path) -> None:
    write("data/model/config.json", '{"model_type": "vit"}')(base)


def drop_encoder_weights(base: Path) -> None:
    config = base / "input" / "data" / "model" / "config.json"
    config.write_text(
        config.read_text().replace('"num_hidden_layers": 2', '"num_hidden_layers": 3')
    )


CASES: dict[str, tuple[Callable[[Path], None], str]] = {
    "no test channel": (remove("data/test"), "The job has no channel test."),
    "a channel without shards": (
        remove_shards,
        "The channel test holds no .jsonl file.",
    ),
    "a channel of empty shards": (
        empty_shards,
        "The channel validation holds no records.",
    ),
    "an encoder with a decoder": (
        make_t5,
        "An encoder is wanted, but the model channel has a decoder too.",
    ),
    "no hyperparameters": (
        remove("config/hyperparameters.json"),
        "input/config/hyperparameters.json cannot be read: No such file or directory.",
    ),
    "hyperparameters are no JSON": (
        write("config/hyperparameters.json", "{"),
        "input/config/hyperparameters.json is not JSON",
    ),
    "a line that is no JSON": (
        edit_line("train", "{'id': 1}"),
        "train/part-00000.jsonl line 2 is not JSON",
    ),
    "a record without a label": (
        edit_line("validation", '{"id": "a", "text": "b"}'),
        "validation/part-00000.jsonl line 2 must have a string under 'label'.",
    ),
    "a label that is a number": (
        edit_line("train", record(label=1)),
        "train/part-00000.jsonl line 2 must have a string under 'label'.",
    ),
    "a text of blanks": (
        edit_line("test", record(text=" \t\u00a0 ")),
        "test/part-00000.jsonl line 2 has nothing but blanks under 'text'.",
    ),
    "an unexpected second text": (
        edit_line("train", record(text_pair="b")),
        "train/part-00000.jsonl line 2 has a text_pair, but the hyperparameter text_pair is false.",
    ),
    "a label that was never trained": (
        edit_line("test", record(label="neutral")),
        "test/part-00000.jsonl line 2 has the label 'neutral', which the training split never has "
        "(it has negative, positive).",
    ),
    "a shard that is not UTF-8": (
        make_latin_1,
        "test/part-00001.jsonl line 3 is not UTF-8: invalid continuation byte at byte 25.",
    ),
    "several labels where one is asked for": (
        edit_line("train", '{"id": "a", "text": "b", "labels": ["positive"]}'),
        "train/part-00000.jsonl line 2 has 'labels', but the hyperparameter multi_label is false",
    ),
    "one label alone": (
        make_one_label,
        "The training split has the label 'positive' alone; two are needed.",
    ),
    "no weights": (
        remove("data/model/model.safetensors"),
        "There are no weights (model.safetensors) in the model channel.",
    ),
    "no config": (
        remove("data/model/config.json"),
        "There is no config.json in the model channel.",
    ),
    "damaged weights": (
        write("data/model/model.safetensors", "no weights"),
        "Cannot load the model channel as a text classifier: ",
    ),
    "weights of another size": (
        drop_encoder_weights,
        "The weights of the model channel lack 16 tensors of the encoder, among them "
        "bert.encoder.layer.2.",
    ),
    "an architecture that classifies no texts": (
        make_vision,
        "Cannot load the model channel as a text classifier: ",
    ),
    "a champion that is no archive": (
        write("data/champion/model.tar.gz", "no archive"),
        "The champion's model.tar.gz cannot be unpacked: ",
    ),
    "a champion that is not there": (
        write("data/champion/readme", "?"),
        "The channel champion holds no model.tar.gz.",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_gets_one_sentence_and_exit_code_1(
    base_model: Path, tmp_path: Path, case: str
) -> None:
    spoil, sentence = CASES[case]
    job = TinyJob.make(tmp_path, base_model, epochs="1")
    spoil(tmp_path)
    result = job.run_here()
    assert result.code == 1
    assert result.failure.startswith(sentence)
    assert "\n" not in result.failure
    assert len(result.failure) <= 1000
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "model").exists()


def test_bad_hyperparameters_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    result = TinyJob.make(tmp_path, None, epochs="0", batch_size="32").run_here()
    assert result.code == 1
    assert result.failure.startswith("Hyperparameters: epochs is '0' but must be")
    assert "'batch_size' is unknown" in result.failure


def test_a_checkpoint_interval_that_is_no_number_is_refused(
    base_model: Path, tmp_path: Path
) -> None:
    job = TinyJob.make(tmp_path, base_model)
    result = job.run_here(THRIFTLINE_CHECKPOINT_SECONDS="often")
    assert result.failure == "THRIFTLINE_CHECKPOINT_SECONDS is 'often', not a number."


def test_a_max_length_beyond_the_models_positions_is_refused(
    base_model: Path, tmp_path: Path
) -> None:
    result = TinyJob.make(tmp_path, base_model, max_length="128").run_here()
    assert result.failure == ("max_length is 128, but the model channel reads at most 64 tokens.")


def test_a_base_model_that_the_hub_does_not_give_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    job = TinyJob.make(tmp_path, None)
    job.set(base_model="no-such/encoder")
    result = job.run_here()
    assert result.code == 1
    assert result.failure.startswith("Cannot load the base model no-such/encoder")


def spoil_weights(path: Path) -> None:
    tensors = load_file(path)
    tensors["embeddings.LayerNorm.weight"] *= float("inf")
    save_file(tensors, path, metadata={"format": "pt"})


def test_a_loss_that_is_no_number_ends_the_job(base_model: Path, tmp_path: Path) -> None:
    splits = {"train": records(160, 1), "validation": records(8, 2), "test": records(8, 3)}
    job = TinyJob.make(tmp_path, base_model, splits)
    weights = tmp_path / "input" / "data" / "model" / "model.safetensors"
    spoil_weights(weights)
    result = job.run_here()
    assert result.code == 1
    assert "is not a number" in result.failure


def test_a_text_of_one_megabyte_is_cut_and_trained_on(base_model: Path, tmp_path: Path) -> None:
    rows = records(20, 1)
    rows[3]["text"] = "good film " * 100_000
    splits = {"train": rows, "validation": records(8, 2), "test": records(8, 3)}
    result = TinyJob.make(tmp_path, base_model, splits, epochs="1").run_here()
    assert result.code == 0, result.stderr
    assert result.metrics["train"]["tokens"] < 20 * 32 + 1


def test_a_disk_too_small_for_the_tokens_is_named(
    base_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(scratch)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    try:
        result = TinyJob.make(tmp_path / "job", base_model).run_here()
    finally:
        subprocess.run(["umount", str(scratch)], check=True)
    assert result.code == 1
    assert result.failure == (
        "No space is left on the instance's disk for the tokens of the data; give the job a "
        "larger volume."
    )


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            OSError(28, "No space left on device"),
            "No space is left on the instance's disk; give the job a larger volume.",
        ),
        (MemoryError(), "The instance ran out of memory."),
        (ValueError("odd\nthings"), "The training program failed: ValueError: odd things"),
    ],
)
def test_what_nobody_foresaw_is_a_sentence_too(error: Exception, sentence: str) -> None:
    assert failure_sentence(error) == sentence


def test_an_instance_that_is_not_among_the_job_s_hosts_fails_with_a_sentence(
    base_model: Path, tmp_path: Path
) -> None:
    job = TinyJob.make(tmp_path, base_model)
    hosts = {"current_host": "algo-3", "hosts": ["algo-1", "algo-2"]}
    write("config/resourceconfig.json", json.dumps(hosts))(tmp_path)
    result = job.run()
    assert result.code == 1
    assert "names 'algo-3' as current_host, which is not among its hosts" in result.failure


@pytest.mark.parametrize("asked", ["two", "0", "-1", "1.5"])
def test_a_number_of_processes_that_is_none_is_refused(asked: str, tmp_path: Path) -> None:
    job = Job.from_environment({"SAGEMAKER_BASE_DIR": str(tmp_path)})
    told = {"SAGEMAKER_BASE_DIR": str(tmp_path), "THRIFTLINE_PROCESSES": asked}
    assert launch(told, "train", StopSignal()) == FAILED
    assert job.failure.read_text() == (
        f"THRIFTLINE_PROCESSES is {asked!r}; it must be a whole number from 1 on."
    )


def test_processes_that_do_not_meet_end_the_job_with_a_sentence(
    base_model: Path, tmp_path: Path
) -> None:
    def join(_environment: Mapping[str, str]) -> Ranks:
        raise RuntimeError("The server socket has failed to listen on port 29500.")

    job = TinyJob.make(tmp_path, base_model)
    result = job.run_here(join=join)
    assert result.code == FAILED
    assert "listen on port 29500" in (tmp_path / "output" / "failure").read_text()


class BrokenAtTheEnd(Ranks):
    def leave(self) -> None:
        raise RuntimeError("Connection reset by peer")


def test_connections_that_break_when_all_is_written_fail_no_job(
    base_model: Path, tmp_path: Path
) -> None:
    job = TinyJob.make(tmp_path, base_model, epochs="1")
    result = job.run_here(join=lambda _: BrokenAtTheEnd())
    assert result.code == SUCCEEDED, result.stderr
    assert "reset by peer" in result.of("warning")[0]["message"]
    assert result.of("end")
    assert not (tmp_path / "output" / "failure").exists()
