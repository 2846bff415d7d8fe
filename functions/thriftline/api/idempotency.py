"""Makes a call that comes again with its Idempotency-Key one call: one effect, one answer."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Protocol

from thriftline.api.problems import Problem, broken_rule
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ServiceUnavailableError, ThriftlineError
from thriftline.core.kept import reading

REPLAYED = "Idempotent-Replayed"


@dataclass(frozen=True)
class HttpAnswer:
    """An answer that can be kept: it is text."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


class Kept(Protocol):
    """A request as it was kept."""

    @property
    def body_digest(self) -> str:
        """Of the body that came with it."""

    @property
    def answer(self) -> str | None:
        """None while it is being worked on."""


class Claim(Protocol):
    """What became of a claim of a request."""

    @property
    def mark(self) -> str:
        """By which whoever made it may end it."""

    @property
    def former(self) -> Kept | None:
        """The request that was there; None where it is the caller's own now."""


class Requests(Protocol):
    """Where requests are kept."""

    def claim(self, request_id: str, body_digest: str, now: datetime) -> Claim:
        """Makes a request the caller's own, or finds the one that is there."""

    def keep(self, request_id: str, mark: str, answer: str, now: datetime) -> None:
        """Keeps what it was answered."""

    def release(self, request_id: str, mark: str) -> None:
        """Forgets it."""


@dataclass(frozen=True)
class KeyedRequest:
    """What makes two requests the same: who sent them, to where, and with which key."""

    caller: str
    method: str
    path: str
    key: str
    body: bytes

    @property
    def request_id(self) -> str:
        """The same for the same caller, route and key."""
        # JSON, so that no two lists of texts give one.
        identity = json.dumps([self.caller, self.method, self.path, self.key])
        return hashlib.sha256(identity.encode()).hexdigest()

    @property
    def body_digest(self) -> str:
        """Of what was sent."""
        return hashlib.sha256(self.body).hexdigest()


def once(
    request: KeyedRequest, act: Callable[[], HttpAnswer], requests: Requests, now: datetime
) -> HttpAnswer:
    """Acts, or returns what the same request was answered before.

    Only an answer that says that something was done is kept: what was refused has changed nothing,
    and may be asked again when the state is another. Where AWS may still be at work on it, the
    claim stays for its minute, so that nobody asks for it twice at once.

    Raises:
        Problem: 422 where the key came with another body; 409 while the first is being worked on.
    """
    name = request.request_id
    claim = requests.claim(name, request.body_digest, now)
    if claim.former is not None:
        return _repeated(claim.former, request)
    try:
        answer = act()
    except BaseException as error:
        if not _may_go_on(error):
            # Whoever asks is told what was wrong first; a claim that stays is over in a minute.
            with suppress(ThriftlineError):
                requests.release(name, claim.mark)
        raise
    if answer.status < HTTPStatus.BAD_REQUEST:
        # What was done was done: whoever asks again finds it, by what was started or answered.
        with suppress(ThriftlineError):
            requests.keep(name, claim.mark, json.dumps(asdict(answer)), now)
    else:
        with suppress(ThriftlineError):
            requests.release(name, claim.mark)
    return answer


def _may_go_on(error: BaseException) -> bool:
    return isinstance(error, ServiceUnavailableError) and error.may_go_on


def _repeated(kept: Kept, request: KeyedRequest) -> HttpAnswer:
    if kept.body_digest != request.body_digest:
        raise broken_rule(
            "This Idempotency-Key came with another body before. Take a new key for a new request."
        )
    if kept.answer is None:
        raise Problem(
            HTTPStatus.CONFLICT,
            "The same request is being worked on. Ask again in a moment.",
            headers={"Retry-After": "2"},
        )
    with reading(
        "What this Idempotency-Key was answered",
        "It was done then: look at what it changed before you send it with a new key.",
    ):
        answer = HttpAnswer(**json.loads(kept.answer))
    return replace(answer, headers={**answer.headers, REPLAYED: "true"})
