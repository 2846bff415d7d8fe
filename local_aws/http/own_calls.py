"""AWS calls that are answered here and not by moto.

moto's readers and writers of AWS's protocols do the wire; an operation sees its parameters as
botocore's model names them, and answers with a mapping of the same kind.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from types import MappingProxyType
from typing import Any

from botocore.utils import parse_timestamp
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request as WireRequest
from moto.core.request import determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model

from local_aws.clock import Clock
from local_aws.http.callers import Caller, caller_of
from local_aws.http.identify import Environ
from local_aws.http.json_answers import json_text
from local_aws.http.shape_constraints import input_shape, violations

Answer = Mapping[str, Any] | None
# Account files name models by ARNs of any form; Bedrock would refuse those.
_CHECKED_OF_BEDROCK = frozenset(
    {
        "CreateCustomModel",
        "CreateCustomModelDeployment",
        "CreateModelCustomizationJob",
        "CreateProvisionedModelThroughput",
        "DeleteCustomModelDeployment",
        "GetCustomModelDeployment",
        "GetModelCustomizationJob",
        "ListModelCustomizationJobs",
        "StopModelCustomizationJob",
        "UpdateCustomModelDeployment",
        "UpdateProvisionedModelThroughput",
    }
)
# What services say of a request that breaks their model, where it is not ValidationException.
_INVALID = {
    "cloudwatch": "ValidationError",
    "s3": "InvalidRequest",
    "sagemaker-runtime": "ValidationError",
    "sts": "ValidationError",
}


class AwsError(Exception):
    """An error that AWS answers with; `code` is its name there, `fields` are further members."""

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 400,
        fields: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.fields = fields


class AnswerWithHeaders(dict[str, Any]):
    """An answer with HTTP headers of its own."""

    def __init__(self, members: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        super().__init__(members)
        self.headers = headers


class LeftToMotoError(Exception):
    """This request is moto's after all: it is about something that moto keeps."""


@dataclass(frozen=True)
class Request:
    """One call: who asks, where, when, for what."""

    caller: Caller
    now: datetime
    parameters: Mapping[str, Any]

    @property
    def account(self) -> str:
        """The account whose credentials signed the request."""
        return self.caller.account

    @property
    def region(self) -> str:
        """The region that the request was signed for."""
        return self.caller.region

    def __getitem__(self, name: str) -> Any:
        """Return a parameter that the service requires."""
        return self.parameters[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return an optional parameter."""
        value = self.parameters.get(name)
        return default if value is None else value


Operation = Callable[[Request], Answer]


@dataclass(frozen=True)
class WireAnswer:
    """What goes back over HTTP."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class OwnCalls:
    """The operations that are ours, by service (boto3's name) and name."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._operations: dict[tuple[str, str], Operation] = {}

    def add(self, service: str, operations: Mapping[str, Operation]) -> None:
        """Take over operations of a service."""
        self._operations |= {(service, name): each for name, each in operations.items()}

    def has(self, service: str, operation: str | None) -> bool:
        """Whether a call is answered here."""
        return (service, operation) in self._operations

    def names(self) -> Iterable[tuple[str, str]]:
        """Return the service and the name of every operation."""
        return self._operations.keys()

    def answer(
        self, service: str, name: str, environ: Environ, lock: AbstractContextManager[Any]
    ) -> WireAnswer:
        """Read one request, run its operation under `lock`, and write the answer.

        Raises:
            AwsError: the service refuses.
            LeftToMotoError: moto is to answer; the request can be read again.
        """
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = BytesIO(body)
        wire = WireRequest(environ)
        model = get_service_model(service)
        operation = model.operation_model(name)
        protocol = determine_request_protocol(model, wire.content_type)
        parameters = parameters_of(wire, service, operation, protocol)
        environ["wsgi.input"] = BytesIO(body)
        if service != "bedrock" or name in _CHECKED_OF_BEDROCK:
            _check(service, name, parameters)
        request = Request(caller_of(environ), self._clock.now(), parameters)
        with lock:
            result = self._operations[service, name](request) or {}
            serializer = get_serializer_class(service, protocol)(operation)
            # A page of a hundred whole jobs takes moto's serializer a tenth of a second.
            plain = json_text(operation, result) if protocol == "json" else None
            serialized = serializer.serialize({} if plain is not None else result)
        text = serialized["body"] if plain is None else plain
        headers = {key: str(value) for key, value in serialized["headers"].items()}
        if isinstance(result, AnswerWithHeaders):
            headers |= result.headers
        if protocol == "json" and headers.get("Content-Type") == "text":
            # moto knows the version of services alone whose first protocol is JSON.
            headers["Content-Type"] = "application/x-amz-json-1.0"
        return WireAnswer(
            serialized["status_code"],
            list(headers.items()),
            text.encode() if isinstance(text, str) else bytes(text),
        )


def parameters_of(wire: WireRequest, service: str, operation: Any, protocol: str) -> dict[str, Any]:
    """Return what a request says, as botocore's model names it."""
    in_path: dict[str, Any] = {}
    if protocol.startswith("rest"):
        _, in_path = get_service_router(service).match(wire)
    # Reading the form of a JSON request would find nothing and take its time.
    values = wire.args if protocol.endswith("json") else wire.values
    parsed: dict[str, Any] = PROTOCOL_PARSERS[protocol](operation, _aware).parse(
        {
            "method": wire.method,
            "values": values,
            "headers": wire.headers,
            "body": wire.get_data(),
            "url_path": wire.path,
            "url_params": in_path,
        }
    )
    return {name: value for name, value in parsed.items() if not _is_absent(operation, name, value)}


def _is_absent(operation: Any, name: str, value: Any) -> bool:
    """Whether a list was not in the query: moto's parser gives an empty one then."""
    members = operation.input_shape.members
    location = members[name].serialization.get("location")
    return bool(value == [] and location == "querystring")


def _aware(text: Any) -> datetime:
    moment: datetime = parse_timestamp(text)
    return moment.astimezone(UTC)


def _check(service: str, name: str, parameters: Mapping[str, Any]) -> None:
    shape = input_shape(service, name)
    broken = violations(shape, parameters) if shape is not None else []
    if broken:
        count = f"{len(broken)} validation error{'s' if len(broken) > 1 else ''} detected"
        raise AwsError(
            _INVALID.get(service, "ValidationException"), f"{count}: {'; '.join(broken)}"
        )
