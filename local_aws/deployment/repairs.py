"""Properties of resources that moto's CloudFormation drops, set through the public APIs."""

from collections.abc import Callable, Mapping
from typing import Any

from local_aws.clients import Clients

Properties = Mapping[str, Any]
Repair = Callable[[Clients, str, Properties], None]


def _bucket_versioning(clients: Clients, bucket: str, properties: Properties) -> None:
    configuration = properties.get("VersioningConfiguration")
    if configuration:
        clients.get("s3").put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration=configuration
        )


def _bucket_access(clients: Clients, bucket: str, properties: Properties) -> None:
    s3 = clients.get("s3")
    if block := properties.get("PublicAccessBlockConfiguration"):
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    if controls := properties.get("OwnershipControls"):
        s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=controls)


def _bucket_notifications(clients: Clients, bucket: str, properties: Properties) -> None:
    configuration = properties.get("NotificationConfiguration", {})
    bridge = configuration.get("EventBridgeConfiguration")
    # `EventBridgeConfiguration: {}` is on, as in CloudFormation.
    if bridge is not None and str(bridge.get("EventBridgeEnabled", True)).lower() == "true":
        clients.get("s3").put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )


def _bucket_lifecycle(clients: Clients, bucket: str, properties: Properties) -> None:
    rules = properties.get("LifecycleConfiguration", {}).get("Rules", [])
    if rules:
        clients.get("s3").put_bucket_lifecycle_configuration(
            Bucket=bucket,
            LifecycleConfiguration={"Rules": [_lifecycle_rule(rule) for rule in rules]},
        )


def _lifecycle_rule(rule: Properties) -> dict[str, Any]:
    """Turn a rule as CloudFormation writes it into one as the API does."""
    api: dict[str, Any] = {"Status": rule["Status"], "Filter": _lifecycle_filter(rule)}
    if "Id" in rule:
        api["ID"] = rule["Id"]
    if transitions := rule.get("Transitions"):
        api["Transitions"] = [_days(each, "TransitionInDays", "Days") for each in transitions]
    if transitions := rule.get("NoncurrentVersionTransitions"):
        api["NoncurrentVersionTransitions"] = [
            _days(each, "TransitionInDays", "NoncurrentDays") for each in transitions
        ]
    expiration = {
        "Days": rule.get("ExpirationInDays"),
        "ExpiredObjectDeleteMarker": rule.get("ExpiredObjectDeleteMarker"),
    }
    if given := {key: value for key, value in expiration.items() if value is not None}:
        api["Expiration"] = given
    for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if name in rule:
            api[name] = dict(rule[name])
    return api


def _lifecycle_filter(rule: Properties) -> dict[str, Any]:
    conditions: dict[str, Any] = {}
    if "Prefix" in rule:
        conditions["Prefix"] = rule["Prefix"]
    if tags := rule.get("TagFilters"):
        conditions["Tags"] = list(tags)
    for name in ("ObjectSizeGreaterThan", "ObjectSizeLessThan"):
        if name in rule:
            conditions[name] = int(rule[name])
    if not conditions:
        return {"Prefix": ""}
    if len(conditions) == 1 and "Tags" not in conditions:
        return conditions
    return {"And": conditions}


def _days(transition: Properties, name: str, api_name: str) -> dict[str, Any]:
    return {"StorageClass": transition["StorageClass"], api_name: int(transition[name])}


def _table(clients: Clients, table: str, properties: Properties) -> None:
    dynamodb = clients.get("dynamodb")
    if recovery := properties.get("PointInTimeRecoverySpecification"):
        dynamodb.update_continuous_backups(
            TableName=table,
            PointInTimeRecoverySpecification={
                "PointInTimeRecoveryEnabled": _true(recovery["PointInTimeRecoveryEnabled"])
            },
        )
    if expiry := properties.get("TimeToLiveSpecification"):
        dynamodb.update_time_to_live(
            TableName=table,
            TimeToLiveSpecification={
                "Enabled": _true(expiry["Enabled"]),
                "AttributeName": expiry["AttributeName"],
            },
        )


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


_BUCKET: tuple[Repair, ...] = (
    _bucket_versioning,
    _bucket_access,
    _bucket_notifications,
    _bucket_lifecycle,
)

REPAIRS: Mapping[str, tuple[Repair, ...]] = {
    "AWS::S3::Bucket": _BUCKET,
    "AWS::DynamoDB::Table": (_table,),
}
