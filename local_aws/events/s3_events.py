"""What S3 tells EventBridge: one event for each call that changed an object, as AWS words it."""

import itertools
import time
import uuid
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.s3 import notifications
from moto.s3.models import FakeDeleteMarker, S3Backend
from moto.s3.responses import S3Response

from local_aws.events.events import EventBus
from local_aws.hooks import Hooks

# moto announces each of its inner steps; only the announcement that belongs to the call counts.
_EVENT_OF_OPERATION = {
    "PutObject": "s3:ObjectCreated:Put",
    "PostObject": "s3:ObjectCreated:Post",
    "CopyObject": "s3:ObjectCreated:Copy",
    "CompleteMultipartUpload": "s3:ObjectCreated:CompleteMultipartUpload",
    "DeleteObject": "s3:ObjectRemoved:Delete",
    "DeleteObjects": "s3:ObjectRemoved:Delete",
    "PutObjectTagging": "s3:ObjectTagging:Put",
    "DeleteObjectTagging": "s3:ObjectTagging:Delete",
    "PutObjectAcl": "s3:ObjectAcl:Put",
}
_DETAIL_TYPES = {
    "s3:ObjectCreated": "Object Created",
    "s3:ObjectRemoved": "Object Deleted",
    "s3:ObjectTagging:Put": "Object Tags Added",
    "s3:ObjectTagging:Delete": "Object Tags Deleted",
    "s3:ObjectAcl": "Object ACL Updated",
}
_REASONS = {event: operation for operation, event in reversed(_EVENT_OF_OPERATION.items())}

_sequence = itertools.count(time.time_ns())


def install(hooks: Hooks, bus: EventBus, operation: Callable[[], str | None]) -> None:
    """Send S3's events to `bus`; `operation` says which call is being served."""

    def send(account_id: str, bucket: Any, event_name: str, key: Any) -> None:
        name = str(getattr(event_name, "value", event_name))
        current = operation()
        if current is not None and _EVENT_OF_OPERATION.get(current) != name:
            return
        reason = current or _REASONS.get(name)
        detail_type = _detail_type(name)
        if reason is None or detail_type is None:
            return
        bus.publish(
            source="aws.s3",
            detail_type=detail_type,
            detail=_detail(account_id, bucket, key, detail_type, reason),
            resources=[bucket.arn],
        )

    hooks.replace(notifications, "_send_event_bridge_message", send)
    original = S3Backend._set_delete_marker

    def set_delete_marker(self: Any, bucket_name: str, key_name: str) -> Any:
        marker = original(self, bucket_name, key_name)
        bucket = self.get_bucket(bucket_name)
        configuration = bucket.notification_configuration
        if configuration is not None and configuration.event_bridge is not None:
            send(self.account_id, bucket, "s3:ObjectRemoved:Delete", marker)
        return marker

    # moto says nothing of delete markers.
    hooks.replace(S3Backend, "_set_delete_marker", set_delete_marker)
    _show_event_bridge_configuration(hooks)


def _show_event_bridge_configuration(hooks: Hooks) -> None:
    # moto keeps the configuration and does not answer with it.
    original = S3Response.get_bucket_notification

    def get_bucket_notification(self: Any) -> Any:
        configuration = self.backend.get_bucket_notification_configuration(self.bucket_name)
        serialized = self.serialized
        if configuration is not None and configuration.event_bridge is not None:
            self.serialized = lambda answer: serialized(
                ActionResult({**answer.result, "EventBridgeConfiguration": {}})
            )
        return original(self)

    hooks.replace(S3Response, "get_bucket_notification", get_bucket_notification)


def _detail_type(name: str) -> str | None:
    return next((text for start, text in _DETAIL_TYPES.items() if name.startswith(start)), None)


def _detail(
    account_id: str, bucket: Any, key: Any, detail_type: str, reason: str
) -> dict[str, Any]:
    thing: dict[str, Any] = {"key": key.name, "sequencer": f"{next(_sequence):018X}"}
    if detail_type == "Object Created":
        thing["size"] = key.size
    if detail_type != "Object Deleted":
        thing["etag"] = key.etag.strip('"')
    if bucket.is_versioned and key.version_id not in (None, "null"):
        thing["version-id"] = key.version_id
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": thing,
        "request-id": uuid.uuid4().hex[:16].upper(),
        "requester": account_id,
    }
    if detail_type in ("Object Created", "Object Deleted"):
        detail |= {"source-ip-address": "127.0.0.1", "reason": reason}
    if detail_type == "Object Deleted":
        marker = isinstance(key, FakeDeleteMarker)
        detail["deletion-type"] = "Delete Marker Created" if marker else "Permanently Deleted"
    return detail
