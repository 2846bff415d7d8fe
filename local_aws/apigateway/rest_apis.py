"""The REST APIs of the stack: what CloudFormation makes of them, and who answers a request."""

import secrets
import string
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.apigateway.documents import ApiNotDoneError, Document, read_document
from local_aws.apigateway.routing import Routes
from local_aws.apigateway.throttling import Throttle
from local_aws.clients import Clients

Properties = Mapping[str, Any]

_API = "AWS::ApiGateway::RestApi"
_DEPLOYMENT = "AWS::ApiGateway::Deployment"
_STAGE = "AWS::ApiGateway::Stage"
_KNOWN: Mapping[str, frozenset[str]] = {
    _API: frozenset({"BinaryMediaTypes", "Body", "Description", "EndpointConfiguration"})
    | {"FailOnWarnings", "Name", "Parameters", "Tags"},
    _DEPLOYMENT: frozenset({"Description", "RestApiId", "StageName"}),
    # Neither traces nor the logs of accesses are put here, nor does a cache answer.
    _STAGE: frozenset({"AccessLogSetting", "DeploymentId", "Description", "MethodSettings"})
    | {"RestApiId", "StageName", "Tags", "TracingEnabled"},
}
_SETTINGS = frozenset({"DataTraceEnabled", "HttpMethod", "LoggingLevel", "MetricsEnabled"}) | {
    "ResourcePath",
    "ThrottlingBurstLimit",
    "ThrottlingRateLimit",
}
_ID_LETTERS = string.ascii_lowercase + string.digits


@dataclass(frozen=True)
class RestApi:
    """An API; `stages` has the throttle of each, if it has one."""

    api_id: str
    document: Document
    routes: Routes
    stages: dict[str, Throttle | None] = field(default_factory=dict)


class RestApis:
    """The APIs of one account and region, by id."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._apis: dict[str, RestApi] = {}

    def find(self, api_id: str, stage: str) -> RestApi | None:
        """Return an API that has a stage."""
        with self._lock:
            api = self._apis.get(api_id)
        return api if api is not None and stage in api.stages else None

    def creators(self) -> dict[str, Callable[[Clients, str, Properties], str]]:
        """Return what makes the resources of a stack, by their types."""
        return {_API: self._api, _DEPLOYMENT: self._deployment, _STAGE: self._stage}

    def _api(self, _clients: Clients, name: str, properties: Properties) -> str:
        _check(_API, name, properties)
        api_id = "".join(secrets.choice(_ID_LETTERS) for _ in range(10))
        document = read_document(
            properties.get("Body", {}), tuple(properties.get("BinaryMediaTypes", ()))
        )
        with self._lock:
            self._apis[api_id] = RestApi(api_id, document, Routes(document.routes))
        return api_id

    def _deployment(self, _clients: Clients, name: str, properties: Properties) -> str:
        _check(_DEPLOYMENT, name, properties)
        if "StageName" in properties:
            # SAM's own deployments have one of this kind, named "Stage", beside the template's.
            self._apis[properties["RestApiId"]].stages[properties["StageName"]] = None
        return secrets.token_hex(3)

    def _stage(self, _clients: Clients, name: str, properties: Properties) -> str:
        _check(_STAGE, name, properties)
        stage = str(properties["StageName"])
        throttle = self._throttle(name, properties.get("MethodSettings", []))
        self._apis[properties["RestApiId"]].stages[stage] = throttle
        return stage

    def _throttle(self, name: str, settings: list[Properties]) -> Throttle | None:
        throttle = None
        for each in settings:
            if set(each) - _SETTINGS:
                raise ApiNotDoneError(f"{name}: {sorted(set(each) - _SETTINGS)} is not done here")
            if (each.get("HttpMethod"), each.get("ResourcePath")) != ("*", "/*"):
                raise ApiNotDoneError(f"{name}: settings of single methods are not done here")
            if "ThrottlingRateLimit" in each and "ThrottlingBurstLimit" in each:
                rate, burst = each["ThrottlingRateLimit"], each["ThrottlingBurstLimit"]
                throttle = Throttle(float(rate), int(burst), self._seconds)
        return throttle


def _check(kind: str, name: str, properties: Properties) -> None:
    if unknown := sorted(set(properties) - _KNOWN[kind]):
        raise ApiNotDoneError(f"{name}: {', '.join(unknown)} of {kind} is not done here")
