"""Restore endpoint: what was deleted is made again from its saved copy, as it was.

A restore is asked for again and again; see ``Recreation``. A tag on the new endpoint,
``thriftline:restoring-from``, says that it is not whole yet; it goes when nothing is left. An
endpoint of the same name that no restore made is never touched.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from thriftline.audit.domain.layout import (
    SAVED_ENDPOINTS,
    restore_record_key,
    restore_records_prefix,
)
from thriftline.audit.schemas.events import EndpointRestored
from thriftline.audit.schemas.steps import RestoreEndpointRequest, RestoreEndpointResponse
from thriftline.audit.steps.acting.look import read_pending, read_saved
from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.endpoints.copies import live_endpoint, read_tags
from thriftline.core.aws.endpoints.recreation import Marks, Recreation
from thriftline.core.aws.event_bus import EventBus
from thriftline.core.aws.executor import Executor
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.aws.topic import Topic
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import AwsRequestError
from thriftline.core.message import Message, facts_of
from thriftline.core.recorded_calls import RecordedCall
from thriftline.core.saved_endpoint import SavedEndpoint

RESTORED_TAG = "thriftline:restored-at"
UNFINISHED_TAG = "thriftline:restoring-from"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Restore:
    copy: SavedEndpoint
    clients: TargetClients
    executor: Executor
    artifacts: Bucket
    now: datetime

    @property
    def is_half_gone(self) -> bool:
        """Whether a termination of this very life was begun, not ended, and not put back since.

        Only what acts may forget that it is pending: the next audit that acts does.
        """
        copy = self.copy
        pending = read_pending(self.artifacts, copy.account, copy.region, copy.name)
        if pending is None or pending.created != copy.created:
            return False
        begun = restore_record_key(copy.account, copy.region, copy.name, pending.since)
        prefix = restore_records_prefix(copy.account, copy.region, copy.name)
        return all(record.key < begun for record in self.artifacts.list(prefix))


def restore_endpoint(
    request: RestoreEndpointRequest,
    *,
    artifacts: Bucket,
    clients_of: Callable[[str, str | None], TargetClients],
    alerts: Topic,
    bus: EventBus,
    now: datetime,
) -> RestoreEndpointResponse:
    """Does what can be done now to bring an endpoint back; may be asked again at any time.

    Raises:
        AwsRequestError: there is no such saved copy, or several places have one of the name, or
            SageMaker could not create the endpoint.
        ThriftlineError: something could not be read or was refused; asking again goes on.
    """
    key = _find(request, artifacts)
    copy = read_saved(artifacts, key)
    clients = clients_of(copy.region, copy.role_arn)
    restore = _Restore(
        copy=copy,
        clients=clients,
        executor=Executor(clients, artifacts, dry_run=request.dry_run),
        artifacts=artifacts,
        now=now,
    )
    left = _go_on(restore)
    calls = tuple(restore.executor.calls)
    response = RestoreEndpointResponse(
        endpoint=copy.name,
        saved_uri=artifacts.uri(key),
        outcome=_outcome(left, dry_run=request.dry_run),
        steps=tuple(_step(call) for call in calls),
        left=left or (),
    )
    if response.outcome == "restored":
        _tell(restore, response, alerts, bus)
    return response


def _outcome(left: tuple[str, ...] | None, *, dry_run: bool) -> Any:
    if left is None:
        return "exists"
    if dry_run:
        return "would_restore"
    return "restoring" if left else "restored"


def _find(request: RestoreEndpointRequest, artifacts: Bucket) -> str:
    """Returns the key of the saved copy that is asked for."""
    wanted = None if request.created is None else _stamp(request.created)
    keys: dict[tuple[str, str], list[str]] = {}
    for stored in artifacts.list(SAVED_ENDPOINTS):
        account, region, name, document = stored.key.removeprefix(SAVED_ENDPOINTS).split("/")
        if (
            name == request.endpoint
            and request.account in (None, account)
            and request.region in (None, region)
            and wanted in (None, document.removesuffix(".json"))
        ):
            keys.setdefault((account, region), []).append(stored.key)
    if not keys:
        raise AwsRequestError(
            f"There is no saved copy of {request.endpoint} like that; `thriftline restore --list` "
            "shows the saved copies."
        )
    if len(keys) > 1:
        places = ", ".join("/".join(place) for place in sorted(keys))
        raise AwsRequestError(
            f"{request.endpoint} was saved in {places}: say which account and region."
        )
    return max(next(iter(keys.values())))


def _stamp(created: datetime) -> str:
    aware = created if created.tzinfo else created.replace(tzinfo=UTC)
    return f"{aware.astimezone(UTC):%Y%m%dT%H%M%S%f}"


def _go_on(restore: _Restore) -> tuple[str, ...] | None:
    """Does what can be done now; returns what is left, None when another endpoint lives there."""
    copy = restore.copy
    again = Recreation(
        copy=copy,
        clients=restore.clients,
        executor=restore.executor,
        marks=Marks(unfinished=UNFINISHED_TAG, finished=RESTORED_TAG),
        now=restore.now,
    )
    live = live_endpoint(restore.clients, copy.name)
    if live is not None and live["EndpointStatus"] == "Deleting":
        return (f"wait until the endpoint {copy.name} is deleted", *again.steps())
    if live is None:
        return again.begin()
    if again.is_ours(read_tags(restore.clients.client("sagemaker"), live["EndpointArn"])):
        return again.go_on(live)
    if live["CreationTime"] == copy.created and restore.is_half_gone:
        # What an interrupted termination took away of an endpoint that lives.
        return again.put_back({})
    return None


def _step(call: RecordedCall) -> str:
    """Returns a call in a few words: what, and of which name."""
    names = [str(value) for key, value in call.parameters.items() if key in _NAMES]
    return " ".join([call.operation, *names])


_NAMES = (
    "ModelName",
    "EndpointConfigName",
    "EndpointName",
    "InferenceComponentName",
    "ResourceId",
    "PolicyName",
    "ScheduledActionName",
    "AlarmName",
    "ResourceArn",
    "Key",
)


def _tell(
    restore: _Restore, response: RestoreEndpointResponse, alerts: Topic, bus: EventBus
) -> None:
    copy = restore.copy
    document = {
        **response.model_dump(mode="json"),
        "account": copy.account,
        "region": copy.region,
        "created": copy.created.isoformat(),
        "restored": restore.now.isoformat(),
    }
    text = json.dumps(document, indent=1)
    key = restore_record_key(copy.account, copy.region, copy.name, restore.now)
    restore.artifacts.write_json(key, text)
    bus.put(EndpointRestored.model_validate(document))
    sentence = (
        f"The endpoint {copy.name} in {copy.account}, {copy.region} is back as it was saved on "
        f"{copy.saved_at:%Y-%m-%d %H:%M} UTC: config, tags, inference components and scaling."
    )
    record = restore.artifacts.uri(key)
    alerts.send(
        Message(
            kind="restore",
            tone="good",
            thread=copy.name,
            title=f"Thriftline: {copy.name} restored",
            sentence=sentence,
            facts=facts_of({"Saved copy": response.saved_uri, "Record": record}),
            text=f"{sentence}\n\nSaved copy: {response.saved_uri}\nRecord:     {record}\n",
        )
    )
