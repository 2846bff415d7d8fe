"""Which data sets of a project have a run: one item a project in the runs table.

A claim is written together with the run's own item, and only if nobody claimed anything in the
project since the claims were read. So of many uploads at once each decides on what the others did.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.dataclass import dataclass
from thriftline.runs.domain.arrivals import Claim

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# An item may have 400 KB; old claims fall out, their runs' own items stay.
_MOST_BYTES = 250_000
_MOST_CLAIMS = 200
_DIGEST_BYTES = 8
_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


@dataclass(frozen=True)
class ProjectClaims:
    """A project's claims, the newest first, as of one reading."""

    revision: int
    claims: tuple[Claim, ...]


def key_of(project: str) -> str:
    """The project's key in the table; no run's id holds a number sign."""
    return f"project#{project}"


class ClaimsTable:
    """The projects' items of the table ``RunsTable``."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def read(self, project: str) -> ProjectClaims:
        """Returns the claims of a project; without how their runs ended."""
        with translated(f"reading the claims of {project}"):
            found = self._client.get_item(
                TableName=self._name, Key={"run_id": {"S": key_of(project)}}, ConsistentRead=True
            )
        item = {name: _deserialize(value) for name, value in found.get("Item", {}).items()}
        return ProjectClaims(
            int(item.get("revision", 0)), tuple(_claim(one) for one in item.get("claims", ()))
        )

    def add(self, project: str, seen: ProjectClaims, claim: Claim, run: dict[str, Any]) -> bool:
        """Writes a claim and its run's item, both or none.

        Returns:
            False when the run is there already, or the project's claims are not ``seen`` any more.
        """
        item = {
            "run_id": key_of(project),
            "revision": seen.revision + 1,
            "claims": [_row(one) for one in _kept((claim, *seen.claims))],
        }
        try:
            with translated(f"claiming run {claim.run_id}"):
                self._write(run, item, seen.revision)
        except _NotWrittenError:
            return False
        return True

    def _write(self, run: dict[str, Any], project: dict[str, Any], revision: int) -> None:
        try:
            self._client.transact_write_items(
                TransactItems=[
                    {
                        "Put": {
                            "TableName": self._name,
                            "Item": _item(run),
                            "ConditionExpression": "attribute_not_exists(run_id)",
                        }
                    },
                    {
                        "Put": {
                            "TableName": self._name,
                            "Item": _item(project),
                            "ConditionExpression": "attribute_not_exists(run_id) OR #r = :seen",
                            "ExpressionAttributeNames": {"#r": "revision"},
                            "ExpressionAttributeValues": {":seen": {"N": str(revision)}},
                        }
                    },
                ]
            )
        except ClientError as error:
            if code_of(error) in {"TransactionCanceledException", "TransactionConflictException"}:
                raise _NotWrittenError from error
            raise


class _NotWrittenError(Exception):
    """Somebody else was faster."""


def _item(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _serialize(value) for name, value in values.items()}


def _kept(claims: Sequence[Claim]) -> list[Claim]:
    kept: list[Claim] = []
    size = 0
    for claim in claims[:_MOST_CLAIMS]:
        size += 600 + _DIGEST_BYTES * len(claim.members)
        if kept and size > _MOST_BYTES:
            break
        kept.append(claim)
    return kept


def _row(claim: Claim) -> dict[str, Any]:
    return {
        "run_id": claim.run_id,
        "execution_arn": claim.execution_arn,
        "trigger": claim.trigger,
        "settings_version": claim.settings_version,
        "settings_digest": claim.settings_digest,
        "members": b"".join(bytes.fromhex(one) for one in sorted(claim.members)),
        "content": claim.content,
    }


def _claim(row: dict[str, Any]) -> Claim:
    packed = bytes(row["members"])
    return Claim(
        run_id=row["run_id"],
        execution_arn=row["execution_arn"],
        trigger=row["trigger"],
        settings_version=row["settings_version"],
        settings_digest=row["settings_digest"],
        members=frozenset(
            packed[start : start + _DIGEST_BYTES].hex()
            for start in range(0, len(packed), _DIGEST_BYTES)
        ),
        content=row["content"],
    )
