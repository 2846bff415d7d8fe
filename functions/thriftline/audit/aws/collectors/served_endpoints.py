"""The stack's own endpoints, out of its table of endpoints."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from thriftline.audit.aws.collectors.reading import (
    Collected,
    attempt,
    in_threads,
    list_all,
)
from thriftline.audit.domain.facts import Fact, ResourceKind, Unread, UnreadResource
from thriftline.audit.domain.resources.served import GONE, ServedEndpoint, ServedVersion
from thriftline.core.aws.clients import code_of
from thriftline.core.aws.target_clients import TargetClients

_KIND = ResourceKind.SERVED_ENDPOINT
_STATE, _QUALITY, _VERSION = "endpoint", "quality", "version#"
_SCHEME = "s3://"
# Of each endpoint; nobody goes further back, and each is a call.
_LOOKED_AT = 10
_STANDARD = "STANDARD"
_NOT_THERE = ("404", "NoSuchKey", "NotFound")
_deserialize = TypeDeserializer().deserialize
_Item = Mapping[str, Any]


def collect_served_endpoints(
    clients: TargetClients, endpoints_table: str | None
) -> Collected[ServedEndpoint]:
    """Returns the stack's endpoints; elsewhere than where the stack lies there are none."""
    if endpoints_table is None:
        return Collected((), ())
    listed = list_all(
        clients.client("dynamodb"),
        "Scan",
        "Items",
        TableName=endpoints_table,
        FilterExpression="#item = :state OR #item = :quality OR begins_with(#item, :version)",
        ExpressionAttributeNames={"#item": "item"},
        ExpressionAttributeValues={
            ":state": {"S": _STATE},
            ":quality": {"S": _QUALITY},
            ":version": {"S": _VERSION},
        },
    )
    items: dict[str, dict[str, _Item]] = defaultdict(dict)
    for row in listed.rows:
        item = {name: _deserialize(value) for name, value in row.items()}
        items[str(item["endpoint"])][str(item["item"])] = item
    found, unread = [], list(listed.gap(_KIND))
    for name in sorted(items):
        try:
            found.append(_served(name, items[name], clients))
        except (KeyError, TypeError, ValueError) as error:
            why = f"its items cannot be read: {type(error).__name__} {error}"
            unread.append(UnreadResource(_KIND, name, "Scan", why))
    return Collected(tuple(found), tuple(unread))


def _served(name: str, items: Mapping[str, _Item], clients: TargetClients) -> ServedEndpoint:
    state, quality = items.get(_STATE, {}), items.get(_QUALITY, {})
    versions = [one for key, one in sorted(items.items()) if key.startswith(_VERSION)]
    in_use = state.get("in_use")
    return ServedEndpoint(
        name=name,
        project=str(state.get("project", "")),
        kind=str(state.get("kind", "")),
        in_use=None if in_use is None else int(in_use),
        is_asleep=bool(state.get("asleep", False)),
        versions=_versions(versions, clients),
        breaches=tuple(sorted((quality.get("breaches") or {}).items())),
        quality_document=quality.get("last_window"),
    )


def _versions(items: Sequence[_Item], clients: TargetClients) -> tuple[ServedVersion, ...]:
    client = clients.client("s3")
    looked_at = items[-_LOOKED_AT:]
    uris = [str(one["artifact_uri"]) for one in looked_at]
    classes: list[Fact[str | None]] = [None] * (len(items) - len(looked_at))
    classes += in_threads(lambda uri: _storage_class(client, uri), uris)
    return tuple(
        ServedVersion(
            number=int(one["number"]),
            config=str(one["config"]),
            model=str(one["model_name"]),
            artifact_s3_uri=str(one["artifact_uri"]),
            artifact=artifact,
        )
        for one, artifact in zip(items, classes, strict=True)
    )


def _storage_class(client: Any, uri: str) -> Fact[str | None]:
    """Returns the class of an archive; None of a prefix, which has none."""
    bucket, _, key = uri.removeprefix(_SCHEME).partition("/")
    if not uri.startswith(_SCHEME) or not key or key.endswith("/"):
        return None
    answer = attempt("HeadObject", lambda: _head(client, bucket, key))
    if isinstance(answer, Unread):
        return answer
    if answer is None:
        return GONE
    # One that was restored can be read for as long as the copy lasts.
    restored = 'ongoing-request="false"' in str(answer.get("Restore", ""))
    return _STANDARD if restored else str(answer.get("StorageClass", _STANDARD))


def _head(client: Any, bucket: str, key: str) -> Mapping[str, Any] | None:
    """Returns what S3 says, None where there is no such object: a 404 without a name."""
    try:
        answer: Mapping[str, Any] = client.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if code_of(error) in _NOT_THERE:
            return None
        raise
    return answer
