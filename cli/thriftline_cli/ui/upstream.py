"""The API behind the page: each call is signed with the person's own credentials."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from thriftline_cli.ui.answers import DOCUMENT_CSP, Answer, problem

_SERVICE = "execute-api"
_CONNECT_SECONDS, _ANSWER_SECONDS = 5, 32
# Segments of ids and names; an encoded byte stays as it was sent, for the signature is over it.
_PATH = re.compile(r"(?:/(?:[A-Za-z0-9._~|:@-]|%[0-9A-Fa-f]{2})+)+")
_QUERY = re.compile(r"[A-Za-z0-9._~|:@=&+*%,/-]*")
_SENT = ("Accept", "Content-Type", "Idempotency-Key")
_KEPT = ("Content-Type", "Content-Disposition", "Location", "Retry-After", "Allow")


def sender(base: str) -> Callable[[Any], Any]:
    """Returns what sends a prepared request, as botocore does: proxies and certificates alike."""
    from botocore.httpsession import URLLib3Session
    from botocore.utils import get_environ_proxies

    # Its stub knows one limit alone; it takes both, as botocore itself gives them.
    limits: Any = (_CONNECT_SECONDS, _ANSWER_SECONDS)
    send: Callable[[Any], Any] = URLLib3Session(
        proxies=get_environ_proxies(base), timeout=limits
    ).send
    return send


@dataclass(frozen=True)
class Upstream:
    """One stack's API; ``credentials`` gives them as they are now, refreshed where they expire."""

    base: str
    region: str
    credentials: Callable[[], Any]
    send: Callable[[Any], Any]

    def call(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Returns what the API answers, or a problem that says why it was not reached."""
        path, _, query = target.partition("?")
        if not _is_plain(path) or not _QUERY.fullmatch(query):
            return problem(400, "The path cannot be read", "It has characters that no route has.")
        sent = {name: headers[name] for name in _SENT if headers.get(name)}
        try:
            request = self._signed(method, f"{self.base}{target}", sent, body)
        except LookupError:
            return _NOT_SIGNED_IN
        except Exception as error:
            # Providers of credentials fail each in its own way; its class says enough.
            return _credentials_failed(error)
        return self._sent(request)

    def _signed(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        found = self.credentials()
        if found is None:
            raise LookupError
        request = AWSRequest(method=method, url=url, data=body or None, headers=headers)
        SigV4Auth(found.get_frozen_credentials(), _SERVICE, self.region).add_auth(request)
        return request.prepare()

    def _sent(self, request: Any) -> Answer:
        from botocore import exceptions

        try:
            found = self.send(request)
        except (exceptions.ReadTimeoutError, exceptions.ConnectTimeoutError):
            return problem(504, "The stack did not answer in time", "It may still be done.")
        except exceptions.BotoCoreError as error:
            detail = f"{urlsplit(self.base).netloc} was not reached ({type(error).__name__})."
            return problem(502, "The stack was not reached", detail)
        kept = {name: found.headers[name] for name in _KEPT if found.headers.get(name)}
        return Answer(found.status_code, found.content, kept, DOCUMENT_CSP)


def _is_plain(path: str) -> bool:
    return bool(_PATH.fullmatch(path)) and not {".", ".."} & set(path.split("/"))


_NOT_SIGNED_IN = problem(
    401, "There are no AWS credentials", "Sign in, or set AWS_PROFILE, and start this again."
)


def _credentials_failed(error: Exception) -> Answer:
    detail = f"The AWS credentials could not be read ({type(error).__name__})."
    return problem(401, "Your AWS credentials have expired or cannot be read", detail)
