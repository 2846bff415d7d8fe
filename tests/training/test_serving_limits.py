"""What the server does with slow clients, large bodies, a stuck model, and a closed file system."""

import dataclasses
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np
import numpy.typing as npt
import pytest
import uvicorn
from starlette.testclient import TestClient

from tests.training.serving_clients import served, wait_until_ready
from tests.training.tiny import Result
from training_image.serve import Service
from training_image.serving_connections import PatientProtocol
from training_image.serving_http import SLICE, Limits
from training_image.serving_port import Row

pytestmark = pytest.mark.training


@dataclasses.dataclass
class Counting:
    """Labels a text by its first letter; can be held."""

    free: threading.Event = dataclasses.field(default_factory=threading.Event)
    labels: tuple[str, ...] = ("a", "b")
    facts: dict[str, str] = dataclasses.field(default_factory=dict)
    multi_label: bool = False
    text_pair: bool | None = None
    batch_tokens: int = 512
    waiting_tokens: int = 4096
    sizes: list[int] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        self.free.set()

    def encode(self, texts: Any) -> list[Row]:
        self.sizes.append(len(texts))
        return [Row(np.array([text.text[0] == "b"], dtype=np.int64), 1, False) for text in texts]

    def probabilities(self, rows: Any) -> npt.NDArray[np.float32]:
        assert self.free.wait(20)
        return np.array([[1 - row.tokens[0], row.tokens[0]] for row in rows], dtype=np.float32)

    def check(self) -> None:
        pass


@pytest.fixture
def model() -> Counting:
    return Counting()


def client_of(model: Counting, **limits: Any) -> TestClient:
    return TestClient(Service(lambda: model, limits=Limits(**limits)).app)


# ---- /ping


def test_ping_says_that_texts_wait_and_none_is_answered(model: Counting) -> None:
    with client_of(model, stuck_seconds=0.05) as client, ThreadPoolExecutor(1) as threads:
        wait_until_ready(client)
        model.free.clear()
        asked = threads.submit(client.post, "/invocations", json={"text": "a"})
        deadline = time.monotonic() + 10
        while client.get("/ping").status_code == 200 and time.monotonic() < deadline:
            threading.Event().wait(0.01)
        stuck = client.get("/ping")
        model.free.set()
        assert asked.result().json()["label"] == "a"
        assert (stuck.status_code, stuck.json()["error"][:18]) == (503, "The model is stuck")
        assert client.get("/ping").status_code == 200


def test_an_idle_model_is_not_stuck_however_long_nobody_asks(model: Counting) -> None:
    with client_of(model, stuck_seconds=0.01) as client:
        wait_until_ready(client)
        assert client.post("/invocations", json={"text": "a"}).status_code == 200
        threading.Event().wait(0.05)
        assert client.get("/ping").status_code == 200


# ---- Large bodies


def test_a_large_body_is_answered_in_order_and_in_pieces(model: Counting) -> None:
    rows = [{"text": "ab"[number % 3 == 0]} for number in range(2 * SLICE + 50)]
    with client_of(model, rows=None, body_bytes=100 * 1024**2) as client:
        wait_until_ready(client)
        answered = client.post(
            "/invocations",
            content="\n".join(map(json.dumps, rows)),
            headers={"content-type": "application/jsonlines"},
        )
        together = client.post("/invocations", json={"instances": [row["text"] for row in rows]})
    said = [json.loads(line)["label"] for line in answered.text.splitlines()]
    assert said == [row["text"] for row in rows]
    assert [each["label"] for each in together.json()["predictions"]] == said
    assert model.sizes == [SLICE, SLICE, 50] * 2


@pytest.mark.parametrize(
    ("environment", "megabytes", "rows"),
    [
        ({}, 6, 1000),
        ({"THRIFTLINE_MAX_BODY_MB": "1024"}, 1024, None),
        ({"SAGEMAKER_BATCH": "true", "SAGEMAKER_MAX_PAYLOAD_IN_MB": "20"}, 20, None),
        ({"SAGEMAKER_MAX_PAYLOAD_IN_MB": "20"}, 6, 1000),
    ],
)
def test_the_environment_says_how_large_a_body_may_be(
    environment: dict[str, str], megabytes: int, rows: int | None
) -> None:
    limits = Limits.from_environment(environment)
    assert (limits.body_bytes, limits.rows) == (megabytes * 1024**2, rows)


def test_a_batch_transform_is_told_how_it_is_best_sent(model: Counting) -> None:
    with client_of(model, body_bytes=20 * 1024**2) as client:
        found = client.get("/execution-parameters").json()
    assert found == {
        "MaxConcurrentTransforms": 4,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": 20,
    }


@pytest.mark.parametrize("size", ["0", "1025", "6.5", "-1"])
def test_a_size_that_is_none_is_refused(size: str) -> None:
    with pytest.raises(ValueError, match="THRIFTLINE_MAX_BODY_MB is"):
        Limits.from_environment({"THRIFTLINE_MAX_BODY_MB": size})


def test_custom_attributes_come_back_and_the_inference_id_is_logged(
    model: Counting, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = {
        "X-Amzn-SageMaker-Custom-Attributes": "trace=17",
        "X-Amzn-SageMaker-Inference-Id": "i-4711",
    }
    with client_of(model) as client:
        wait_until_ready(client)
        answered = client.post("/invocations", json={"text": "a"}, headers=headers)
        plain = client.post("/invocations", json={"text": "a"})
    assert answered.headers["X-Amzn-SageMaker-Custom-Attributes"] == "trace=17"
    assert "X-Amzn-SageMaker-Custom-Attributes" not in plain.headers
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    logged = [line.get("inference_id") for line in lines if line["event"] == "request"]
    assert logged == ["i-4711", None]


# ---- Slow clients, over real connections


@pytest.fixture
def port(model: Counting, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server that gives a head 0.3 s, and a body 0.3 s of silence."""
    monkeypatch.setattr(PatientProtocol, "head_seconds", 0.3)
    service = Service(lambda: model, limits=Limits(silence_seconds=0.3, body_seconds=2.0))
    config = uvicorn.Config(service.app, http=PatientProtocol, log_config=None, ws="none")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
        thread.start()
        found = listener.getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{found}") as client:
            wait_until_ready(client)
        yield found
        server.should_exit = True
        thread.join()


def received(connection: socket.socket) -> bytes:
    connection.settimeout(20)
    return connection.makefile("rb").read()


HEAD = b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n"


def test_a_body_that_stops_arriving_is_408_and_the_connection_is_closed(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(HEAD + b'{"text"')
        said = received(slow)
    assert said.startswith(b"HTTP/1.1 408")
    assert b"send it faster" in said


def test_a_body_that_trickles_is_408_after_its_whole_time(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(HEAD)
        slow.settimeout(0.1)
        said = b""
        deadline = time.monotonic() + 20
        while not said and time.monotonic() < deadline:
            slow.sendall(b" ")
            try:
                said = slow.recv(100)
            except TimeoutError:
                continue
    assert said.startswith(b"HTTP/1.1 408")


def test_a_head_that_stops_arriving_closes_the_connection(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(b"POST /invocations HTTP/1.1\r\nhost:")
        assert received(slow) == b""
        assert httpx.get(f"http://127.0.0.1:{port}/ping").status_code == 200


def test_a_connection_that_is_kept_open_is_not_cut_within_a_request(
    port: int, model: Counting
) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert client.post("/invocations", json={"text": "a"}).status_code == 200
        model.free.clear()
        threading.Timer(0.6, model.free.set).start()  # longer than a head may take
        assert client.post("/invocations", json={"text": "b"}).json()["label"] == "b"


# ---- A file system that is read-only but for /tmp, and a user who is nobody

CLOSED = """
mount -t tmpfs tmpfs /opt && mkdir -p /opt/ml/model || exit 9
mount --bind "$MODEL" /opt/ml/model && mount -o remount,bind,ro /opt/ml/model || exit 9
mkdir /opt/checkout && mount --bind "$CHECKOUT" /opt/checkout || exit 9
mount -t tmpfs -o mode=1777 tmpfs /tmp || exit 9
case "$CHECKOUT" in /tmp/*)
  mkdir -p "$CHECKOUT" && mount --bind /opt/checkout "$CHECKOUT" || exit 9
  mount -o remount,bind,ro "$CHECKOUT" || exit 9 ;;
esac
mount -o remount,ro /opt && mount -o remount,bind,ro / || exit 9
exec setpriv $USER_OPTIONS "$@"
"""


def closed_command(base: Path, user: str) -> list[str]:
    """The launcher's command where nothing but /tmp can be written."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "setpriv"))):
        pytest.skip("needs root, unshare and setpriv")
    script = CLOSED.replace("$MODEL", str(base / "model"))
    # A checkout below /tmp stays to be read.
    script = script.replace("$CHECKOUT", str(Path(__file__).parents[2]))
    script = script.replace("$USER_OPTIONS", user)
    command = ["unshare", "--mount", "sh", "-c", script, "sh"]
    tried = subprocess.run([*command, "true"], capture_output=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"no mounts of its own here: {tried.stderr.decode()}")
    return command


# Where the interpreter lies in root's home, which is closed to others, another number may pass it.
NOBODY = (
    "--reuid 4711 --regid 4711 --clear-groups --inh-caps=-all,+dac_read_search "
    "--ambient-caps=-all,+dac_read_search --bounding-set=-all,+dac_read_search"
)


def test_it_serves_where_only_tmp_can_be_written_and_nobody_is_root(clean: Result) -> None:
    command = closed_command(clean.base, NOBODY)
    written = subprocess.run(
        [*command, "sh", "-c", "id -u; touch /tmp/a && echo tmp; touch /opt/a /opt/ml/model/a"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert written.stdout.split() == ["4711", "tmp"]
    assert written.stderr.count("cannot touch") == 2
    with (
        served(Path("/opt/ml"), *command, HOME="/nonexistent") as (port, process),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        wait_until_ready(client)
        said = client.post("/invocations", json={"text": "good film"})
        assert said.json()["label"] == "positive"
        status = Path(f"/proc/{process.pid}/status").read_text()
        assert "Uid:\t4711\t4711\t4711\t4711" in status
