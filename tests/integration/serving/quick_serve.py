"""A `serve` program without weights: it answers as its artifact's behaviour.json says.

`{"label": "good", "fails": false}`; one that fails answers every request with 500.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MODEL = Path(os.environ["SAGEMAKER_BASE_DIR"]) / "model"
# By name; a container of one model has it under no name.
MODELS: dict[str, dict[str, Any]] = {}
if "SAGEMAKER_MULTI_MODEL" not in os.environ:
    MODELS[""] = json.loads((MODEL / "behaviour.json").read_text())


class Answers(BaseHTTPRequestHandler):
    """SageMaker's contract: /ping and /invocations."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(200, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/models":
            asked = json.loads(body)
            MODELS[asked["model_name"]] = json.loads(
                (Path(asked["url"]) / "behaviour.json").read_text()
            )
            self._answer(200, {})
            return
        name = self.path.removeprefix("/models/").removesuffix("/invoke")
        behaviour = MODELS["" if self.path == "/invocations" else name]
        status = 500 if behaviour.get("fails") else 200
        answer = {"label": behaviour["label"]}
        if self.headers.get("Content-Type") == "application/jsonlines":
            self._lines(status, [answer] * len(body.splitlines()))
            return
        asked = json.loads(body) if body.startswith(b"{") else {}
        # A list of inputs has a list of answers, as the image's own contract says.
        several = isinstance(asked.get("inputs"), list)
        self._answer(status, [answer] * len(asked["inputs"]) if several else answer)

    def do_DELETE(self) -> None:
        MODELS.pop(self.path.removeprefix("/models/"), None)
        self._answer(200, {})

    def _answer(self, status: int, document: Any) -> None:
        self._send(status, "application/json", json.dumps(document))

    def _lines(self, status: int, documents: list[Any]) -> None:
        lines = "".join(f"{json.dumps(one)}\n" for one in documents)
        self._send(status, "application/jsonlines", lines)

    def _send(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


server = ThreadingHTTPServer(
    (
        os.environ.get("THRIFTLINE_BIND_ADDRESS", "0.0.0.0"),
        int(os.environ["SAGEMAKER_BIND_TO_PORT"]),
    ),
    Answers,
)
sys.stdout.write(json.dumps({"event": "start", "port": server.server_port}) + "\n")
sys.stdout.flush()
server.serve_forever()
