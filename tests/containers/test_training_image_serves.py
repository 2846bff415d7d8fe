"""`docker run IMAGE serve`, on what `docker run IMAGE train` left."""

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.containers.engine import docker
from tests.containers.training import RUNS_AS, ContainerJob, process_status
from tests.training.tiny import Result

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

READY_SECONDS = 240


@pytest.fixture(scope="module")
def trained(
    training_image: str, base_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Result:
    base = tmp_path_factory.mktemp("served")
    result = ContainerJob.make(training_image, base, base_model, epochs="1").run()
    assert result.code == 0, result.stderr
    return result


@pytest.fixture(scope="module")
def server(training_image: str, trained: Result) -> Iterator[str]:
    """The name of a container that serves, as a user starts one."""
    name = "thriftline-test-serve"
    docker(
        *("run", "--detach", "--name", name, "--publish", "127.0.0.1::8080"),
        *("--env", "OMP_NUM_THREADS=1", "--volume", f"{trained.base / 'model'}:/opt/ml/model"),
        *(training_image, "serve"),
    )
    try:
        yield name
    finally:
        docker("rm", "--force", name)


@pytest.fixture(scope="module")
def address(server: str) -> str:
    """Where the server answers, once its model is loaded."""
    found = f"http://{docker('port', server, '8080/tcp').splitlines()[0]}"
    deadline = time.monotonic() + READY_SECONDS
    while not ready(found):
        assert time.monotonic() < deadline, docker("logs", server)
        time.sleep(0.2)
    return found


def ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/ping", timeout=10) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


def test_it_answers_with_what_the_training_found(address: str, trained: Result) -> None:
    lines = (trained.base / "input/data/test/part-00000.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    body = {"inputs": [each["text"] for each in records], "probabilities": True}
    request = urllib.request.Request(
        f"{address}/invocations",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        answers: list[dict[str, Any]] = json.load(answer)
    labels = trained.metrics["labels"]
    rows = pq.read_table(trained.data / "predictions.parquet").to_pylist()
    expected = {row["id"]: row["candidate_probabilities"] for row in rows}
    assert len(answers) == len(records) > 10
    for record, found in zip(records, answers, strict=True):
        probabilities = [found["probabilities"][label] for label in labels]
        assert probabilities == pytest.approx(expected[record["id"]], abs=1e-6)


def test_it_does_not_serve_as_root(address: str, server: str) -> None:
    assert address
    status = process_status(server)
    assert status["Uid"] == status["Gid"] == " ".join([str(RUNS_AS)] * 4)
    assert int(status["CapEff"], 16) == 0


def test_it_serves_as_on_a_serverless_endpoint(training_image: str, trained: Result) -> None:
    """Nothing but /tmp can be written, and a user whom nobody knows runs it."""
    name = "thriftline-test-serverless"
    docker(
        *("run", "--detach", "--name", name, "--publish", "127.0.0.1::8080", "--read-only"),
        *("--tmpfs", "/tmp", "--user", "4711:4711", "--env", "OMP_NUM_THREADS=1"),
        *("--volume", f"{trained.base / 'model'}:/opt/ml/model:ro", training_image, "serve"),
    )
    try:
        found = f"http://{docker('port', name, '8080/tcp').splitlines()[0]}"
        deadline = time.monotonic() + READY_SECONDS
        while not ready(found):
            assert time.monotonic() < deadline, docker("logs", name)
            time.sleep(0.2)
        labels = docker("inspect", "--format", "{{json .Config.Labels}}", name)
        assert json.loads(labels)["com.amazonaws.sagemaker.capabilities.multi-models"] == "true"
    finally:
        docker("rm", "--force", name)


def test_docker_stop_ends_it_in_order(address: str, server: str) -> None:
    assert address
    docker("stop", "--time", "60", server)
    assert docker("wait", server) == "0"
    said = subprocess.run(["docker", "logs", server], capture_output=True, text=True, check=True)
    events = [json.loads(line)["event"] for line in said.stdout.splitlines()]
    assert events[:2] == ["start", "ready"]
    assert events[-1] == "stop"
    assert "warning" not in events
