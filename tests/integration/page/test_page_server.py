"""The page's local server over real connections: sizes, lengths, and where it listens."""

import http.client
import socket
import threading
from collections.abc import Iterator, Mapping

import pytest

from thriftline_cli.ui.answers import Answer, as_json
from thriftline_cli.ui.files import Files, page_folder
from thriftline_cli.ui.guard import Guard
from thriftline_cli.ui.server import Page, PageServer


class Echo:
    """Answers with what was sent."""

    def call(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answers a call."""
        return as_json({"method": method, "target": target, "bytes": len(body), **headers})


@pytest.fixture
def server() -> Iterator[PageServer]:
    one = PageServer(0)
    one.page = Page(Guard(one.port), Files(page_folder()), Echo(), {})
    threading.Thread(target=one.serve_forever, daemon=True).start()
    yield one
    one.shutdown()
    one.server_close()


def asked(
    server: PageServer, method: str, path: str, body: bytes | None = None, **more: str
) -> http.client.HTTPResponse:
    """Asks as the page does."""
    guard = server.page.guard
    headers = {
        "cookie": f"{guard.cookie}={guard.session}",
        "origin": f"http://{guard.hosts[0]}",
        "x-thriftline": "page",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request(method, path, body, headers)
    return connection.getresponse()


def test_files_and_calls_are_answered(server: PageServer) -> None:
    assert b"<!doctype html>" in asked(server, "GET", "/").read()
    answer = asked(server, "PUT", "/api/endpoints/e/schedule", b"{}").read()
    assert b'"target": "/endpoints/e/schedule"' in answer


def test_a_body_that_is_too_large_is_not_read(server: PageServer) -> None:
    answer = asked(server, "POST", "/api/runs", content_length="5000000000")

    assert answer.status == 413
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_body_without_a_length_is_refused(server: PageServer) -> None:
    answer = asked(server, "POST", "/api/runs", transfer_encoding="chunked")

    assert answer.status == 411


def test_a_header_that_came_twice_opens_nothing(server: PageServer) -> None:
    own = f"127.0.0.1:{server.port}"
    request = f"GET / HTTP/1.1\r\nHost: {own}\r\nHost: evil.example\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 421")


def test_it_listens_on_127_0_0_1_alone(server: PageServer) -> None:
    assert server.socket.getsockname()[0] == "127.0.0.1"


def test_nothing_is_logged(server: PageServer, capfd: pytest.CaptureFixture[str]) -> None:
    asked(server, "POST", "/api/runs", b'{"project": "secret"}').read()
    asked(server, "BREW", "/").read()

    assert capfd.readouterr() == ("", "")
