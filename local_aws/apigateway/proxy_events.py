"""The event that a function gets from API Gateway: the Lambda proxy integration, payload 1.0."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from local_aws.apigateway.callers import Caller
from local_aws.apigateway.routing import Match

_NOBODY: Mapping[str, None] = dict.fromkeys(
    [
        "accessKey",
        "accountId",
        "caller",
        "cognitoAuthenticationProvider",
        "cognitoAuthenticationType",
        "cognitoIdentityId",
        "cognitoIdentityPoolId",
        "principalOrgId",
        "user",
        "userArn",
    ]
)
# What the signature needed is not handed on.
_KEPT_BACK = frozenset({"Authorization"})


@dataclass(frozen=True)
class ApiRequest:
    """A request of an API; `path` is without the stage, and as it was sent."""

    request_id: str
    api_id: str
    account: str
    region: str
    stage: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    source_ip: str
    port: str
    received: datetime

    @property
    def context(self) -> dict[str, str]:
        """What a gateway response may say of the request."""
        return {
            "requestId": self.request_id,
            "path": f"/{self.stage}{self.path}",
            "resourcePath": "",
            "httpMethod": self.method,
            "stage": self.stage,
            "apiId": self.api_id,
            "accountId": self.account,
        }


def proxy_event(
    request: ApiRequest, match: Match, caller: Caller | None, binary_types: frozenset[str]
) -> dict[str, Any]:
    """Return a request as its function gets it."""
    headers = _headers(request)
    pairs = parse_qsl(request.query, keep_blank_values=True)
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    body, encoded = _body(request, binary_types)
    return {
        "resource": match.route.resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": values or None,
        "pathParameters": match.parameters or None,
        "stageVariables": None,
        "requestContext": _context(request, match, caller),
        "body": body,
        "isBase64Encoded": encoded,
    }


def _headers(request: ApiRequest) -> dict[str, str]:
    given = {name: value for name, value in request.headers.items() if name not in _KEPT_BACK}
    return {
        **given,
        "X-Amzn-Trace-Id": f"Root=1-{int(request.received.timestamp()):08x}-"
        f"{request.request_id.replace('-', '')[:24]}",
        "X-Forwarded-For": request.source_ip,
        "X-Forwarded-Port": request.port,
        "X-Forwarded-Proto": "http",
    }


def _body(request: ApiRequest, binary_types: frozenset[str]) -> tuple[str | None, bool]:
    if not request.body:
        return None, False
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if binary_types & {kind, "*/*"}:
        return base64.b64encode(request.body).decode(), True
    return request.body.decode("utf-8", "replace"), False


def _context(request: ApiRequest, match: Match, caller: Caller | None) -> dict[str, Any]:
    host = request.headers.get("Host", "")
    return {
        "accountId": request.account,
        "apiId": request.api_id,
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
        "extendedRequestId": request.request_id.replace("-", "")[:15] + "=",
        "httpMethod": request.method,
        "identity": _identity(request, caller),
        "path": f"/{request.stage}{request.path}",
        "protocol": "HTTP/1.1",
        "requestId": request.request_id,
        "requestTime": request.received.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(request.received.timestamp() * 1000),
        "resourceId": match.route.resource_id,
        "resourcePath": match.route.resource,
        "stage": request.stage,
    }


def _identity(request: ApiRequest, caller: Caller | None) -> dict[str, Any]:
    known: dict[str, Any] = dict(_NOBODY)
    if caller is not None:
        known |= {
            "accessKey": caller.access_key,
            "accountId": caller.account,
            "caller": caller.user_id,
            "user": caller.user_id,
            "userArn": caller.user_arn,
        }
    return {
        **known,
        "sourceIp": request.source_ip,
        "userAgent": request.headers.get("User-Agent"),
    }
