"""The incoming webhook of a chat. Its address is a secret: nobody is shown it, no log either."""

import json
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from thriftline.core.aws.secrets import Secret
from thriftline.core.errors import ThriftlineError
from thriftline.core.text import plain
from thriftline.messages.domain.delivery import Answer

_GONE = frozenset({401, 403, 404, 410})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Webhook:
    """Posts a body once. ``timeout_seconds`` is for connecting, and again for the answer."""

    def __init__(self, secret: Secret, timeout_seconds: float) -> None:
        self._secret = secret
        timeout = urllib3.Timeout(connect=timeout_seconds, read=timeout_seconds)
        self._pool = urllib3.PoolManager(timeout=timeout, retries=False)

    def post(self, body: dict[str, Any]) -> Answer:
        """Returns what the chat answered; an address that cannot be right is never asked."""
        try:
            address = self._secret.text().strip()
        except ThriftlineError as error:
            return Answer(None, reason=str(error))
        answer = self._asked(address, body)
        if answer.status is None or answer.status in _GONE:
            # The address may have been changed.
            self._secret.forget()
        return answer

    def _asked(self, address: str, body: dict[str, Any]) -> Answer:
        if not _may_be_asked(address):
            return Answer(404, reason="The secret holds no https address.")
        try:
            answer = self._pool.request(
                "POST",
                address,
                body=json.dumps(body).encode(),
                headers={"Content-Type": "application/json; charset=utf-8"},
                redirect=False,
            )
        except (HTTPError, ValueError, OSError) as error:
            # The text of the error may hold the address.
            return Answer(None, reason=type(error).__name__)
        reason = plain(answer.data[:200].decode("utf-8", "replace"), 120)
        return Answer(answer.status, answer.headers.get("Retry-After"), reason)


def _may_be_asked(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    if not host or parts.username or any(letter.isspace() for letter in address):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
