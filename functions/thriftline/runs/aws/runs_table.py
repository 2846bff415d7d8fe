"""One item for each run: who owns it, how far it came, how it ended."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.aws.own_writes import fresh_mark
from thriftline.core.dataclass import dataclass
from thriftline.runs.domain.layout import Upload
from thriftline.runs.domain.listed_runs import LIST_KIND, RUNNING, WAITING, status_facts

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# BatchGetItem takes no more.
_BATCH = 100
_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


@dataclass(frozen=True)
class Claim:
    """Who runs a run. ``mine`` is False for a duplicate."""

    mine: bool
    execution_arn: str


def run_item(
    run_id: str, project: str, upload: Upload, execution_arn: str, now: datetime
) -> dict[str, Any]:
    """The item of a run that has just been opened; ``kind`` is the key of the list of all runs."""
    return {
        "run_id": run_id,
        "kind": LIST_KIND,
        "project": project,
        "execution_arn": execution_arn,
        **status_facts(project, RUNNING),
        "state": "Open run",
        "bucket": upload.bucket,
        "key": upload.key,
        "version_id": upload.version_id,
        "requested_by": upload.requester or None,
        "opened_at": now.isoformat(),
    }


class RunsTable:
    """The table ``RunsTable`` of the template; its key is ``run_id``.

    ``mark`` makes a text by which a note is known as one's own.
    """

    def __init__(
        self, client: "DynamoDBClient", name: str, mark: Callable[[], str] = fresh_mark
    ) -> None:
        self._client = client
        self._name = name
        self._mark = mark

    def claim(
        self, run_id: str, project: str, upload: Upload, execution_arn: str, now: datetime
    ) -> Claim:
        """Makes the run this execution's own, unless another execution has it already.

        The condition also holds for the same execution, so that a retry finds its own claim.
        """
        item = run_item(run_id, project, upload, execution_arn, now)
        with translated(f"opening run {run_id}"):
            try:
                self._client.put_item(
                    TableName=self._name,
                    Item={name: _serialize(value) for name, value in item.items()},
                    ConditionExpression="attribute_not_exists(run_id)",
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                owner = str((self.get(run_id) or {}).get("execution_arn", ""))
                return Claim(owner == execution_arn, owner)
        return Claim(True, execution_arn)

    def is_first(self, what: str) -> bool:
        """Notes that something happened; False when that is noted already."""
        mark = {"S": self._mark()}
        with translated(f"noting {what}"):
            try:
                self._client.put_item(
                    TableName=self._name,
                    Item={"run_id": {"S": f"noted#{what}"}, "mark": mark},
                    ConditionExpression="attribute_not_exists(run_id)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                # A first try may have been written, though its answer was lost.
                there: Any = error.response.get("Item", {})
                return bool(there.get("mark") == mark)
        return True

    def get(self, run_id: str) -> dict[str, Any] | None:
        """Returns a run's item, None when there is none."""
        with translated(f"reading run {run_id}"):
            found = self._client.get_item(
                TableName=self._name, Key={"run_id": {"S": run_id}}, ConsistentRead=True
            )
        item = found.get("Item")
        return {name: _deserialize(value) for name, value in item.items()} if item else None

    def statuses(self, run_ids: Sequence[str]) -> dict[str, str]:
        """Returns how far runs came, by their ids; one that is not there is left out."""
        found: dict[str, str] = {}
        for start in range(0, len(run_ids), _BATCH):
            keys = [{"run_id": {"S": one}} for one in run_ids[start : start + _BATCH]]
            asked: Any = {
                self._name: {
                    "Keys": keys,
                    "ConsistentRead": True,
                    "ProjectionExpression": "run_id, #s",
                    "ExpressionAttributeNames": {"#s": "status"},
                }
            }
            while asked:
                with translated("reading how runs ended"):
                    answer = self._client.batch_get_item(RequestItems=asked)
                for item in answer["Responses"].get(self._name, ()):
                    found[str(_deserialize(item["run_id"]))] = str(_deserialize(item["status"]))
                asked = answer.get("UnprocessedKeys")
        return found

    def update(self, run_id: str, **values: Any) -> None:
        """Sets attributes of a run; None removes nothing, it is stored as null."""
        with translated(f"updating run {run_id}"):
            self._client.update_item(**self._setting(run_id, values))

    def note(self, run_id: str, values: dict[str, str]) -> dict[str, Any] | None:
        """Sets attributes of a run that is there; returns its item after that, else None."""
        with translated(f"updating run {run_id}"):
            try:
                answer = self._client.update_item(
                    **self._setting(run_id, values),
                    ConditionExpression="attribute_exists(run_id)",
                    ReturnValues="ALL_NEW",
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                return None
        return {name: _deserialize(value) for name, value in answer["Attributes"].items()}

    def _setting(self, run_id: str, values: Mapping[str, Any]) -> Any:
        """The parameters of UpdateItem that set attributes of a run."""
        places = range(len(values))
        return {
            "TableName": self._name,
            "Key": {"run_id": {"S": run_id}},
            "UpdateExpression": "SET " + ", ".join(f"#{index} = :{index}" for index in places),
            "ExpressionAttributeNames": {f"#{index}": name for index, name in enumerate(values)},
            "ExpressionAttributeValues": {
                f":{index}": _serialize(value) for index, value in enumerate(values.values())
            },
        }

    def decide_ending(self, run_id: str, ending: dict[str, Any]) -> dict[str, Any]:
        """Keeps how a run ends, once, and returns what was kept, now or before."""
        with translated(f"deciding how run {run_id} ends"):
            try:
                self._client.update_item(
                    TableName=self._name,
                    Key={"run_id": {"S": run_id}},
                    UpdateExpression="SET decided = :ending",
                    ConditionExpression="attribute_not_exists(decided)",
                    ExpressionAttributeValues={":ending": _serialize(ending)},
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                decided: dict[str, Any] = (self.get(run_id) or {})["decided"]
                return decided
        return ending

    def keep_first(self, run_id: str, name: str, value: str) -> str:
        """Sets an attribute that has no value yet; returns the value that it has now."""
        with translated(f"updating run {run_id}"):
            answer = self._client.update_item(
                TableName=self._name,
                Key={"run_id": {"S": run_id}},
                UpdateExpression="SET #n = if_not_exists(#n, :v)",
                ExpressionAttributeNames={"#n": name},
                ExpressionAttributeValues={":v": _serialize(value)},
                ReturnValues="ALL_NEW",
            )
        return str(_deserialize(answer["Attributes"][name]))

    def record_attempt(
        self, run_id: str, attempt: int, facts: dict[str, Any], **listed: Any
    ) -> None:
        """Keeps what is known of one attempt under ``attempt_{n}``; a later call replaces it.

        ``listed`` are attributes of the run that change with it.
        """
        self.update(run_id, **{f"attempt_{attempt:02d}": facts}, **listed)

    def set_status(self, run_id: str, status: str, state: str) -> None:
        """Says how far a run came that has not ended; one that has ended stays as it is."""
        item = self.get(run_id)
        if item is None:
            return
        request = self._setting(
            run_id, {**status_facts(str(item["project"]), status), "state": state}
        )
        request["ExpressionAttributeNames"]["#now"] = "status"
        for name, value in ((":running", RUNNING), (":waiting", WAITING)):
            request["ExpressionAttributeValues"][name] = _serialize(value)
        with translated(f"updating run {run_id}"):
            try:
                self._client.update_item(
                    **request, ConditionExpression="#now IN (:running, :waiting)"
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
