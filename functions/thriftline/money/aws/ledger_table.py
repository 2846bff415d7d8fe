"""The ledger in DynamoDB: one item a month, and each change one conditional UpdateItem.

Closed runs beyond the last few hundred have an item each, with nothing in it but its key.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.errors import ThrottledError
from thriftline.core.kept import UPDATE, reading
from thriftline.money.month import (
    ZERO,
    Announcing,
    Change,
    Counting,
    Filing,
    Hold,
    Holding,
    Month,
    Settling,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_REFUSED = "ConditionalCheckFailedException"
# A transaction of somebody else on the same item.
_CONFLICTS = {"TransactionConflictException", "TransactionInProgressException"}
_FUNDS = "committed_usd <= :room"
_PROJECT_FUNDS = "(attribute_not_exists(projects.#project) OR projects.#project <= :project_room)"
_OPEN = "NOT contains(closed, :run)"
_MORE = "committed_usd = committed_usd + :more"
_MORE_FOR_PROJECT = "projects.#project = if_not_exists(projects.#project, :zero) + :more"
_serializer = TypeSerializer()
_deserialize = TypeDeserializer().deserialize


class LedgerTable:
    """The table ``LedgerTable`` of the template; its key is ``ledger_id``, a month's is its own."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def month(self, key: str) -> Month:
        """Returns a month as it is now; one that nobody wrote to is empty."""
        with translated(f"reading the ledger of {key}"):
            found = self._client.get_item(
                TableName=self._name, Key={"ledger_id": {"S": key}}, ConsistentRead=True
            )
        return _month(key, found.get("Item", {}))

    def change(self, key: str, change: Change) -> Month | None:
        """Makes a change; returns None when it was made, else the month that refused it."""
        request = _REQUESTS[type(change)](change)
        refused = self._update(key, request)
        if refused is not None and "ledger_id" not in refused:
            self._create(key)
            refused = self._update(key, request)
        return None if refused is None else _month(key, refused)

    def file(self, key: str, run_ids: Iterable[str]) -> None:
        """Writes an item for each closed run; one that is there stays as it is."""
        for run_id in sorted(run_ids):
            with translated(f"filing run {run_id} of {key}"):
                self._client.put_item(TableName=self._name, Item=_filed_key(key, run_id))

    def is_filed(self, key: str, run_id: str) -> bool:
        """Whether a closed run has an item of its own."""
        with translated(f"looking for run {run_id} of {key}"):
            found = self._client.get_item(
                TableName=self._name, Key=_filed_key(key, run_id), ConsistentRead=True
            )
        return "Item" in found

    def _update(self, key: str, request: dict[str, Any]) -> dict[str, Any] | None:
        """Returns None when it was written, else the item that refused it, empty when missing."""
        with translated(f"writing to the ledger of {key}"):
            try:
                self._client.update_item(
                    TableName=self._name,
                    Key={"ledger_id": {"S": key}},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **request,
                )
            except ClientError as error:
                code = code_of(error)
                if code in _CONFLICTS:
                    raise ThrottledError(f"The ledger of {key} is written to.") from error
                if code != _REFUSED:
                    raise
                item: dict[str, Any] = error.response.get("Item", {})  # type: ignore[assignment]
                return item
        return None

    def _create(self, key: str) -> None:
        item = {
            "ledger_id": key,
            "committed_usd": ZERO,
            "settled_usd": ZERO,
            "external_usd": ZERO,
            "held": {},
            "projects": {},
            "settled_days": {},
        }
        with translated(f"opening the ledger of {key}"):
            try:
                self._client.put_item(
                    TableName=self._name,
                    Item={name: _serialize(value) for name, value in item.items()},
                    ConditionExpression="attribute_not_exists(ledger_id)",
                )
            except ClientError as error:
                if code_of(error) != _REFUSED:
                    raise


def _filed_key(key: str, run_id: str) -> dict[str, Any]:
    return {"ledger_id": {"S": f"{key}#closed#{run_id}"}}


def _serialize(value: Any) -> Any:
    """Writes dollars in full: 0.000000001 and never 1E-9, 0 and never 0E-9."""
    if isinstance(value, Decimal):
        return {"N": f"{value.normalize():f}"}
    if isinstance(value, dict):
        return {"M": {name: _serialize(one) for name, one in value.items()}}
    return _serializer.serialize(value)


def _request(
    update: str, conditions: list[str], names: dict[str, str], values: dict[str, Any]
) -> dict[str, Any]:
    # The first condition tells a month that is missing from one that refuses.
    request: dict[str, Any] = {
        "UpdateExpression": update,
        "ConditionExpression": " AND ".join(["attribute_exists(ledger_id)", *conditions]),
        "ExpressionAttributeValues": {name: _serialize(value) for name, value in values.items()},
    }
    if names:
        request["ExpressionAttributeNames"] = names
    return request


def _holding(change: Holding) -> dict[str, Any]:
    hold = change.hold
    values = {
        ":run": hold.run_id,
        ":hold": _hold_item(hold),
        ":more": hold.usd,
    }
    return _within_budgets(
        change,
        f"SET held.#run = :hold, {_MORE}, {_MORE_FOR_PROJECT}",
        ["attribute_not_exists(held.#run)", _OPEN, _filed(change.filed)],
        values | {":filed": change.filed},
    )


def _within_budgets(
    change: Holding, update: str, conditions: list[str], values: dict[str, Any]
) -> dict[str, Any]:
    funds = [_FUNDS]
    values |= {":zero": ZERO, ":room": change.room_usd}
    if change.project_room_usd is not None:
        funds.append(_project_funds(change.project_room_usd))
        values[":project_room"] = change.project_room_usd
    names = {"#run": change.hold.run_id, "#project": change.hold.project}
    return _request(update, [*conditions, *funds], names, values)


def _project_funds(room: Decimal) -> str:
    # A project without a run has committed 0, which fits only into a room of 0 or more.
    return _PROJECT_FUNDS if room >= 0 else "projects.#project <= :project_room"


def _settling(change: Settling) -> dict[str, Any]:
    values: dict[str, Any] = {
        ":run": change.run_id,
        ":runs": {change.run_id},
        ":usd": change.usd,
        ":more": change.change_usd,
        ":zero": ZERO,
        ":filed": change.filed,
    }
    if change.held_usd is None:
        same = "attribute_not_exists(held.#run)"
    else:
        same = "held.#run.usd = :held"
        values[":held"] = change.held_usd
    return _request(
        f"SET {_MORE}, {_MORE_FOR_PROJECT}, settled_usd = settled_usd + :usd, "
        "settled_days.#day = if_not_exists(settled_days.#day, :zero) + :usd "
        "REMOVE held.#run ADD closed :runs",
        [_OPEN, same, _filed(change.filed)],
        {"#run": change.run_id, "#project": change.project, "#day": change.day.isoformat()},
        values,
    )


def _filed(filed: int) -> str:
    # A month of a former version has no such figure.
    return "filed = :filed" if filed else "(attribute_not_exists(filed) OR filed = :filed)"


def _filing(change: Filing) -> dict[str, Any]:
    return _request(
        "SET filed = if_not_exists(filed, :zero) + :one DELETE closed :runs",
        [_filed(change.filed)],
        {},
        {":zero": 0, ":one": 1, ":filed": change.filed, ":runs": set(change.run_ids)},
    )


def _counting(change: Counting) -> dict[str, Any]:
    return _request(
        f"SET external_usd = :to, {_MORE}",
        ["external_usd = :from"],
        {},
        {":from": change.from_usd, ":to": change.to_usd, ":more": change.change_usd},
    )


def _announcing(change: Announcing) -> dict[str, Any]:
    return _request(
        "ADD announced :messages",
        ["NOT contains(announced, :message)"],
        {},
        {":messages": {change.message}, ":message": change.message},
    )


_REQUESTS: dict[type[Change], Any] = {
    Holding: _holding,
    Filing: _filing,
    Settling: _settling,
    Counting: _counting,
    Announcing: _announcing,
}


def _hold_item(hold: Hold) -> dict[str, Any]:
    return {"project": hold.project, "usd": hold.usd, "held_at": hold.held_at.isoformat()}


def _month(key: str, item: dict[str, Any]) -> Month:
    values = {name: _deserialize(value) for name, value in item.items()}
    if not values:
        return Month(key)
    with reading(f"The ledger's month {key}", UPDATE):
        return _read_month(key, values)


def _read_month(key: str, values: dict[str, Any]) -> Month:
    return Month(
        key=key,
        committed_usd=values["committed_usd"],
        settled_usd=values["settled_usd"],
        external_usd=values["external_usd"],
        holds={
            run_id: Hold(
                run_id, held["project"], held["usd"], datetime.fromisoformat(held["held_at"])
            )
            for run_id, held in values["held"].items()
        },
        closed=frozenset(values.get("closed", ())),
        projects=values["projects"],
        settled_days=values["settled_days"],
        announced=frozenset(values.get("announced", ())),
        filed=int(values.get("filed", 0)),
    )
