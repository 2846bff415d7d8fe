"""The OpenAPI 3.1 document, made of the route table and the models of the views."""

from functools import cache
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from thriftline.api.answers import Accepted, RawDocument
from thriftline.api.dispatch import View, view_of
from thriftline.api.problems import CONTENT_TYPE, UNREAD, title_of
from thriftline.api.requests import LONGEST_ID
from thriftline.api.routes import ROUTES, VERSION, Route

_REF = "#/components/schemas/{model}"
_ALWAYS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
_WITH_BODY = (
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {
            "type": "string",
            "description": f"{UNREAD}: this version cannot read what was kept; fix says what to "
            "do, or the end of detail does. about:blank: the status says it.",
        },
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "fix": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
_DESCRIPTION = (
    "Requests are signed with AWS Signature Version 4 for the service execute-api. Money is US "
    "dollars as decimal strings, times are RFC 3339 in UTC, what is unknown is null. Lists page by "
    "next_token. Starting something answers 202 with where to look. A POST, PUT or DELETE with an "
    "Idempotency-Key has one effect and one answer for 24 hours. Every error is a problem document."
)


@cache
def openapi_document() -> dict[str, Any]:
    """Returns the document."""
    views = {route: view_of(route.view) for route in ROUTES}
    models, schemas = _schemas(views)
    paths: dict[str, Any] = {}
    for route, view in views.items():
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, view, models)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Thriftline", "version": VERSION, "description": _DESCRIPTION},
        "servers": [{"url": "/v1"}],
        "security": [{"sigv4": []}],
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Problem": _PROBLEM},
            "securitySchemes": {
                "sigv4": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "x-amazon-apigateway-authtype": "awsSigv4",
                }
            },
        },
    }


def _schemas(
    views: dict[Route, View],
) -> tuple[dict[tuple[type[BaseModel], str], dict[str, Any]], dict[str, Any]]:
    """Returns where each model's schema lies, and the schemas by name."""
    wanted: dict[tuple[type[BaseModel], str], None] = {}
    for view in views.values():
        if view.body is not None:
            wanted[view.body, "validation"] = None
        for answer in view.answers:
            if answer is not RawDocument:
                wanted[answer, "serialization"] = None
    found, shared = models_json_schema(
        list(wanted),  # type: ignore[arg-type]
        ref_template=_REF,
    )
    places = {(model, mode): schema for (model, mode), schema in found.items()}
    return places, dict(shared.get("$defs", {}))  # type: ignore[return-value]


def _operation(
    route: Route, view: View, models: dict[tuple[type[BaseModel], str], dict[str, Any]]
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}_{route.view.replace('.', '_')}",
        "summary": route.summary,
        "tags": [route.view.partition(".")[0]],
        "parameters": [*map(_path_parameter, route.parameters), *_query_parameters(view)],
        "responses": _responses(route, view, models),
    }
    if route.keeps_answer:
        operation["parameters"].append(_KEY)
    if view.body is not None:
        operation["requestBody"] = {
            "required": any(field.is_required() for field in view.body.model_fields.values()),
            "content": {"application/json": {"schema": models[view.body, "validation"]}},
        }
    return operation


_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes a repetition of the call the same call for 24 hours.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
}


def _path_parameter(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": f"^[A-Za-z0-9._-]{{1,{LONGEST_ID}}}$"},
    }


def _query_parameters(view: View) -> list[dict[str, Any]]:
    if view.query is None:
        return []
    schema = view.query.model_json_schema()
    required = schema.get("required", ())
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            **_described(one),
            "schema": _without_null(one),
        }
        for name, one in schema["properties"].items()
    ]


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": schema["description"]} if "description" in schema else {}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Returns a parameter's schema; one that is left out is null inside, and never null here."""
    choices = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    inner = choices[0] if choices else {k: v for k, v in schema.items() if k != "anyOf"}
    kept = {"default": schema["default"]} if schema.get("default") is not None else {}
    return {k: v for k, v in inner.items() if k not in ("title", "description")} | kept


def _responses(
    route: Route, view: View, models: dict[tuple[type[BaseModel], str], dict[str, Any]]
) -> dict[str, Any]:
    problem = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    found: dict[str, Any] = {}
    for answer in view.answers:
        # What is answered instead of a start, such as a dry run, has started nothing.
        status = route.status if _starts(answer, route) else HTTPStatus.OK
        found[str(int(status))] = _success(route, answer, status, models)
    statuses = {*_ALWAYS, *route.refusals}
    if not route.reads_only:
        statuses |= {*_WITH_BODY, HTTPStatus.CONFLICT}
    for status in sorted(statuses):
        found[str(int(status))] = {"description": title_of(status), "content": problem}
    found["default"] = {"description": "Any other problem", "content": problem}
    return found


def _starts(answer: Any, route: Route) -> bool:
    return route.status is not HTTPStatus.ACCEPTED or issubclass(answer, Accepted)


def _success(
    route: Route,
    answer: Any,
    status: HTTPStatus,
    models: dict[tuple[type[BaseModel], str], dict[str, Any]],
) -> dict[str, Any]:
    if answer is RawDocument:
        content: dict[str, Any] = {route.content_type: {}}
    else:
        content = {"application/json": {"schema": models[answer, "serialization"]}}
    described: dict[str, Any] = {"description": status.phrase, "content": content}
    if status is HTTPStatus.ACCEPTED:
        described["headers"] = {
            "Location": {
                "description": "Where to look, from the path of the call.",
                "schema": {"type": "string"},
            }
        }
    return described
