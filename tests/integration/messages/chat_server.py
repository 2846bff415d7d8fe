"""A chat's incoming webhook on this machine, which answers as it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, dict[str, str]]
TAKEN: Reply = (200, {})


@dataclass
class ChatServer:
    """What was posted, and what is answered next; ``hang`` answers nothing until it is set."""

    url: str = ""
    posted: list[dict[str, Any]] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    always: Reply = TAKEN
    hang: threading.Event | None = None

    def titles(self) -> list[str]:
        """The first lines of what was posted."""
        return [str(body.get("text", "")).split("\n")[0] for body in self.posted]


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    """Serves on a free port of the loopback interface."""
    chat = ChatServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"]))
            if chat.hang is not None:
                chat.hang.wait(30)
                return
            chat.posted.append(json.loads(text))
            status, headers = chat.replies.pop(0) if chat.replies else chat.always
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    chat.url = f"http://127.0.0.1:{server.server_port}/services/T0/B0/a-secret"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield chat
    finally:
        if chat.hang is not None:
            chat.hang.set()
        server.shutdown()
        server.server_close()
