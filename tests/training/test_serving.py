"""The server over HTTP: readiness, answers, refusals, signals."""

import asyncio
import contextlib
import dataclasses
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import pytest
import torch
from starlette.requests import Request
from starlette.testclient import TestClient

from tests.training.serving_clients import LAUNCHER, wait_until_ready
from tests.training.tiny import Result, TinyJob, records
from training_image.job import StopSignal
from training_image.serve import Service, main
from training_image.serving_model import ServedModel
from training_image.serving_port import Row
from training_image.serving_requests import MAX_BODY_BYTES, Text

pytestmark = pytest.mark.training


@dataclasses.dataclass(frozen=True)
class Held(ServedModel):
    """A model that can be held, made to fail, and that remembers the sizes of its batches."""

    free: threading.Event = dataclasses.field(default_factory=threading.Event)
    started: threading.Event = dataclasses.field(default_factory=threading.Event)
    sizes: list[int] = dataclasses.field(default_factory=list)
    failures: list[Exception] = dataclasses.field(default_factory=list)

    @property
    def waiting_tokens(self) -> int:
        return 60

    def probabilities(self, rows: Sequence[Row]) -> npt.NDArray[np.float32]:
        self.sizes.append(len(rows))
        self.started.set()
        assert self.free.wait(20)
        if self.failures:
            raise self.failures.pop(0)
        return super().probabilities(rows)


def held(model: ServedModel) -> Held:
    return Held(model.classifier, model.hardware)


@contextlib.contextmanager
def serving(service: Service) -> Iterator[TestClient]:
    with TestClient(service.app) as client:
        wait_until_ready(client)
        yield client


@pytest.fixture(scope="module")
def model(clean: Result) -> ServedModel:
    return ServedModel.load(clean.base / "model")


@pytest.fixture(scope="module")
def client(model: ServedModel) -> Iterator[TestClient]:
    with serving(Service(lambda: model)) as client:
        yield client


# ---- Answers


def test_the_answers_are_those_of_the_evaluation_whatever_is_batched_together(
    clean: Result, client: TestClient
) -> None:
    texts = {row["id"]: row["text"] for row in records(60, 3)}
    expected = pq.read_table(clean.data / "predictions.parquet").to_pylist()
    rows = [{"text": texts[row["id"]], "probabilities": True} for row in expected]
    together = client.post(
        "/invocations",
        content="\n".join(map(json.dumps, rows)),
        headers={"content-type": "application/jsonlines"},
    )
    with ThreadPoolExecutor(8) as threads:
        single = list(threads.map(lambda row: client.post("/invocations", json=row).json(), rows))
    for answers in (list(map(json.loads, together.text.splitlines())), single):
        for row, said in zip(expected, answers, strict=True):
            assert said["label"] == row["candidate_label"]
            assert said["score"] == pytest.approx(max(row["candidate_probabilities"]), abs=1e-6)
            assert list(said["probabilities"]) == ["negative", "positive"]
            assert list(said["probabilities"].values()) == pytest.approx(
                row["candidate_probabilities"], abs=1e-6
            )


def test_the_form_of_the_answer_follows_the_form_of_the_question(client: TestClient) -> None:
    one = client.post("/invocations", json={"text": "good film"})
    assert set(one.json()) == {"label", "score", "truncated"}
    assert one.headers["content-type"] == "application/json"
    several = client.post("/invocations", json={"inputs": ["good film", "bad film"]})
    assert [each["label"] for each in several.json()] == ["positive", "negative"]
    lines = client.post(
        "/invocations", json={"instances": ["good"]}, headers={"accept": "application/x-ndjson"}
    )
    assert lines.headers["content-type"] == "application/x-ndjson"
    assert json.loads(lines.text)["label"] == "positive"


def test_a_megabyte_of_text_is_cut_as_in_training_and_the_answer_says_so(
    client: TestClient,
) -> None:
    head = "good film " * 20  # 40 tokens; the model reads 32
    long, short = (
        client.post("/invocations", json={"text": text}).json()
        for text in (head + "bad " * 250_000, "good film " * 15)
    )
    assert long["truncated"] is True
    assert short["truncated"] is False
    assert long["label"] == "positive"
    assert long["score"] == pytest.approx(short["score"], abs=1e-6)


def test_a_model_of_several_labels_a_text_says_all_that_hold(
    tmp_path: Path, base_model: Path
) -> None:
    splits: dict[str, list[Any]] = {}
    for seed, name in enumerate(("train", "validation", "test")):
        splits[name] = records(120, seed)
        for row in splits[name]:
            words = row["text"].split()
            row["labels"] = [row.pop("label")] + ["short"] * (len(words) < 9)
    result = TinyJob.make(tmp_path, base_model, splits, multi_label="true", epochs="8").run_here()
    assert result.code == 0, result.stderr
    model = ServedModel.load(result.base / "model")
    texts = {row["id"]: row["text"] for row in splits["test"]}
    expected = pq.read_table(result.data / "predictions.parquet").to_pylist()
    with serving(Service(lambda: model)) as client:
        inputs = {"inputs": [texts[row["id"]] for row in expected]}
        answers = client.post("/invocations", json=inputs).json()
    assert len({len(row["candidate_label"]) for row in expected}) > 1
    for row, said in zip(expected, answers, strict=True):
        assert set(said) == {"labels", "probabilities", "truncated"}
        assert said["labels"] == row["candidate_label"]
        assert list(said["probabilities"]) == ["negative", "positive", "short"]
        assert list(said["probabilities"].values()) == pytest.approx(
            row["candidate_probabilities"], abs=1e-6
        )


def test_a_model_that_was_trained_on_pairs_wants_pairs(
    tmp_path: Path, base_model: Path, client: TestClient
) -> None:
    splits = {
        name: records(40, seed, pairs=True)
        for seed, name in enumerate(("train", "validation", "test"))
    }
    job = TinyJob.make(tmp_path, base_model, splits, text_pair="true", epochs="1")
    result = job.run_here()
    assert result.code == 0, result.stderr
    model = ServedModel.load(result.base / "model")
    row = pq.read_table(result.data / "predictions.parquet").to_pylist()[0]
    record = next(each for each in splits["test"] if each["id"] == row["id"])
    pair = {"text": record["text"], "text_pair": record["text_pair"]}
    with serving(Service(lambda: model)) as pairs:
        said = pairs.post("/invocations", json={**pair, "probabilities": True}).json()
        refused = pairs.post("/invocations", json={"text": "good"})
    assert list(said["probabilities"].values()) == pytest.approx(
        row["candidate_probabilities"], abs=1e-6
    )
    assert refused.status_code == 400
    assert "text_pair is missing" in refused.json()["error"]
    assert "leave it out" in client.post("/invocations", json=pair).json()["error"]


# ---- Refusals


@pytest.mark.parametrize(
    ("content", "headers", "status", "sentence"),
    [
        ("{", {}, 400, "not JSON"),
        ('{"inputs": ["a", ""]}', {}, 400, "inputs[1]: text is blank"),
        ('{"text": "a"}', {"content-type": "text/csv"}, 415, "Content-Type is 'text/csv'"),
        ('{"text": "a"}', {"accept": "text/csv"}, 406, "Accept is 'text/csv'"),
        (b" " * (MAX_BODY_BYTES + 1), {}, 413, "more than 6,291,456 bytes"),
        (json.dumps({"inputs": ["a"] * 1001}), {}, 413, "more than 1,000 texts"),
    ],
)
def test_a_bad_request_is_refused_with_a_sentence(
    client: TestClient, content: Any, headers: dict[str, str], status: int, sentence: str
) -> None:
    headers = {"content-type": "application/json", **headers}
    response = client.post("/invocations", content=content, headers=headers)
    assert response.status_code == status
    assert sentence in response.json()["error"]


def test_a_body_of_unsaid_length_is_refused_when_it_gets_too_large(client: TestClient) -> None:
    chunks = (b" " * 2**20 for _ in range(7))
    response = client.post("/invocations", content=chunks)
    assert response.status_code == 413


def test_other_paths_and_methods_are_not_there(client: TestClient) -> None:
    assert client.get("/").status_code == 404
    assert client.get("/invocations").status_code == 405


# ---- Readiness, batching, failures


def test_it_is_ready_only_when_the_model_is_loaded(model: ServedModel) -> None:
    loaded = threading.Event()

    def load() -> ServedModel:
        assert loaded.wait(10)
        return model

    with TestClient(Service(load).app) as client:
        assert client.get("/ping").status_code == 503
        refused = client.post("/invocations", json={"text": "good"})
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        loaded.set()
        wait_until_ready(client)
        assert client.post("/invocations", json={"text": "good"}).status_code == 200


def test_concurrent_requests_share_a_batch(model: ServedModel) -> None:
    slow = held(model)
    service = Service(lambda: slow)
    with serving(service) as client, ThreadPoolExecutor(9) as threads:
        first = threads.submit(client.post, "/invocations", json={"text": "good"})
        assert slow.started.wait(10)
        others = [
            threads.submit(client.post, "/invocations", json={"text": "bad " * size})
            for size in range(1, 9)
        ]
        while service.waiting_tokens < sum(range(1, 9)) + 16:
            threading.Event().wait(0.005)
        slow.free.set()
        assert first.result().json()["label"] == "positive"
        assert {each.result().json()["label"] for each in others} == {"negative"}
    assert slow.sizes == [1, 8]


def test_a_request_whose_client_is_gone_never_reaches_the_model(
    model: ServedModel, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = held(model)
    service = Service(lambda: slow)

    async def ask(*messages: Any) -> list[Any]:
        """Sends a body, then what follows; without more it waits for the answer."""
        sent: list[Any] = []
        waiting = list(messages)

        async def receive() -> Any:
            return waiting.pop(0) if waiting else await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/invocations", "headers": []}
        await service.app(scope, receive, send)
        return sent

    async def scenario() -> None:
        body = {"type": "http.request", "body": b'{"text": "good"}', "more_body": False}
        async with service.app.router.lifespan_context(service.app):
            while (await service.ping(Request({"type": "http"}))).status_code != 200:
                await asyncio.sleep(0.01)
            first = asyncio.create_task(ask(body))
            await asyncio.to_thread(slow.started.wait, 10)
            await ask(body, {"type": "http.disconnect"})
            await asyncio.sleep(0)
            assert service.waiting_tokens == 0
            slow.free.set()
            assert (await first)[0]["status"] == 200

    asyncio.run(scenario())
    assert slow.sizes == [1]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["status"] for line in lines if line["event"] == "request"] == [499, 200]


def test_a_full_queue_is_told_with_a_time_to_try_again(model: ServedModel) -> None:
    slow = held(model)
    service = Service(lambda: slow)
    question = {"inputs": ["good film"] * 10}  # 40 tokens
    with serving(service) as client, ThreadPoolExecutor(2) as threads:
        first = threads.submit(client.post, "/invocations", json=question)
        assert slow.started.wait(10)
        second = threads.submit(client.post, "/invocations", json=question)
        while not service.waiting_tokens:
            threading.Event().wait(0.005)
        refused = client.post("/invocations", json=question)
        slow.free.set()
        assert first.result().status_code == second.result().status_code == 200
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert "Too many texts wait already" in refused.json()["error"]


def test_a_request_on_which_the_model_fails_is_a_500_and_the_next_is_answered(
    model: ServedModel, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = held(model)
    failing.free.set()
    with serving(Service(lambda: failing)) as client:
        failing.failures.append(ValueError("numbers went wrong"))
        assert client.post("/invocations", json={"text": "good"}).status_code == 500
        assert client.post("/invocations", json={"text": "good"}).status_code == 200
        assert client.get("/ping").status_code == 200
    assert "numbers went wrong" in capsys.readouterr().err


def test_a_model_that_fails_on_everything_ends_the_server(model: ServedModel) -> None:
    lost = held(model)
    lost.free.set()
    stopped = threading.Event()
    service = Service(lambda: lost, stopped.set)
    with serving(service) as client:
        lost.failures.extend([ValueError("device lost"), ValueError("device lost")])
        assert client.post("/invocations", json={"text": "good"}).status_code == 500
        assert stopped.wait(10)
        assert client.get("/ping").status_code == 503
    assert service.failure == "The model does not answer any more: device lost"


def test_a_gpu_without_memory_for_a_batch_gets_smaller_ones(model: ServedModel) -> None:
    class Small:
        def __init__(self, network: Any) -> None:
            self.network, self.config, self.device = network, network.config, network.device

        def eval(self) -> "Small":
            return self

        def __call__(self, **inputs: Any) -> Any:
            if inputs["input_ids"].numel() > 12:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return self.network(**inputs)

    small = dataclasses.replace(model.classifier, network=Small(model.classifier.network))
    rows = model.encode([Text(each) for each in ("good film", "bad film", "so", "great")])
    ours = dataclasses.replace(model, classifier=small).probabilities(rows)
    assert ours == pytest.approx(model.probabilities(rows), abs=1e-6)
    with pytest.raises(torch.OutOfMemoryError):
        dataclasses.replace(model, classifier=small).probabilities(
            model.encode([Text("good " * 30)])
        )


# ---- The process


def run_main(base: Path, stop: StopSignal | None = None, port: str = "0") -> tuple[int, str, str]:
    stdout, stderr = io.StringIO(), io.StringIO()
    environment = {"SAGEMAKER_BASE_DIR": str(base), "SAGEMAKER_BIND_TO_PORT": port}
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        code = main(environment, stop or StopSignal())
    return code, stdout.getvalue(), stderr.getvalue()


def test_a_model_that_cannot_be_loaded_ends_the_server_with_a_sentence(tmp_path: Path) -> None:
    code, stdout, stderr = run_main(tmp_path)
    assert code == 1
    assert f"{tmp_path / 'model'} cannot be served: There is no config.json" in stderr
    assert json.loads(stdout.splitlines()[-1])["event"] == "failure"


def test_damaged_weights_end_the_server_with_a_sentence(clean: Result, tmp_path: Path) -> None:
    shutil.copytree(clean.base / "model", tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").write_bytes(b"\0" * 1000)
    code, _, stderr = run_main(tmp_path)
    assert code == 1
    assert "cannot be served: Cannot load" in stderr


@pytest.mark.parametrize("port", ["eighty", "99999"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    code, _, stderr = run_main(tmp_path, port=port)
    assert code == 1
    assert f"The port {port} (SAGEMAKER_BIND_TO_PORT) cannot be listened on" in stderr


def test_a_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        code, _, stderr = run_main(tmp_path, port=str(taken.getsockname()[1]))
    assert code == 1
    assert "Address already in use" in stderr


def test_a_signal_that_comes_before_the_server_stops_it(clean: Result) -> None:
    stop = StopSignal()
    stop.requested = True
    code, stdout, _ = run_main(clean.base, stop)
    assert code == 0
    assert [json.loads(line)["event"] for line in stdout.splitlines()] == ["start", "stop"]


def test_sigterm_lets_requests_finish_and_ends_with_success(clean: Result) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "SAGEMAKER_BASE_DIR": str(clean.base),
        "SAGEMAKER_BIND_TO_PORT": "0",
        "OMP_NUM_THREADS": "1",
    }
    process = subprocess.Popen(
        [sys.executable, str(LAUNCHER)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        with httpx.Client(base_url=f"http://127.0.0.1:{started['port']}") as client:
            assert client.get("/ping").status_code == 503  # torch is still being imported
            wait_until_ready(client)
        body = json.dumps({"text": "good SECRET film"}).encode()
        with socket.create_connection(("127.0.0.1", started["port"])) as half_sent:
            head = f"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
            half_sent.sendall(head.encode() + body[:5])
            half_sent.settimeout(20)
            wait_until_read(started["port"])
            process.send_signal(signal.SIGTERM)
            wait_until_refused(started["port"])
            half_sent.sendall(body[5:])
            response = half_sent.makefile("rb").read()
        stdout, stderr = process.communicate(timeout=30)
    finally:
        process.kill()
    assert response.startswith(b"HTTP/1.1 200 OK")
    assert b'"label": "positive"' in response
    assert process.returncode == 0, stderr
    lines = [json.loads(line) for line in stdout.splitlines()]
    assert [line["event"] for line in lines] == ["ready", "request", "stop"]
    assert lines[1]["rows"] == 1
    assert lines[1]["status"] == 200
    assert "SECRET" not in stdout + stderr


def wait_until_read(port: int) -> None:
    """A later request's answer tells that the server has read what was sent before."""
    assert httpx.get(f"http://127.0.0.1:{port}/ping").status_code == 200


def wait_until_refused(port: int) -> None:
    with contextlib.suppress(ConnectionRefusedError):
        for _ in range(2000):
            socket.create_connection(("127.0.0.1", port)).close()
            threading.Event().wait(0.005)
        raise AssertionError("the server still listens after SIGTERM")
