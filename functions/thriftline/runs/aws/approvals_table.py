"""The requests for approval, beside the runs in the table ``RunsTable``.

One item for each run that asks, and one with the ids of those that are not done. Each change is one
conditional write, so that of many answers at once exactly one is made. A run whose preparation was
asked for asks anew for its training, in the same item; the run's own item keeps the first answer.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.kept import reading
from thriftline.core.unread import Unread, read_each
from thriftline.runs.domain.approvals import Approval, Part, Standing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PENDING = "approvals_pending"
_REFUSED = "ConditionalCheckFailedException"
_TIMES = ("requested_at", "expires_at", "answered_at")
_DOLLARS = ("worst_case_usd", "above_usd", "held_usd", "left_usd", "spent_usd")
_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class ApprovalsTable:
    """The approvals' items of the table ``RunsTable``."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def request(self, approval: Approval) -> Approval:
        """Opens a request once, and returns the one that is there.

        A run that asks again (its task was retried, or woken up without an answer) keeps what it
        has, with the token that the workflow waits for now. A request for the run takes the place
        of one for its preparation, whose answer is none to it.
        """
        may_replace = Part.PREPARATION if approval.part is Part.RUN else "nothing"
        # Before the item: a sweep finds every request that exists.
        self._pend(approval.run_id, "ADD")
        with translated(f"asking for the approval of run {approval.run_id}"):
            try:
                self._client.put_item(
                    TableName=self._name,
                    Item=_item(approval),
                    ConditionExpression="attribute_not_exists(run_id) OR part = :former",
                    ExpressionAttributeValues={":former": _serialize(str(may_replace))},
                )
            except ClientError as error:
                if code_of(error) != _REFUSED:
                    raise
            else:
                return approval
        return self._changed(
            approval.run_id,
            "SET task_token = :token, delivered = :no",
            "attribute_exists(run_id)",
            {":token": approval.task_token, ":no": False},
        )[0]

    def get(self, run_id: str) -> Approval | None:
        """Returns a run's request, None when it asked nobody."""
        item = self._item(run_id)
        return _approval(item) if item else None

    def _item(self, run_id: str) -> Any:
        with translated(f"reading the approval of run {run_id}"):
            found = self._client.get_item(
                TableName=self._name, Key=_key(run_id), ConsistentRead=True
            )
        return found.get("Item", {})

    def of(self, run_ids: Sequence[str]) -> dict[str, Approval | Unread]:
        """Returns the requests of at most 100 runs by their ids, read or not.

        A run without one is left out. A request does not say of which project it is.
        """
        found: dict[str, Approval | Unread] = {}
        asked: Any = {self._name: {"Keys": [_key(one) for one in run_ids], "ConsistentRead": True}}
        while run_ids and asked:
            with translated("reading approvals"):
                answer = self._client.batch_get_item(RequestItems=asked)
            items = answer["Responses"].get(self._name, ())
            requests, unread = read_each(items, _approval, _run_of)
            found |= {one.run_id: one for one in requests} | {one.id: one for one in unread}
            asked = answer.get("UnprocessedKeys")
        return found

    def answer(
        self,
        run_id: str,
        standing: Standing,
        by: str,
        now: datetime,
        *,
        to: Approval | None = None,
    ) -> tuple[Approval | None, bool]:
        """Takes an answer if it is the first and in time; returns the request, and whether.

        ``to`` is the very request that is answered, where one run may have asked twice.
        """
        very = {":very": _written(to.requested_at)} if to else {}
        return self._change(
            run_id,
            "SET standing = :to, answered_by = :by, answered_at = :now",
            "standing = :waiting AND expires_at > :now"
            + (" AND requested_at = :very" if to else ""),
            {
                ":to": standing,
                ":by": by,
                ":now": _written(now),
                ":waiting": Standing.WAITING,
                **very,
            },
            own={"standing": standing, "answered_by": by, "answered_at": _written(now)},
        )

    def expire(self, run_id: str, now: datetime) -> Approval | None:
        """Closes a request that nobody answered; one that has an answer stays as it is."""
        return self._change(
            run_id,
            "SET standing = :to, answered_at = :now",
            "standing = :waiting",
            {":to": Standing.EXPIRED, ":now": _written(now), ":waiting": Standing.WAITING},
        )[0]

    def withdraw(self, run_id: str) -> Approval | None:
        """Closes a request of a run that ended otherwise, unless its answer was counted.

        Returns the request as it is afterwards, None when the run asked nobody.
        """
        return self._change(
            run_id,
            "SET standing = :to",
            "attribute_exists(run_id) AND counted = :no AND standing IN (:waiting, :approved)",
            {
                ":to": Standing.WITHDRAWN,
                ":no": False,
                ":waiting": Standing.WAITING,
                ":approved": Standing.APPROVED,
            },
        )[0]

    def note(self, run_id: str, what: str) -> None:
        """Keeps that a request was ``announced`` or ``counted``."""
        self._change(run_id, f"SET {what} = :yes", "attribute_exists(run_id)", {":yes": True})

    def note_delivered(self, approval: Approval) -> None:
        """Keeps that the workflow was woken up, unless it waits with another token by now."""
        self._change(
            approval.run_id,
            "SET delivered = :yes",
            "task_token = :token",
            {":yes": True, ":token": approval.task_token},
        )

    def pending(self) -> tuple[str, ...]:
        """Returns the runs whose requests are not done, in order."""
        with translated("reading which approvals are pending"):
            found = self._client.get_item(
                TableName=self._name, Key={"run_id": {"S": _PENDING}}, ConsistentRead=True
            )
        return tuple(sorted(found.get("Item", {}).get("runs", {}).get("SS", ())))

    def done(self, run_id: str) -> None:
        """Takes a run off those that the sweep looks at."""
        self._pend(run_id, "DELETE")

    def _pend(self, run_id: str, verb: str) -> None:
        with translated(f"noting the approval of run {run_id}"):
            self._client.update_item(
                TableName=self._name,
                Key={"run_id": {"S": _PENDING}},
                UpdateExpression=f"{verb} runs :run",
                ExpressionAttributeValues={":run": {"SS": [run_id]}},
            )

    def _changed(
        self, run_id: str, update: str, condition: str, values: dict[str, Any]
    ) -> tuple[Approval, bool]:
        approval, made = self._change(run_id, update, condition, values)
        assert approval is not None, run_id
        return approval, made

    def _change(
        self,
        run_id: str,
        update: str,
        condition: str,
        values: dict[str, Any],
        *,
        own: dict[str, Any] | None = None,
    ) -> tuple[Approval | None, bool]:
        """Returns the item as it is afterwards, None when there is none, and whether it changed.

        Where it holds all that is ``own``, a first try changed it whose answer was lost. That takes
        no attribute of its own: functions of another version refuse an item that has one more.
        """
        with translated(f"writing the approval of run {run_id}"):
            try:
                answer = self._client.update_item(
                    TableName=self._name,
                    Key=_key(run_id),
                    UpdateExpression=update,
                    ConditionExpression=condition,
                    ExpressionAttributeValues={
                        name: _serialize(_plain(value)) for name, value in values.items()
                    },
                    ReturnValues="ALL_NEW",
                )
            except ClientError as error:
                if code_of(error) != _REFUSED:
                    raise
                item = self._item(run_id)
                is_own = own is not None and all(
                    item.get(name) == _serialize(_plain(value)) for name, value in own.items()
                )
                return (_approval(item) if item else None), is_own
        return _approval(answer["Attributes"]), True


def _key(run_id: str) -> Any:
    return {"run_id": {"S": f"approval#{run_id}"}}


def _written(moment: datetime) -> str:
    # One width, so that texts compare as the instants do.
    return moment.isoformat(timespec="microseconds")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, StrEnum) else value


def _item(approval: Approval) -> Any:
    values = asdict(approval)
    for name in _TIMES:
        values[name] = values[name] and _written(values[name])
    values["run_id"] = f"approval#{approval.run_id}"
    values["run"] = approval.run_id
    # Whoever looks for an execution's run finds no request for approval.
    values["asked_by"] = values.pop("execution_arn")
    return {name: _serialize(_plain(value)) for name, value in values.items()}


def _run_of(item: Any) -> str:
    return str(item["run_id"]["S"]).removeprefix("approval#")


def _approval(item: Any) -> Approval:
    values = {name: _deserialize(value) for name, value in item.items()}
    run_id = _run_of(item)
    with reading(f"The request for approval of run {run_id}", "Stop the run and start it again."):
        return _read_approval(values)


def _read_approval(values: dict[str, Any]) -> Approval:
    values["run_id"] = values.pop("run")
    values["execution_arn"] = values.pop("asked_by")
    values["standing"] = Standing(values["standing"])
    # Requests of former versions have no part and no dollars spent.
    values["part"] = Part(values.get("part", Part.RUN))
    values["spent_usd"] = values.get("spent_usd", "0")
    for name in _TIMES:
        values[name] = values[name] and datetime.fromisoformat(values[name])
    for name in _DOLLARS:
        values[name] = Decimal(values[name])
    return Approval(**values)
