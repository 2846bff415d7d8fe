"""What API Gateway answers itself, where no function answers, in the words of the template."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

_HEADER = "gatewayresponse.header."
_PATH = r"context(?:\.[A-Za-z]+)+"
_VARIABLE = re.compile(rf"\$(?:{_PATH}|\{{{_PATH}\}})")
_KNOWN_VARIABLES = frozenset(
    {"error.message", "error.messageString", "error.responseType", "requestId", "path"}
    | {"resourcePath", "httpMethod", "stage", "apiId", "accountId"}
)
_DEFAULT_TEMPLATE = '{"message":$context.error.messageString}'


@dataclass(frozen=True)
class Refusal:
    """Why API Gateway answers itself; the kinds are those of its documentation."""

    kind: str
    status: int
    error: str
    message: str


class RefusedError(Exception):
    """A request that API Gateway answers itself."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def missing_token(message: str = "Missing Authentication Token") -> Refusal:
    """Return the refusal of an unsigned request, and of a route that does not exist."""
    return Refusal(
        "MISSING_AUTHENTICATION_TOKEN", 403, "MissingAuthenticationTokenException", message
    )


def invalid_signature(message: str) -> Refusal:
    """Return the refusal of a signature."""
    return Refusal("INVALID_SIGNATURE", 403, "InvalidSignatureException", message)


def unknown_key() -> Refusal:
    """Return the refusal of an access key that nobody has."""
    message = "The security token included in the request is invalid."
    return Refusal("INVALID_SIGNATURE", 403, "UnrecognizedClientException", message)


def expired_token() -> Refusal:
    """Return the refusal of a session that has ended."""
    message = "The security token included in the request is expired"
    return Refusal("EXPIRED_TOKEN", 403, "ExpiredTokenException", message)


def access_denied(user: str, resource: str, *, explicit: bool) -> Refusal:
    """Return the refusal of a caller whose policies do not allow the route."""
    shown = ":".join([*(parts := resource.split(":", 5))[:4], f"********{parts[4][-4:]}", parts[5]])
    end = " with an explicit deny" if explicit else ""
    message = (
        f"User: {user} is not authorized to perform: execute-api:Invoke on resource: {shown}{end}"
    )
    return Refusal("ACCESS_DENIED", 403, "AccessDeniedException", message)


def too_large() -> Refusal:
    """Return the refusal of a body that is too large."""
    return Refusal("REQUEST_TOO_LARGE", 413, "RequestTooLargeException", "Request Too Long")


def throttled() -> Refusal:
    """Return the refusal of a request that is one too many."""
    return Refusal("THROTTLED", 429, "TooManyRequestsException", "Too Many Requests")


def timed_out() -> Refusal:
    """Return what is answered when a function takes too long."""
    return Refusal("INTEGRATION_TIMEOUT", 504, "", "Endpoint request timed out")


def broken(status: int = 502) -> Refusal:
    """Return what is answered when a function failed, or answered what is no answer."""
    return Refusal("DEFAULT_5XX", status, "InternalServerErrorException", "Internal server error")


@dataclass(frozen=True)
class GatewayAnswer:
    """An answer of the gateway's own."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class GatewayResponses:
    """The responses of one API: the template's, and the service's own for all others."""

    def __init__(self, given: Mapping[str, Mapping[str, Any]]) -> None:
        self._given = given
        for kind, response in given.items():
            _check(kind, response)

    def answer(self, refusal: Refusal, context: Mapping[str, str]) -> GatewayAnswer:
        """Return the answer for a refusal."""
        default = "DEFAULT_5XX" if refusal.status >= 500 else "DEFAULT_4XX"
        empty: Mapping[str, Any] = MappingProxyType({})
        given = self._given.get(refusal.kind) or self._given.get(default, empty)
        variables = {
            **context,
            "error.message": refusal.message,
            "error.messageString": json.dumps(refusal.message),
            "error.responseType": refusal.kind,
        }
        templates = given.get("responseTemplates") or {"application/json": _DEFAULT_TEMPLATE}
        content_type, template = next(iter(templates.items()))
        headers = {"Content-Type": content_type}
        if refusal.error:
            headers["x-amzn-ErrorType"] = refusal.error
        for name, value in (given.get("responseParameters") or {}).items():
            headers[name.removeprefix(_HEADER)] = _header(value, variables)
        return GatewayAnswer(
            int(given.get("statusCode") or refusal.status),
            tuple(headers.items()),
            _filled(template, variables).encode(),
        )


def _check(kind: str, response: Mapping[str, Any]) -> None:
    for name, value in (response.get("responseParameters") or {}).items():
        if not name.startswith(_HEADER) or not _is_header(value):
            raise ValueError(f"the gateway response {kind}: {name}: {value} is not done here")
    templates = response.get("responseTemplates") or {}
    if len(templates) > 1:
        raise ValueError(f"the gateway response {kind}: only one template is done here")
    for template in templates.values():
        names = {_name(each) for each in _VARIABLE.findall(template)}
        left = _VARIABLE.sub("", template)
        if names - _KNOWN_VARIABLES or "$" in left or re.search(r"#\w+\s*\(", left):
            raise ValueError(f"the gateway response {kind}: its template is not done here")


def _is_header(value: str) -> bool:
    literal = len(value) > 1 and value[0] == value[-1] == "'"
    return literal or value.removeprefix("context.") in _KNOWN_VARIABLES


def _header(value: str, variables: Mapping[str, str]) -> str:
    if value.startswith("'"):
        return value[1:-1]
    return variables[value.removeprefix("context.")]


def _name(variable: str) -> str:
    return variable.strip("${}").removeprefix("context.")


def _filled(template: str, variables: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: variables[_name(found[0])], template)
