"""The loopback Databricks: a workspace on a port of this machine, with faults as told."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.integration.databricks.workspace import Workspace

_LONGEST_HANG_SECONDS = 30


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the next call whose path ends so.

    ``kind`` is ``answer`` (of ``status``, before anything happens), ``lost`` (done, and the answer
    does not arrive), ``dropped`` (not done, no answer), ``hang`` (not done, no answer for long) or
    ``garbage`` (200 with something that is no JSON).
    """

    call: str
    kind: str = "answer"
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    times: int = 1


class Loopback:
    """A workspace that is being served."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.url = ""
        self.released = threading.Event()
        self._faults: list[Fault] = []
        self._lock = threading.RLock()

    def fault(self, call: str, kind: str = "answer", **named: Any) -> None:
        """Lets the next calls of a name go wrong."""
        one = Fault(call, kind, **named)
        with self._lock:
            self._faults += [one] * one.times

    @property
    def secret(self) -> str:
        """What the secret of the stack holds."""
        return json.dumps(
            {
                "host": self.url,
                "client_id": self.workspace.client_id,
                "client_secret": self.workspace.client_secret,
            }
        )

    def taken(self, path: str) -> Fault | None:
        """The fault of a call, which is then over."""
        with self._lock:
            for one in self._faults:
                if path.endswith(f"/{one.call}"):
                    self._faults.remove(one)
                    return one
        return None

    def asked(
        self, method: str, target: str, headers: Mapping[str, str], text: bytes
    ) -> tuple[int, dict[str, Any]]:
        """Asks the workspace, one call at a time."""
        parts = urlsplit(target)
        is_form = parts.path.startswith("/oidc/")
        body = text.decode() if is_form else json.loads(text or b"null")
        with self._lock:
            return self.workspace.answer(
                method, parts.path, dict(parse_qsl(parts.query)), headers, body
            )


@contextmanager
def databricks(workspace: Workspace | None = None) -> Iterator[Loopback]:
    """Serves a workspace on a free port of the loopback interface."""
    loopback = Loopback(workspace or Workspace())
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Handler", (_Handler,), {"loopback": loopback})
    )
    server.daemon_threads = True
    loopback.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield loopback
    finally:
        loopback.released.set()
        for run in loopback.workspace.runs.values():
            run.work.kill()
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one packet: two would wait for each other.
    wbufsize = -1
    loopback: Loopback

    def do_GET(self) -> None:
        self._do()

    def do_POST(self) -> None:
        self._do()

    def _do(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.loopback.taken(urlsplit(self.path).path)
        if fault is not None:
            self._go_wrong(fault, text)
            return
        status, answer = self._asked(text)
        self._say(status, {}, json.dumps(answer).encode())

    def _asked(self, text: bytes) -> tuple[int, dict[str, Any]]:
        headers = {name.title(): value for name, value in self.headers.items()}
        return self.loopback.asked(self.command, self.path, headers, text)

    def _go_wrong(self, fault: Fault, text: bytes) -> None:
        if fault.kind == "answer":
            self._say(fault.status, fault.headers, json.dumps(fault.body).encode())
            return
        if fault.kind == "garbage":
            self._say(200, {}, b"<html>a proxy</html>")
            return
        if fault.kind == "lost":
            self._asked(text)
        if fault.kind == "hang":
            self.loopback.released.wait(_LONGEST_HANG_SECONDS)
        self.close_connection = True

    def _say(self, status: int, headers: Mapping[str, str], text: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        return
