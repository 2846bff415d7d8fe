"""README's "Use the model", word for word, on a model that a job has left in a folder."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.training.tiny import TinyJob

pytestmark = pytest.mark.training
ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "README.md").read_text().partition("### Use the model")[2].partition("\n## ")[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, base_model: Path) -> Path:
    base = tmp_path_factory.mktemp("readme")
    assert TinyJob.make(base / "ml", base_model).run_here().code == 0
    (base / "training_image").symlink_to(ROOT / "training_image")
    return base


def block(language: str, words: str) -> str:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", SECTION, flags=re.DOTALL | re.MULTILINE)
    return next(str(text) for name, text in blocks if name == language and words in text)


def test_three_lines_of_transformers_classify_a_sentence(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", block("python", "pipeline")],
        cwd=folder,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert re.search(r"\[{'label': '(positive|negative)', 'score': 0\.\d+}\]", done.stdout)


def test_the_server_answers_the_request_of_the_readme(folder: Path) -> None:
    serve, curl = block("", "curl").strip().splitlines()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = str(listener.getsockname()[1])
    command = "exec env " + serve.partition("#")[0].replace(".venv/bin/python", sys.executable)
    body = re.search(r"--json '(.+)' localhost:8080(/\S+)", curl)
    assert body is not None

    with subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "SAGEMAKER_BIND_TO_PORT": port},
    ) as server:
        try:
            answer = _answer(f"http://127.0.0.1:{port}{body.group(2)}", body.group(1))
        finally:
            server.terminate()

    assert answer["label"] in {"positive", "negative"}


def _answer(url: str, body: str) -> dict[str, str]:
    """Ask until the model is loaded, as curl would be asked again."""
    command = ["curl", "--silent", "--fail", "--header", "Content-Type: application/json"]
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        done = subprocess.run(
            [*command, "--data", body, url], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            answer = json.loads(done.stdout)
            return dict(answer[0] if isinstance(answer, list) else answer)
        time.sleep(0.5)
    raise AssertionError("the server did not answer")
