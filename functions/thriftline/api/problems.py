"""Problems as RFC 9457 writes them: the one form of every error of the API."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import UnreadableDocumentError

CONTENT_TYPE = "application/problem+json"
# The type of a problem whose status and title would not say what to do.
UNREAD = "urn:thriftline:problem:unread"
BLANK = "about:blank"
LONGEST_DETAIL = 2_000
MOST_ERRORS = 20
# Titles of its own kind, where the status alone says too little.
_TITLES = {
    UNREAD: "What was kept cannot be read",
    HTTPStatus.BAD_REQUEST: "The request cannot be read",
    HTTPStatus.FORBIDDEN: "Not allowed",
    HTTPStatus.NOT_FOUND: "Not found",
    HTTPStatus.METHOD_NOT_ALLOWED: "The path has no such method",
    HTTPStatus.CONFLICT: "The state does not allow it",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Too large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "A body must be application/json",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The request breaks a rule",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many calls",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The API failed",
    HTTPStatus.SERVICE_UNAVAILABLE: "A service behind the API does not answer",
}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong; ``pointer`` is a JSON Pointer into the body, or a parameter."""

    pointer: str
    detail: str


class Problem(Exception):
    """Ends a request with an error that the caller can read.

    ``type`` is given where the status does not say what to do; ``fix`` says it then, and stands at
    the end of ``detail``, too. It is empty where it is not known apart from that.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        type: str = BLANK,
        fix: str = "",
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})
        self.type = type
        self.fix = fix

    def document(self, instance: str) -> dict[str, Any]:
        """Returns the problem document; ``instance`` is the id of the request."""
        document: dict[str, Any] = {
            "type": self.type,
            "title": _TITLES.get(self.type) or title_of(self.status),
            "status": int(self.status),
            "detail": self.detail[:LONGEST_DETAIL],
            "instance": f"urn:request:{instance}",
        }
        if self.fix:
            document["fix"] = self.fix
        if self.faults:
            document["errors"] = [
                {"pointer": one.pointer, "detail": one.detail[:LONGEST_DETAIL]}
                for one in self.faults[:MOST_ERRORS]
            ]
        return document

    def body(self, instance: str) -> str:
        """Returns the problem document as text."""
        return json.dumps(self.document(instance))


def title_of(status: HTTPStatus) -> str:
    """Returns what is said of every problem with this status."""
    return _TITLES.get(status, status.phrase)


def unreadable(detail: str, *faults: Fault) -> Problem:
    """Returns the problem of a request that is none."""
    return Problem(HTTPStatus.BAD_REQUEST, detail, faults=faults)


def not_found(what: str) -> Problem:
    """Returns the problem of something that is not there, or that the caller may not see."""
    return Problem(HTTPStatus.NOT_FOUND, f"{what} is not there, or you may not see it.")


def conflict(detail: str) -> Problem:
    """Returns the problem of a change that the present state does not allow."""
    return Problem(HTTPStatus.CONFLICT, detail)


def unread(error: UnreadableDocumentError) -> Problem:
    """Returns the problem of what another version of Thriftline has kept."""
    return Problem(HTTPStatus.CONFLICT, str(error), type=UNREAD, fix=error.fix)


def broken_rule(detail: str, *faults: Fault) -> Problem:
    """Returns the problem of a request that can be read and must not be done."""
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, faults=faults)
