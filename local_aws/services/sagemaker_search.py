"""SageMaker's Search, for training jobs and models."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.sagemaker.models import sagemaker_backends

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.pages import decode_token, encode_token
from local_aws.services.places import Places
from local_aws.services.sagemaker_store import SageMakerStore

Test = Callable[[Any], bool]

_PAGE = 10
# A search that is paged through while jobs change keeps the jobs that it began with.
_MOST_SEARCHES = 64
_TIMES = frozenset({"CreationTime", "LastModifiedTime"})
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda held, wanted: bool(held == wanted),
    "NotEquals": lambda held, wanted: bool(held != wanted),
    "GreaterThan": lambda held, wanted: bool(held > wanted),
    "GreaterThanOrEqualTo": lambda held, wanted: bool(held >= wanted),
    "LessThan": lambda held, wanted: bool(held < wanted),
    "LessThanOrEqualTo": lambda held, wanted: bool(held <= wanted),
    "Contains": lambda held, wanted: wanted in held,
    "In": lambda held, wanted: held in wanted.split(","),
}


@dataclass(frozen=True)
class _Kind:
    """One kind of resource: its records, what they are searched by, and how one is told."""

    records: Callable[[Request], Iterable[Any]]
    properties: Mapping[str, Callable[[Any], Any]]
    name: Callable[[Any], str]
    entry: Callable[[Any], dict[str, Any]]
    sort_by: str

    def property(self, name: str) -> Callable[[Any], Any]:
        """Return what reads a property."""
        if name not in self.properties:
            raise _not_done(f"Nothing is searched by {name} here.")
        return self.properties[name]


class SageMakerSearch:
    """Search, with filters on name, status and times."""

    def __init__(self, stores: Places[SageMakerStore]) -> None:
        self._found: OrderedDict[str, Sequence[Any]] = OrderedDict()
        self._count = 0
        self._kinds = {"TrainingJob": _TRAINING_JOBS, "Model": _models(stores)}

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {"Search": self._search}

    def _search(self, request: Request) -> dict[str, Any]:
        kind = self._kinds.get(request["Resource"])
        if kind is None:
            raise _not_done(f"{request['Resource']} is not searched here.")
        number, start = self._position(request, kind)
        found = self._found[number]
        end = start + request.get("MaxResults", _PAGE)
        answer: dict[str, Any] = {
            "Results": [kind.entry(record) for record in found[start:end]],
            "TotalHits": {"Value": len(found), "Relation": "EqualTo"},
        }
        if end >= len(found):
            return answer
        return answer | {"NextToken": encode_token(f"{number}:{end}")}

    def _position(self, request: Request, kind: _Kind) -> tuple[str, int]:
        token = request.get("NextToken")
        if token is None:
            self._count += 1
            number = f"{request.account}/{request.region}/{self._count}"
            self._found[number] = _matching(request, kind)
            if len(self._found) > _MOST_SEARCHES:
                self._found.popitem(last=False)
            return number, 0
        number, _, start = decode_token(token).rpartition(":")
        if number not in self._found or not start.isdecimal():
            raise AwsError("ValidationException", f"Invalid pagination token: {token}")
        return number, int(start)


def _matching(request: Request, kind: _Kind) -> Sequence[Any]:
    fits = _expression(request.get("SearchExpression", {}), kind)
    value_of = kind.property(request.get("SortBy", kind.sort_by))
    return sorted(
        (record for record in kind.records(request) if fits(record)),
        key=lambda record: (value_of(record), kind.name(record)),
        reverse=request.get("SortOrder", "Descending") == "Descending",
    )


def _expression(expression: Mapping[str, Any], kind: _Kind) -> Test:
    if expression.get("NestedFilters"):
        raise _not_done("NestedFilters are not evaluated here.")
    tests = [
        *(_filter(each, kind) for each in expression.get("Filters", ())),
        *(_expression(each, kind) for each in expression.get("SubExpressions", ())),
    ]
    if not tests:
        return lambda _: True
    together = any if expression.get("Operator", "And") == "Or" else all
    return lambda record: together(test(record) for test in tests)


def _filter(wanted: Mapping[str, Any], kind: _Kind) -> Test:
    name, operator = wanted["Name"], wanted.get("Operator", "Equals")
    value_of = kind.property(name)
    if operator in ("Exists", "NotExists"):
        return lambda _: operator == "Exists"
    value = wanted.get("Value", "")
    if name in _TIMES:
        value = _moment(value)
    compare = _OPERATORS[operator]
    return lambda record: compare(value_of(record), value)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise AwsError(
            "ValidationException", f"{text} is no time; write it as 2025-11-03T12:00:00."
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _not_done(message: str) -> AwsError:
    return AwsError("NotImplementedByLocalAws", message, 501)


_TRAINING_JOBS = _Kind(
    records=lambda request: list(
        sagemaker_backends[request.account][request.region].training_jobs.values()
    ),
    properties={
        "TrainingJobName": lambda record: record.name,
        "TrainingJobStatus": lambda record: record.status,
        "CreationTime": lambda record: record.created_at,
        "LastModifiedTime": lambda record: record.last_modified_at,
    },
    name=lambda record: str(record.name),
    entry=lambda record: {"TrainingJob": {**record.describe(), "Tags": list(record.tags)}},
    sort_by="LastModifiedTime",
)


def _models(stores: Places[SageMakerStore]) -> _Kind:
    """Models come with their tags, as the Model Dashboard keeps them."""

    def records(request: Request) -> Iterable[Any]:
        store = stores.of(request)
        for model in list(store.models.values()):
            tags = store.tags.get(model["ModelArn"], {})
            listed = [{"Key": key, "Value": value} for key, value in tags.items()]
            yield {**model, "Tags": listed}

    return _Kind(
        records=records,
        properties={
            "ModelName": lambda model: model["ModelName"],
            "CreationTime": lambda model: model["CreationTime"],
        },
        name=lambda model: str(model["ModelName"]),
        entry=lambda model: {"Model": {"Model": model}},
        sort_by="CreationTime",
    )
