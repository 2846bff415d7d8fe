"""From an event of API Gateway to a view and back; every error becomes a problem here."""

import importlib
import inspect
import json
import typing
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from pydantic import BaseModel

from thriftline.api import problems
from thriftline.api.answers import Accepted, RawDocument
from thriftline.api.callers import UNKNOWN, Caller, caller_of
from thriftline.api.idempotency import HttpAnswer, KeyedRequest, once
from thriftline.api.problems import Problem
from thriftline.api.requests import (
    Call,
    body_of,
    idempotency_key,
    path_parameters,
    query_of,
    raw_body,
)
from thriftline.api.routes import Route
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import (
    AccessDeniedError,
    AwsRequestError,
    DamagedPriceCatalogueError,
    DeploymentInProgressError,
    InvalidStackParameterError,
    QuotaExceededError,
    RunSettledError,
    ServiceUnavailableError,
    ThriftlineError,
    ThrottledError,
    UnreadableDocumentError,
)
from thriftline.core.observability import logger
from thriftline.wiring import api as wiring

HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
# Nothing that a caller sends brings these about.
_OWN_FAULTS = (
    AccessDeniedError,
    AwsRequestError,
    DamagedPriceCatalogueError,
    InvalidStackParameterError,
)


@dataclass(frozen=True)
class View:
    """A view, and the models that its parameters and its answer have."""

    function: Callable[..., Any]
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    answers: tuple[Any, ...]


@cache
def view_of(name: str) -> View:
    """Returns the view that a route names; its module is imported here."""
    module, _, attribute = name.rpartition(".")
    function = getattr(importlib.import_module(f"thriftline.api.views.{module}"), attribute)
    hints = typing.get_type_hints(inspect.unwrap(function))
    answers = typing.get_args(hints["return"]) or (hints["return"],)
    return View(function, hints.get("query"), hints.get("body"), answers)


def answer(route: Route, event: Mapping[str, Any]) -> HttpAnswer:
    """Returns what a call is answered; nothing is raised."""
    request_id = str((event.get("requestContext") or {}).get("requestId") or "")
    try:
        return _answered(route, event)
    except Problem as problem:
        return refused(problem, request_id)
    except ThriftlineError as error:
        found = _problem_of(error)
        if isinstance(error, UnreadableDocumentError):
            # A caller's to fix, and the operator's to know.
            logger.warning("a kept document was not read", route=route.view, reason=str(error))
        elif found.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            logger.exception("a view was refused something", route=route.view)
        else:
            logger.info("a call was refused", route=route.view, error=type(error).__name__)
        return refused(found, request_id)
    except Exception:
        logger.exception("a view failed", route=route.view)
        return refused(failure(), request_id)


def failure() -> Problem:
    """Returns the problem of a fault of the API itself; what it was stands in the log."""
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "The API failed at this request; nothing is known of why here. The log of the function "
        "has it under the id of the request.",
    )


def refused(problem: Problem, request_id: str) -> HttpAnswer:
    """Returns a problem as an answer."""
    headers = {**HEADERS, **problem.headers, "Content-Type": problems.CONTENT_TYPE}
    return HttpAnswer(int(problem.status), problem.body(request_id), headers)


def _answered(route: Route, event: Mapping[str, Any]) -> HttpAnswer:
    context = event.get("requestContext") or {}
    headers = {str(k).lower(): str(v) for k, v in (event.get("headers") or {}).items()}
    caller = caller_of(context.get("identity") or {}, wiring.settings().page_user_pool, _address_of)
    if not route.reads_only:
        _require_name(caller)
    parameters = path_parameters(event.get("pathParameters"), route.parameters)
    key = None if route.reads_only else idempotency_key(headers)
    path = route.path.format(**parameters)
    request = KeyedRequest(caller.key, route.method, path, key or uuid4().hex, _sent(event))
    call = Call(
        caller=caller.name,
        now=wiring.now(),
        method=route.method,
        path=route.path,
        parameters=parameters,
        token=request.request_id,
        has_key=key is not None,
        members=wiring.members(),
    )
    view = view_of(route.view)
    given = _arguments(view, event)

    def act() -> HttpAnswer:
        return _written(route, call, view.function(call, **given))

    if key is None or not route.keeps_answer:
        return act()
    return once(request, act, wiring.requests_table(), call.now)


def _require_name(caller: Caller) -> None:
    """Checks that what is changed can be recorded under the caller's name.

    Raises:
        Problem: 403 where nobody signed, or somebody who was removed; 503 where the person's
            address cannot be looked up now.
    """
    if caller.name == UNKNOWN:
        raise Problem(HTTPStatus.FORBIDDEN, "Nobody is known to have signed this request.")
    if not caller.is_there:
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "The page's user pool does not let this person in any more, so nothing was changed. "
            "Whoever runs the page may invite the person again.",
        )
    if not caller.is_named:
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "The user pool did not say whose request this is, so nothing was changed. Ask again in "
            "a moment.",
            headers={"Retry-After": "5"},
        )


def _address_of(subject: str) -> str | None:
    # Made for those alone who signed in to the hosted page.
    return wiring.page_users().address_of(subject, wiring.now())


def _sent(event: Mapping[str, Any]) -> bytes:
    """Returns what two calls with one key must have in common."""
    query = event.get("multiValueQueryStringParameters") or {}
    return json.dumps(sorted(query.items())).encode() + raw_body(event)


def _arguments(view: View, event: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    query = event.get("multiValueQueryStringParameters")
    if view.query is not None:
        given["query"] = query_of(view.query, query)
    elif query:
        raise problems.unreadable("This route takes no parameters in the query.")
    if view.body is not None:
        given["body"] = body_of(view.body, raw_body(event))
    return given


def _written(route: Route, call: Call, found: Any) -> HttpAnswer:
    headers = {**HEADERS, "Content-Type": route.content_type}
    if isinstance(found, RawDocument):
        headers |= {"Content-Type": found.content_type, **found.headers}
        return HttpAnswer(int(route.status), found.body.decode("utf-8", "replace"), headers)
    status = route.status
    if isinstance(found, Accepted):
        headers["Location"] = _relative(call, found.href)
    elif status is HTTPStatus.ACCEPTED:
        # A dry run, say: nothing was started.
        status = HTTPStatus.OK
    return HttpAnswer(int(status), found.model_dump_json(), headers)


def _relative(call: Call, href: str) -> str:
    """Returns a reference from the called path, which holds behind any stage or proxy."""
    depth = call.path.strip("/").count("/")
    return "../" * depth + href.removeprefix("/")


def _problem_of(error: ThriftlineError) -> Problem:
    """What AWS says stays in the log; what Thriftline says is for the caller."""
    if isinstance(error, QuotaExceededError):
        return problems.conflict("All of a quota of the account is in use.")
    if isinstance(error, ThrottledError):
        return Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            "AWS is asked too often now. Ask again in a moment.",
            headers={"Retry-After": "5"},
        )
    if isinstance(error, ServiceUnavailableError) and error.may_go_on:
        return Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "A service behind the API does not answer, and may still do what it was asked for. Ask "
            "again in a minute, with the same Idempotency-Key: at once it might be done twice.",
            headers={"Retry-After": "60"},
        )
    if isinstance(error, ServiceUnavailableError):
        return Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "A service behind the API does not answer. Ask again in a moment.",
            headers={"Retry-After": "10"},
        )
    if isinstance(error, _OWN_FAULTS):
        return failure()
    if isinstance(error, UnreadableDocumentError):
        return problems.unread(error)
    if isinstance(error, DeploymentInProgressError | RunSettledError):
        return problems.conflict(str(error))
    return problems.broken_rule(str(error))
