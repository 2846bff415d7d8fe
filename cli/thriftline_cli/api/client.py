"""The client of the API: SigV4 with the person's own credentials, over urllib3."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from urllib3.exceptions import HTTPError
from urllib3.util import Retry, Timeout

from thriftline_cli.answers import shown
from thriftline_cli.api.problems import problem
from thriftline_cli.exits import CommandError, Exit, Rehearsed

_SERVICE = "execute-api"
_CONFLICT = 409
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_PAGE = 100
Json = dict[str, Any]


@dataclass(frozen=True)
class Signer:
    """Whose calls they are."""

    credentials: Credentials
    region: str

    def headers(self, method: str, url: str, body: bytes | None) -> dict[str, str]:
        """Returns the headers of a signed request."""
        request = AWSRequest(method=method, url=url, data=body)
        if body is not None:
            request.headers["Content-Type"] = "application/json"
        SigV4Auth(self.credentials, _SERVICE, self.region).add_auth(request)
        return dict(request.headers.items())


class _Patience(Retry):
    """Waits also for a call of its own key that is still at work: 409 with a time to come again."""

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        """Returns whether the answer is asked for again."""
        is_at_work = status_code == _CONFLICT and has_retry_after
        return is_at_work or super().is_retry(method, status_code, has_retry_after)


def pool() -> urllib3.PoolManager:
    """Returns the connections, which repeat what was not answered.

    A POST is repeated too: each has a key by which the API knows it again.
    """
    retries = _Patience(
        total=4,
        connect=2,
        backoff_factor=0.5,
        status_forcelist=(429, 502, 503, 504),
        allowed_methods=None,
        raise_on_status=False,
        redirect=False,
    )
    return urllib3.PoolManager(retries=retries, timeout=Timeout(connect=5, read=35))


@dataclass(frozen=True)
class Api:
    """The API of a stack."""

    base: str
    signer: Signer
    connections: urllib3.PoolManager
    token: Callable[[], str]
    dry_run: bool = False
    say: Callable[[str], None] = lambda _line: None

    def get(self, path: str, **query: Any) -> Json:
        """Returns what lies under a path."""
        return self._json("GET", path, query=query)

    def items(self, path: str, limit: int | None = None, **query: Any) -> Iterator[Json]:
        """Yields what a list has, page by page, ``limit`` of it at the most.

        What the API could not read is said: it is missing, or a part of it.
        """
        left, token = limit, None
        while left is None or left > 0:
            asked = _MOST_PAGE if left is None else min(left, _MOST_PAGE)
            page = self.get(path, **query, limit=asked, next_token=token)
            # An older stack has no such list.
            for one in page.get("unreadable") or ():
                self.say(f"not read: {shown(one.get('problem'))} {shown(one.get('fix'))}")
            yield from page["items"]
            left = None if left is None else left - len(page["items"])
            token = page["next_token"]
            if token is None:
                return

    def post(self, path: str, body: Mapping[str, Any], *, key: str | None = None) -> Json:
        """Asks for something; the same key is the same request."""
        headers = {"Idempotency-Key": key or self.token()}
        return self._json("POST", path, body=body, headers=headers)

    def rehearse(self, path: str, body: Mapping[str, Any]) -> Json:
        """Asks what a POST would do; the body must say that it is a dry run."""
        asked = {**body, "dry_run": True}
        return self._json("POST", path, body=asked, rehearsed=True)

    def put(self, path: str, body: Mapping[str, Any], *, key: str | None = None) -> Json:
        """Sets something; the same key is the same request."""
        return self._json("PUT", path, body=body, headers={"Idempotency-Key": key or self.token()})

    def delete(self, path: str, *, key: str | None = None) -> Json:
        """Takes something away; the same key is the same request."""
        return self._json("DELETE", path, headers={"Idempotency-Key": key or self.token()})

    def document(self, path: str) -> bytes:
        """Returns a document as it is, wherever it lies."""
        answer = self._answer("GET", self._url(path, {}), None, {})
        if answer.status in _REDIRECTS:
            # What it leads to is signed by itself, and is none of ours to sign.
            answer = self._sent("GET", answer.headers["Location"], None, {})
        if answer.status >= 400:
            raise problem(answer.status, answer.data, f"GET {path}")
        return bytes(answer.data)

    def _json(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        rehearsed: bool = False,
    ) -> Json:
        if self.dry_run and method != "GET" and not rehearsed:
            raise Rehearsed(method, path, body)
        sent = None if body is None else json.dumps(body).encode()
        answer = self._answer(method, self._url(path, query or {}), sent, headers or {})
        if answer.status >= 400:
            raise problem(answer.status, answer.data, f"{method} {path}")
        found: Json = json.loads(answer.data or b"{}")
        return found

    def _url(self, path: str, query: Mapping[str, Any]) -> str:
        given = {name: _text(value) for name, value in query.items() if value is not None}
        return f"{self.base}{path}" + (f"?{urlencode(given, quote_via=quote)}" if given else "")

    def _answer(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> urllib3.BaseHTTPResponse:
        signed = self.signer.headers(method, url, body)
        return self._sent(method, url, body, {**signed, **headers})

    def _sent(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> urllib3.BaseHTTPResponse:
        try:
            return self.connections.request(
                method, url, body=body, headers={"Accept": "application/json", **headers}
            )
        except HTTPError as error:
            raise CommandError(
                f"the API at {self.base} does not answer: {_reason(error)}", Exit.NOT_FOUND
            ) from error


def segment(text: str) -> str:
    """Returns a name as a part of a path.

    Raises:
        CommandError: no route takes it.
    """
    allowed = text.replace("-", "").replace("_", "").replace(".", "")
    if not text or len(text) > 128 or not (allowed.isascii() and allowed.isalnum()):
        raise CommandError(
            f"{text!r} is no name here: letters, digits, dots, hyphens and underscores",
            Exit.USAGE,
        )
    return text


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _reason(error: HTTPError) -> str:
    cause = getattr(error, "reason", None) or error
    text = str(cause)
    return " ".join(text.rpartition(": ")[2].split()) or type(cause).__name__
