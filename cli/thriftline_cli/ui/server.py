"""The page's server: files and the signed API, on 127.0.0.1 and nowhere else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from thriftline_cli.ui.answers import Answer, as_json, doorway, problem, sentence
from thriftline_cli.ui.files import Files
from thriftline_cli.ui.guard import Guard

HOST = "127.0.0.1"
_API = "/api"
_LARGEST_BODY = 1_000_000
_IDLE_SECONDS = 60


class Api(Protocol):
    """Answers the calls of the page."""

    def call(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Returns the answer of a method of a path with its query."""


@dataclass(frozen=True)
class Page:
    """What is served: decides about requests, and knows no socket."""

    guard: Guard
    files: Files
    api: Api
    about: Mapping[str, object]

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Returns the answer to a request."""
        if headers.get("Host") not in self.guard.hosts:
            return sentence(421, "This server is 127.0.0.1 alone.")
        path, _, query = target.partition("?")
        if path.startswith(f"{_API}/"):
            return self.guard.refused(method, headers) or self.api.call(
                method, target.removeprefix(_API), headers, body
            )
        if method != "GET":
            return sentence(405, "Files are only read.", {"Allow": "GET"})
        return self._file(path, query, headers)

    def _file(self, path: str, query: str, headers: Mapping[str, str]) -> Answer:
        token = parse_qs(query).get("token", [""])[0]
        if path == "/" and token:
            return doorway(self.guard.set_cookie) if self.guard.opens(token) else _WRONG_TOKEN
        if not self.guard.knows(headers):
            return _NO_TOKEN
        if path == "/config.json":
            # No sign-in: this server signs.
            return as_json({**self.about, "api": {"path": _API.strip("/")}, "sign_in": None})
        return self.files.answer(path)


_WRONG_TOKEN = sentence(
    403, "This address is of another start. Open the one that thriftline ui printed last."
)
_NO_TOKEN = sentence(403, "Open the address that thriftline ui printed: it has a token.")


class PageServer(ThreadingHTTPServer):
    """Serves the page until it is shut down."""

    daemon_threads = True
    # A server that ended a moment ago leaves its port waiting.
    allow_reuse_address = True
    # A browser asks for many files at once, and for what was not taken again seconds later.
    request_queue_size = 64
    page: Page

    def __init__(self, port: int) -> None:
        super().__init__((HOST, port), _Handler)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    protocol_version = "HTTP/1.1"
    server_version = "thriftline"
    sys_version = ""
    timeout = _IDLE_SECONDS

    def _serve(self) -> None:
        if urlsplit(self.path).scheme or not self.path.startswith("/"):
            self._send(sentence(400, "A path is needed."))
            return
        body = self._body()
        answer = (
            body
            if isinstance(body, Answer)
            else self.server.page.answer(self.command, self.path, _once(self.headers.items()), body)
        )
        self._send(answer)

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def _body(self) -> bytes | Answer:
        # What is not read would be taken for the next request.
        if self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            return problem(411, "The length is missing", "Send a Content-Length.")
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _LARGEST_BODY:
            self.close_connection = True
            return problem(413, "Too much at once", f"At most {_LARGEST_BODY:,} bytes are taken.")
        return self.rfile.read(int(length))

    def _send(self, answer: Answer) -> None:
        try:
            self.send_response(answer.status)
            for name, value in answer.all_headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)
        except (BrokenPipeError, ConnectionResetError):
            # The browser left the page; nobody reads this.
            self.close_connection = True

    def log_message(self, format: str, *arguments: object) -> None:
        """Logs nothing: paths have names of projects, bodies have more."""


def _once(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Returns headers by their usual names; one that came twice is no header of a browser."""
    found: dict[str, str] = {}
    for name, value in headers:
        usual = "-".join(part.capitalize() for part in name.split("-"))
        found[usual] = f"{found[usual]}, {value}" if usual in found else value
    return found
