"""An AWS that fails at every call, and may take long for it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def failing_aws(wait: Callable[[], None] = lambda: None) -> Iterator[tuple[str, list[str]]]:
    """Yields the address of an AWS that answers 500 after ``wait``, and the calls that came."""
    tries: list[str] = []

    class Failing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            tries.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            wait()
            self.send_response(500)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, format: str, *arguments: object) -> None:
            """Logs nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Failing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", tries
        finally:
            server.shutdown()
            thread.join()
