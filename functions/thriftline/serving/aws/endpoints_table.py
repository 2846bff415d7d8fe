"""One group of items for each endpoint: its state, versions, deployments and experiments."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.errors import UnreadableDocumentError
from thriftline.core.kept import UPDATE, reading
from thriftline.core.kept_project import project_of, required_project
from thriftline.core.unread import Unread, read_each
from thriftline.serving.domain.versions import EndpointState, EndpointVersion, version_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The sort key of an endpoint's own item.
STATE = "endpoint"
# The index whose key is ``item`` and then ``endpoint``: all states without all histories.
BY_ITEM = "by-item"
_VERSIONS = "version#"
_Type = TypeVar("_Type")
# Of an entry of the history; all else of it is text.
_WHOLE_NUMBERS = ("number", "registry_version", "former")
# DynamoDB reads so many items in one call.
_BATCH = 100
_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class EndpointsTable:
    """The table ``EndpointsTable`` of the template; its keys are ``endpoint`` and ``item``.

    Whole numbers come back as ``int``. Dollars are kept as text.
    """

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def get(self, endpoint: str, item: str) -> dict[str, Any] | None:
        """Returns an item, None when there is none."""
        with translated(f"reading {item} of {endpoint}"):
            found = self._client.get_item(
                TableName=self._name, Key=_key(endpoint, item), ConsistentRead=True
            )
        return _read(found["Item"]) if "Item" in found else None

    def put_first(self, endpoint: str, item: str, values: Mapping[str, Any]) -> bool:
        """Writes an item that is not there yet; returns False when another is.

        One with the very same values is one's own, whose answer was lost: where two callers would
        write the same, a mark among the values tells them apart.
        """
        written = _item(endpoint, item, values)
        try:
            with translated(f"writing {item} of {endpoint}"), _condition():
                self._client.put_item(
                    TableName=self._name,
                    Item=written,
                    ConditionExpression="attribute_not_exists(endpoint)",
                )
        except _ConditionError:
            return self.get(endpoint, item) == _read(written)
        return True

    def update(self, endpoint: str, item: str, **values: Any) -> None:
        """Sets attributes of an item, which is made where there is none."""
        self._update(endpoint, item, values, condition=None)

    def delete(self, endpoint: str, item: str) -> None:
        """Takes an item away."""
        with translated(f"deleting {item} of {endpoint}"):
            self._client.delete_item(TableName=self._name, Key=_key(endpoint, item))

    def items(self, endpoint: str, prefix: str) -> tuple[dict[str, Any], ...]:
        """Returns the items whose sort key begins so, in the order of their keys."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            KeyConditionExpression="endpoint = :endpoint AND begins_with(#item, :prefix)",
            ExpressionAttributeNames={"#item": "item"},
            ExpressionAttributeValues={":endpoint": {"S": endpoint}, ":prefix": {"S": prefix}},
            ConsistentRead=True,
        )
        with translated(f"reading the items of {endpoint}"):
            return tuple(_read(one) for page in pages for one in page["Items"])

    def endpoints(self) -> tuple[list[EndpointState], list[Unread]]:
        """Returns the state of every endpoint of the stack, and those that cannot be read."""
        return _states(self._all())

    def names(self, project: str | None = None) -> tuple[str, ...]:
        """Returns the names of all endpoints, or of those of a project, read or not."""
        return tuple(
            str(one["endpoint"])
            for one in self._all()
            if project is None or project_of(one) == project
        )

    def _all(self) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._name,
            FilterExpression="#item = :state",
            ExpressionAttributeNames={"#item": "item"},
            ExpressionAttributeValues={":state": {"S": STATE}},
            ConsistentRead=True,
        )
        with translated("listing endpoints"):
            return [_read(one) for page in pages for one in page["Items"]]

    def endpoints_page(
        self, limit: int, after: str | None
    ) -> tuple[list[EndpointState], list[Unread], str | None]:
        """Returns some endpoints by name, those that cannot be read, and where more may come after.

        The index may be a moment late.
        """
        asked: dict[str, Any] = {
            "TableName": self._name,
            "IndexName": BY_ITEM,
            "KeyConditionExpression": "#item = :state",
            "ExpressionAttributeNames": {"#item": "item"},
            "ExpressionAttributeValues": {":state": {"S": STATE}},
            "Limit": limit,
        }
        if after is not None:
            asked["ExclusiveStartKey"] = _key(after, STATE)
        with translated("listing endpoints"):
            found = self._client.query(**asked)
        last = found.get("LastEvaluatedKey")
        return *_states(map(_read, found["Items"])), last["endpoint"]["S"] if last else None

    def newest_items(
        self, endpoint: str, prefix: str, limit: int, before: str | None = None
    ) -> tuple[tuple[dict[str, Any], ...], str | None]:
        """Returns some items whose sort key begins so, the last keys first.

        The second value is the sort key to go on ``before``, None where there are no more.
        """
        asked: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": "endpoint = :endpoint AND begins_with(#item, :prefix)",
            "ExpressionAttributeNames": {"#item": "item"},
            "ExpressionAttributeValues": {":endpoint": {"S": endpoint}, ":prefix": {"S": prefix}},
            "Limit": limit,
            "ScanIndexForward": False,
            "ConsistentRead": True,
        }
        if before is not None:
            asked["ExclusiveStartKey"] = _key(endpoint, before)
        with translated(f"reading the items of {endpoint}"):
            found = self._client.query(**asked)
        last = found.get("LastEvaluatedKey")
        return tuple(_read(one) for one in found["Items"]), last["item"]["S"] if last else None

    def versions_of(
        self, entries: Iterable[tuple[str, int]]
    ) -> tuple[dict[str, EndpointVersion], dict[str, UnreadableDocumentError]]:
        """Returns one entry of the history of each endpoint, by endpoint; at most a hundred.

        The second value has those that cannot be read, by endpoint, too.
        """
        keys = [_key(endpoint, version_key(number)) for endpoint, number in entries]
        found, unread = read_each(
            self._batch(keys), lambda one: (one["endpoint"], _version(one)), _name_of
        )
        return dict(found), {one.id: one.error for one in unread}

    def states_of(self, names: Sequence[str]) -> tuple[list[EndpointState], list[Unread]]:
        """Returns all that is kept of endpoints, which is more than their index has, by name.

        The second value has those that cannot be read.
        """
        items: list[dict[str, Any]] = []
        for start in range(0, len(names), _BATCH):
            keys = [_key(name, STATE) for name in names[start : start + _BATCH]]
            items += self._batch(keys)
        return _states(sorted(items, key=_name_of))

    def _batch(self, keys: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Reads up to a hundred items."""
        while keys:
            with translated("reading endpoints"):
                answer = self._client.batch_get_item(RequestItems={self._name: {"Keys": keys}})
            yield from map(_read, answer["Responses"].get(self._name, []))
            rest = answer.get("UnprocessedKeys", {}).get(self._name)
            keys = [dict(one) for one in rest["Keys"]] if rest else []

    def state(self, endpoint: str) -> EndpointState | None:
        """Returns an endpoint's state, None for one that was never deployed."""
        item = self.get(endpoint, STATE)
        return state_of(item) if item else None

    def version(self, endpoint: str, number: int) -> EndpointVersion | None:
        """Returns one entry of the history."""
        item = self.get(endpoint, version_key(number))
        return _version(item) if item else None

    def versions(self, endpoint: str) -> tuple[EndpointVersion, ...]:
        """Returns the history, the oldest first."""
        return tuple(_version(one) for one in self.items(endpoint, _VERSIONS))

    def add_version(self, endpoint: str, version: EndpointVersion) -> bool:
        """Writes an entry; returns False when its number is taken."""
        values = {name: value for name, value in asdict(version).items() if value is not None}
        values["when"] = version.when.isoformat()
        return self.put_first(endpoint, version_key(version.number), values)

    def lock(self, state: EndpointState, now: datetime) -> bool:
        """Takes the endpoint for ``state.lock_owner`` until ``state.lock_until``.

        Returns:
            False when another owner has it, whose time is not over. The same owner gets it again.
        """
        until = state.lock_until
        if state.lock_owner is None or until is None:
            raise ValueError("A lock has an owner and an end.")
        values = {
            "project": state.project,
            "kind": state.kind,
            "lock_owner": state.lock_owner,
            "lock_until": _instant(until),
        }
        return self._update(
            state.endpoint,
            STATE,
            values,
            condition=(
                "attribute_not_exists(lock_owner) OR lock_owner = :nobody "
                "OR lock_owner = :owner OR lock_until <= :now"
            ),
            extra={":owner": state.lock_owner, ":now": _instant(now), ":nobody": None},
        )

    def unlock(self, endpoint: str, owner: str) -> bool:
        """Gives the endpoint back; returns False when it is another's, or nobody's."""
        return self._update(
            endpoint,
            STATE,
            {"lock_owner": None, "lock_until": None},
            condition="lock_owner = :owner",
            extra={":owner": owner},
        )

    def _update(
        self,
        endpoint: str,
        item: str,
        values: Mapping[str, Any],
        *,
        condition: str | None,
        extra: Mapping[str, Any] | None = None,
    ) -> bool:
        """Sets attributes; returns False where the condition does not hold."""
        expressions = {f":{index}": value for index, value in enumerate(values.values())}
        request: dict[str, Any] = {
            "TableName": self._name,
            "Key": _key(endpoint, item),
            "UpdateExpression": "SET "
            + ", ".join(f"#{index} = :{index}" for index in range(len(values))),
            "ExpressionAttributeNames": {f"#{index}": name for index, name in enumerate(values)},
            "ExpressionAttributeValues": {
                name: _serialize(value) for name, value in {**expressions, **(extra or {})}.items()
            },
        }
        if condition:
            request["ConditionExpression"] = condition
        try:
            with translated(f"updating {item} of {endpoint}"), _condition():
                self._client.update_item(**request)
        except _ConditionError:
            return False
        return True


class _ConditionError(Exception):
    """The condition of a write does not hold."""


@contextmanager
def _condition() -> Iterator[None]:
    """Turns a condition that does not hold into an error of its own."""
    try:
        yield
    except ClientError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
        raise _ConditionError from error


def _key(endpoint: str, item: str) -> dict[str, Any]:
    return {"endpoint": {"S": endpoint}, "item": {"S": item}}


def _item(endpoint: str, item: str, values: Mapping[str, Any]) -> dict[str, Any]:
    whole = {**values, "endpoint": endpoint, "item": item}
    return {name: _serialize(value) for name, value in whole.items()}


def _read(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(_deserialize(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _instant(when: datetime) -> str:
    """Text that sorts as time does."""
    return when.isoformat(timespec="microseconds")


def _name_of(item: Mapping[str, Any]) -> str:
    return str(item["endpoint"])


def _states(items: Iterable[Mapping[str, Any]]) -> tuple[list[EndpointState], list[Unread]]:
    return read_each(items, state_of, _name_of)


def state_of(item: Mapping[str, Any]) -> EndpointState:
    """Returns an endpoint's state by its own item.

    Raises:
        UnreadableDocumentError: something in it is not known here.
    """
    with reading(f"The item of {item['endpoint']}", UPDATE):
        return _read_state(item)


def _read_state(item: Mapping[str, Any]) -> EndpointState:
    until = item.get("lock_until")
    return EndpointState(
        endpoint=item["endpoint"],
        project=required_project(item),
        kind=_of_kind(str, item, "kind") or "",
        in_use=_of_kind(int, item, "in_use"),
        lock_owner=_of_kind(str, item, "lock_owner"),
        lock_until=datetime.fromisoformat(until) if until else None,
        asleep=bool(item.get("asleep", False)),
        usd_per_hour=_dollars(item.get("usd_per_hour")),
        month_usd=_dollars(item.get("month_usd")),
        instances=_of_kind(int, item, "instances"),
    )


def _of_kind(kind: type[_Type], item: Mapping[str, Any], name: str) -> _Type | None:
    value = item.get(name)
    if value is None or isinstance(value, kind):
        return value
    raise TypeError(f"{name} is {value!r}")


def _dollars(text: str | None) -> Decimal | None:
    dollars = None if text is None else Decimal(text)
    if dollars is not None and not dollars.is_finite():
        raise ValueError(f"{text} is no sum of dollars")
    return dollars


def _version(item: Mapping[str, Any]) -> EndpointVersion:
    values = {
        name: value
        for name, value in item.items()
        if name not in {"endpoint", "item"} and value is not None
    }
    with reading(f"{item['item']} of {item['endpoint']}", UPDATE):
        found = EndpointVersion(**{**values, "when": datetime.fromisoformat(values["when"])})
        for name in values:
            _of_kind(int if name in _WHOLE_NUMBERS else str, values, name)
        return found
