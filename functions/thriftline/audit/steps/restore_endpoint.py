"""Restore endpoint: what was deleted is made again from its saved copy, as it was.

A function cannot wait until an endpoint is in service, so a restore is asked for again and again:
each call does what can be done by then, and tells what is left. A tag on the new endpoint,
``thriftline:restoring-from``, says that it is not whole yet; it goes when nothing is left. An
endpoint of the same name that no restore made is never touched.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from thriftline.audit.aws.acting.components import put_back_components
from thriftline.audit.aws.acting.definitions import (
    Renamed,
    ensure_config,
    ensure_models,
    tag_pairs,
    with_models,
)
from thriftline.audit.aws.acting.endpoint_copies import live_endpoint, read_tags
from thriftline.audit.aws.acting.executor import Executor
from thriftline.audit.aws.acting.requests import request_of
from thriftline.audit.aws.acting.scaling import put_back_targets
from thriftline.audit.aws.target_clients import TargetClients
from thriftline.audit.domain.layout import (
    SAVED_ENDPOINTS,
    restore_record_key,
    restore_records_prefix,
)
from thriftline.audit.reports.action_message import EVENT_SOURCE
from thriftline.audit.schemas.action_record import RecordedCall
from thriftline.audit.schemas.saved_endpoint import SavedEndpoint
from thriftline.audit.schemas.steps import RestoreEndpointRequest, RestoreEndpointResponse
from thriftline.audit.steps.acting.look import read_pending, read_saved
from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.event_bus import EventBus
from thriftline.core.aws.topic import Topic
from thriftline.core.errors import AwsRequestError

RESTORED_TAG = "thriftline:restored-at"
UNFINISHED_TAG = "thriftline:restoring-from"
DETAIL_TYPE = "EndpointRestored"
_MOST_TAGS = 50
_BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack")


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
            f"There is no saved copy of {request.endpoint} like that; restore_endpoint.py --list "
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
    live = live_endpoint(restore.clients, copy.name)
    if live is not None and live["EndpointStatus"] == "Deleting":
        return (f"wait until the endpoint {copy.name} is deleted", *_all_steps(copy))
    if live is None:
        models = _create(restore)
        if not restore.executor.dry_run:
            return _all_steps(copy)
        return _finish(restore, models, _planned(copy))
    tags = read_tags(restore.clients.client("sagemaker"), live["EndpointArn"])
    if tags.get(UNFINISHED_TAG) == copy.created.isoformat():
        return _continue(restore, live)
    if live["CreationTime"] == copy.created and restore.is_half_gone:
        # What an interrupted termination took away of an endpoint that lives.
        return _put_back(restore, {})
    return None


def _all_steps(copy: SavedEndpoint) -> tuple[str, ...]:
    return (
        f"wait until the endpoint {copy.name} is in service",
        *(
            f"inference component {one.description['InferenceComponentName']}"
            for one in copy.components
        ),
        *(f"scaling of {one.identity[0]}" for one in copy.targets),
    )


def _create(restore: _Restore) -> Renamed:
    copy, executor = restore.copy, restore.executor
    models = ensure_models(executor, restore.clients, copy)
    config = ensure_config(executor, restore.clients, copy, models)
    tags, _ = tags_to_create(copy, restore.now)
    deployment = copy.endpoint.description.get("LastDeploymentConfig", {})
    described = {"EndpointName": copy.name, "EndpointConfigName": config}
    request = request_of(
        restore.clients.client("sagemaker"),
        "CreateEndpoint",
        {**described, "DeploymentConfig": deployment},
    )
    executor.call("sagemaker", "CreateEndpoint", {**request, "Tags": tag_pairs(tags)})
    return models


def _continue(restore: _Restore, live: dict[str, Any]) -> tuple[str, ...]:
    copy = restore.copy
    if live["EndpointStatus"] in _BUSY:
        return _all_steps(copy)
    if live["EndpointStatus"] != "InService":
        raise AwsRequestError(
            f"SageMaker could not make {copy.name}: {live['EndpointStatus']}: "
            f"{live.get('FailureReason', 'it gives no reason')}. Delete it, and restore it again."
        )
    return _finish(restore, ensure_models(restore.executor, restore.clients, copy), live)


def _finish(restore: _Restore, models: Renamed, live: dict[str, Any]) -> tuple[str, ...]:
    copy, executor = restore.copy, restore.executor
    capacities = _other_capacities(copy, live)
    if capacities:
        executor.call(
            "sagemaker",
            "UpdateEndpointWeightsAndCapacities",
            {"EndpointName": copy.name, "DesiredWeightsAndCapacities": capacities},
        )
        if not executor.dry_run:
            return _all_steps(copy)
    left = _put_back(restore, models)
    if not left:
        keys = {"ResourceArn": copy.arn, "TagKeys": [UNFINISHED_TAG]}
        executor.call("sagemaker", "DeleteTags", keys)
        _, later = tags_to_create(copy, restore.now)
        if later:
            add = {"ResourceArn": copy.arn, "Tags": tag_pairs(later)}
            executor.call("sagemaker", "AddTags", add)
    return left


def tags_to_create(copy: SavedEndpoint, now: datetime) -> tuple[dict[str, str], dict[str, str]]:
    """Returns the tags that the endpoint is created with, and those that follow at the end.

    SageMaker takes fifty. While the restore goes on one of them says so, and its own come before
    the one that tells when it was restored.
    """
    saved = copy.endpoint.tags.items()
    own = [pair for pair in saved if pair[0] != copy.mark_tag and not pair[0].startswith("aws:")]
    unfinished = (UNFINISHED_TAG, copy.created.isoformat())
    wanted = [unfinished, *own, (RESTORED_TAG, now.isoformat(timespec="seconds"))]
    room_at_end = _MOST_TAGS + 1
    return dict(wanted[:_MOST_TAGS]), dict(wanted[_MOST_TAGS:room_at_end])


def _put_back(restore: _Restore, models: Renamed) -> tuple[str, ...]:
    copy, executor = restore.copy, restore.executor
    components = [
        one.model_copy(update={"description": with_models(one.description, models)})
        for one in copy.components
    ]
    waiting = put_back_components(executor, restore.clients, components)
    if waiting and not executor.dry_run:
        return (
            *(f"wait until the inference component {one} is in service" for one in waiting),
            *(f"scaling of {one.identity[0]}" for one in copy.targets),
        )
    put_back_targets(executor, restore.clients, copy.targets, restore.now)
    return ()


def _other_capacities(copy: SavedEndpoint, live: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns weights and instances that were changed since the config was made."""
    now = {one["VariantName"]: one for one in live.get("ProductionVariants", ())}
    changed = []
    for saved in copy.endpoint.description.get("ProductionVariants", ()):
        there = now.get(saved["VariantName"], {})
        wanted: dict[str, Any] = {}
        if _differs(saved, there, "DesiredWeight"):
            wanted["DesiredWeight"] = saved["DesiredWeight"]
        if "ManagedInstanceScaling" not in saved and _differs(saved, there, "DesiredInstanceCount"):
            wanted["DesiredInstanceCount"] = saved["DesiredInstanceCount"]
        if wanted:
            changed.append({"VariantName": saved["VariantName"], **wanted})
    return changed


def _differs(saved: dict[str, Any], there: dict[str, Any], member: str) -> bool:
    # A weight of 0 takes no requests, and an asynchronous variant may stand at 0 instances.
    return saved.get(member) is not None and member in there and saved[member] != there[member]


def _planned(copy: SavedEndpoint) -> dict[str, Any]:
    """Returns what DescribeEndpoint would say right after the creation, for a dry run."""
    config = {} if copy.config is None else copy.config.description
    return {
        "ProductionVariants": [
            {
                "VariantName": one["VariantName"],
                "DesiredWeight": one.get("InitialVariantWeight", 1.0),
                "DesiredInstanceCount": one.get("InitialInstanceCount", 1),
            }
            for one in config.get("ProductionVariants", ())
        ]
    }


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
    bus.put(EVENT_SOURCE, DETAIL_TYPE, text)
    alerts.publish(
        f"Thriftline: {copy.name} restored",
        f"The endpoint {copy.name} in {copy.account}, {copy.region} is back as it was saved on "
        f"{copy.saved_at:%Y-%m-%d %H:%M} UTC: config, tags, inference components and scaling.\n\n"
        f"Saved copy: {response.saved_uri}\nRecord:     {restore.artifacts.uri(key)}\n",
    )
