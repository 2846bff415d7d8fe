"""A program that serves as the image's does, and does what the body of a request says."""

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(200, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = json.loads(body)
        if "sleep" in asked:
            time.sleep(asked["sleep"])
        if "exit" in asked:
            os._exit(asked["exit"])
        if "environment" in asked:
            self._answer(200, json.dumps(dict(os.environ)).encode())
            return
        self._answer(asked.get("status", 200), body)
        # Once a kept connection is used again, it is gone.
        self.close_connection = bool(asked.get("cut"))

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


address = (os.environ["THRIFTLINE_BIND_ADDRESS"], int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
server = ThreadingHTTPServer(address, Handler)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
started = {"event": "start", "port": server.server_address[1]}
sys.stdout.write(f"a line that is no JSON\n{json.dumps(started)}\n")
sys.stdout.flush()
server.serve_forever()
