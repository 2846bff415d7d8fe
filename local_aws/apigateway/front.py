"""REST APIs over HTTP, at /_aws/execute-api/{api}/{stage}/{path}."""

import json
import logging
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from local_aws.apigateway.callers import (
    Caller,
    ExpiredTokenError,
    UnknownKeyError,
    find_caller,
)
from local_aws.apigateway.functions import ApiFunctions
from local_aws.apigateway.gateway_responses import (
    RefusedError,
    access_denied,
    broken,
    expired_token,
    invalid_signature,
    missing_token,
    throttled,
    too_large,
    unknown_key,
)
from local_aws.apigateway.proxy_answers import MalformedAnswerError, ProxyAnswer, read_answer
from local_aws.apigateway.proxy_events import ApiRequest, proxy_event
from local_aws.apigateway.rest_apis import RestApi, RestApis
from local_aws.apigateway.routing import Match
from local_aws.apigateway.signatures import (
    NotSignedError,
    SignatureError,
    SignedRequest,
    check_signature,
    read_signature,
)
from local_aws.http.error_answers import StartResponse, drain
from local_aws.http.identify import API_PREFIX, Environ
from local_aws.iam.policies import ALLOWED, EXPLICIT_DENY

LOG = logging.getLogger(__name__)

_BODY_LIMIT = 10 * 1024 * 1024
_FORBIDDEN = (403, (("Content-Type", "application/json"),), b'{"message":"Forbidden"}')


@dataclass(frozen=True)
class Place:
    """Where the APIs are."""

    account: str
    region: str


class ApiFront:
    """Answers the requests of all APIs."""

    def __init__(self, place: Place, apis: RestApis, functions: ApiFunctions) -> None:
        self._place = place
        self._apis = apis
        self._functions = functions

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request_id = str(uuid.uuid4())
        status, headers, body = self._answer(environ, request_id)
        try:
            phrase = HTTPStatus(status).phrase
        except ValueError:
            phrase = "Unknown"
        own = [("x-amzn-RequestId", request_id), ("Content-Length", str(len(body)))]
        start_response(f"{status} {phrase}", [*headers, *own])
        return [body]

    def _answer(
        self, environ: Environ, request_id: str
    ) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        raw_path, _, query = _target(environ).partition("?")
        api_id, _, rest = raw_path.removeprefix(API_PREFIX).partition("/")
        stage, slash, path = rest.partition("/")
        api = self._apis.find(api_id, stage)
        if api is None:
            drain(environ)
            return _FORBIDDEN
        body = _body(environ)
        request = ApiRequest(
            request_id=request_id,
            api_id=api_id,
            account=self._place.account,
            region=self._place.region,
            stage=stage,
            method=str(environ["REQUEST_METHOD"]),
            path=f"{slash or '/'}{path}",
            query=query,
            headers=_headers(environ),
            body=body[:_BODY_LIMIT],
            source_ip=str(environ.get("REMOTE_ADDR", "127.0.0.1")),
            port=str(environ.get("SERVER_PORT", "80")),
            received=datetime.now(UTC),
        )
        match = api.routes.find(request.method, request.path)
        try:
            answer = self._served(api, request, match, raw_path, len(body))
            return answer.status, answer.headers, answer.body
        except RefusedError as refused:
            resource = match.route.resource if match else ""
            context = {**request.context, "resourcePath": resource}
            own = api.document.responses.answer(refused.refusal, context)
            return own.status, own.headers, own.body

    def _served(
        self, api: RestApi, request: ApiRequest, match: Match | None, raw_path: str, size: int
    ) -> ProxyAnswer:
        if size > _BODY_LIMIT:
            raise RefusedError(too_large())
        if match is None:
            raise RefusedError(missing_token())
        place = f"{request.api_id}/{request.stage}/{request.method}{request.path}"
        arn = f"arn:aws:execute-api:{self._place.region}:{self._place.account}:{place}"
        caller = None
        if match.route.signed:
            caller = self._caller(request, raw_path)
            _authorize(caller, arn)
        throttle = api.stages[request.stage]
        if throttle is not None and not throttle.take():
            raise RefusedError(throttled())
        types = api.document.binary_types
        event = proxy_event(request, match, caller, types)
        payload = self._functions.invoke(match.route.function_arn, json.dumps(event).encode(), arn)
        try:
            return read_answer(payload, request.headers.get("Accept", ""), types)
        except MalformedAnswerError as error:
            LOG.error("%s %s: malformed answer: %s", request.method, match.route.resource, error)
            raise RefusedError(broken()) from error

    def _caller(self, request: ApiRequest, raw_path: str) -> Caller:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            signature = read_signature(headers, region=self._place.region, now=request.received)
            caller = find_caller(
                signature.access_key,
                headers.get("x-amz-security-token"),
                account=self._place.account,
                now=request.received,
            )
            signed = SignedRequest(request.method, raw_path, request.query, headers, request.body)
            check_signature(signature, caller.secret, signed)
        except NotSignedError:
            raise RefusedError(missing_token()) from None
        except UnknownKeyError:
            raise RefusedError(unknown_key()) from None
        except ExpiredTokenError:
            raise RefusedError(expired_token()) from None
        except SignatureError as error:
            raise RefusedError(invalid_signature(str(error))) from None
        return caller


def _authorize(caller: Caller, arn: str) -> None:
    decision = caller.may_invoke(arn)
    if decision != ALLOWED:
        explicit = decision == EXPLICIT_DENY
        raise RefusedError(access_denied(caller.user_arn, arn, explicit=explicit))


def _target(environ: Mapping[str, Any]) -> str:
    """Return path and query as they were sent: what WSGI calls a path is decoded."""
    return str(environ["REQUEST_URI"])


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    names = {key.removeprefix("HTTP_"): key for key in environ if key.startswith("HTTP_")}
    names |= {key: key for key in ("CONTENT_TYPE",) if environ.get(key)}
    return {
        name.replace("_", "-").title(): str(environ[key]).encode("latin-1").decode(errors="replace")
        for name, key in sorted(names.items())
    }


def _body(environ: Environ) -> bytes:
    """Read a body, but not much more of it than a request may have."""
    stream, taken = environ["wsgi.input"], bytearray()
    limit = _BODY_LIMIT + 1
    if not environ.get("wsgi.input_terminated"):
        limit = min(limit, _length(environ))
    while len(taken) < limit and (chunk := stream.read(min(65536, limit - len(taken)))):
        taken += chunk
    if len(taken) > _BODY_LIMIT:
        _read_on(environ, _length(environ) - len(taken))
    return bytes(taken)


def _length(environ: Mapping[str, Any]) -> int:
    text = str(environ.get("CONTENT_LENGTH") or "0")
    return int(text) if text.isascii() and text.isdecimal() else 0


def _read_on(environ: Environ, left: int) -> None:
    while left > 0 and (chunk := environ["wsgi.input"].read(min(left, 65536))):
        left -= len(chunk)
