"""HTTP connections of clients that send slowly, or nothing: they are closed after a while.

uvicorn bounds the time between two requests and leaves a request's head unbounded; its body is
bounded where it is read (`serving_http.py`).
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 20.0


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with a limit to how long the head of a request may take."""

    head_seconds = HEAD_SECONDS
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Gives a new connection as long for its first byte as an old one for its next."""
        super().connection_made(transport)
        self._expect_head(float(self.timeout_keep_alive))

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends the clock."""
        self._end_timer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """The head has begun to arrive."""
        self._expect_head(self.head_seconds)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """It has arrived."""
        self._end_timer()
        super().on_headers_complete()

    def _expect_head(self, seconds: float) -> None:
        self._end_timer()
        self._head_timer = self.loop.call_later(seconds, self._give_up)

    def _end_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        transport: Any = self.transport
        if transport is not None and not transport.is_closing():
            transport.close()
