"""The HTTP server of the embedded AWS, in threads of this process."""

import threading
from collections.abc import Collection
from typing import Any
from wsgiref.handlers import format_date_time

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

from local_aws.clock import Clock
from local_aws.http.front_door import FrontDoor, Hosts
from local_aws.http.gateway import Gateway


class _QuietHandler(MotoRequestHandler):  # type: ignore[misc]
    """Logs no line for each request, and dates answers by our clock."""

    clock: Clock

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the Date header."""
        moment = self.clock.now().timestamp() if timestamp is None else timestamp
        return format_date_time(moment)

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """Close the connection at once, as a cut one is."""
        self.close_connection = True

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Say nothing."""


class HttpServer:
    """Serves a gateway in threads; listens as soon as it is made."""

    def __init__(
        self, gateway: Gateway, host: str, port: int, clock: Clock, names: Collection[str] = ()
    ) -> None:
        hosts = Hosts(host, frozenset(each.lower() for each in names))
        handler = type("_Handler", (_QuietHandler,), {"clock": clock})
        self._server: BaseWSGIServer = make_server(
            host, port, FrontDoor(gateway, hosts), threaded=True, request_handler=handler
        )
        self._thread = threading.Thread(target=self._server.serve_forever, name="http", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port, also when it was chosen by the system."""
        return self._server.port

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
