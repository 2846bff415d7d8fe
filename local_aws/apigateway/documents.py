"""What a REST API is made of: the OpenAPI document that SAM writes, read and checked.

What is not done here is refused when the stack is made, so that nothing is pretended later.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.apigateway.gateway_responses import GatewayResponses

_METHODS = frozenset({"delete", "get", "head", "options", "patch", "post", "put"})
_FUNCTION = re.compile(r"functions/(arn:[^/]+)/invocations$")
_INTEGRATION = "x-amazon-apigateway-integration"
_AUTH_TYPE = "x-amazon-apigateway-authtype"
_OPERATION_KEYS = frozenset(
    {"summary", "description", "operationId", "tags", "parameters", "responses", "consumes"}
    | {"produces", "security", _INTEGRATION}
)
_INTEGRATION_KEYS = frozenset({"httpMethod", "type", "uri", "passthroughBehavior"})
_DOCUMENT_KEYS = frozenset(
    {"swagger", "openapi", "info", "paths", "securityDefinitions", "components", "definitions"}
    | {"x-amazon-apigateway-binary-media-types", "x-amazon-apigateway-gateway-responses"}
)


class ApiNotDoneError(ValueError):
    """The API has something that is not done here."""


@dataclass(frozen=True)
class Route:
    """A method of a resource; `resource` is the path with its names, such as `/runs/{id}`."""

    method: str
    resource: str
    function_arn: str
    signed: bool

    @property
    def resource_id(self) -> str:
        """A short name of the resource, as API Gateway gives one."""
        return hashlib.sha256(self.resource.encode()).hexdigest()[:6]


@dataclass(frozen=True)
class Document:
    """An API's routes and what it answers where no function does."""

    routes: tuple[Route, ...]
    responses: GatewayResponses
    binary_types: frozenset[str]


def read_document(body: Mapping[str, Any], binary_types: tuple[str, ...] = ()) -> Document:
    """Read the document of an API.

    Raises:
        ApiNotDoneError: it asks for what is not done here.
    """
    _only(body, _DOCUMENT_KEYS, "the document")
    security = body.get("securityDefinitions") or (body.get("components") or {}).get(
        "securitySchemes", {}
    )
    types = (*body.get("x-amazon-apigateway-binary-media-types", ()), *binary_types)
    return Document(
        routes=tuple(_routes(body.get("paths", {}), security)),
        responses=GatewayResponses(body.get("x-amazon-apigateway-gateway-responses", {})),
        binary_types=frozenset(each.replace("~1", "/").lower() for each in types),
    )


def _routes(paths: Mapping[str, Any], security: Mapping[str, Any]) -> Iterator[Route]:
    for resource, methods in paths.items():
        if "+}" in resource:
            raise ApiNotDoneError(f"{resource}: greedy paths are not done here")
        for method, operation in methods.items():
            place = f"{method.upper()} {resource}"
            if method not in _METHODS:
                raise ApiNotDoneError(f"{place}: this is not done here")
            _only(operation, _OPERATION_KEYS, place)
            yield Route(
                method.upper(),
                resource,
                _function(operation.get(_INTEGRATION) or {}, place),
                _is_signed(operation.get("security", []), security, place),
            )


def _function(integration: Mapping[str, Any], place: str) -> str:
    _only(integration, _INTEGRATION_KEYS, f"the integration of {place}")
    found = _FUNCTION.search(str(integration.get("uri", "")))
    if integration.get("type") != "aws_proxy" or not found:
        raise ApiNotDoneError(f"{place}: only the proxy integration with a function is done here")
    return found[1]


def _is_signed(asked: Any, security: Mapping[str, Any], place: str) -> bool:
    names = {name for each in asked for name in each}
    if not names - {"NONE"}:
        return False
    if len(names) == 1:
        scheme = security.get(next(iter(names)), {})
        if scheme.get(_AUTH_TYPE) == "awsSigv4":
            return True
    raise ApiNotDoneError(f"{place}: of authorizers only AWS_IAM is done here, not {sorted(names)}")


def _only(given: Mapping[str, Any], known: frozenset[str], place: str) -> None:
    if unknown := sorted(set(given) - known):
        raise ApiNotDoneError(f"{place} has {', '.join(unknown)}, which is not done here")
