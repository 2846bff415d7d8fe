"""Puts the parts of one account and region together, and reads what hangs on more than one."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from pydantic import ValidationError

from thriftline.audit.aws.collectors.prefixes import read_prefix
from thriftline.audit.aws.collectors.reading import attempt, in_threads, one_of
from thriftline.audit.aws.metric_reader import read_metrics
from thriftline.audit.domain.assembling import (
    InventoryPlace,
    WrittenPrefix,
    count_of,
    keys_to_read,
    merged,
    metric_starts,
    with_written,
    written_prefixes,
)
from thriftline.audit.domain.facts import Fact, ResourceKind, Unread, UnreadResource
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.layout import inventory_key, part_key
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.parts import PARTS, Part
from thriftline.audit.domain.resources.storage import BucketPrefix
from thriftline.audit.schemas.inventory import decode_inventory, encode_inventory
from thriftline.audit.schemas.settings import AuditSettings
from thriftline.audit.schemas.steps import CollectResponse, TargetRequest
from thriftline.audit.steps.documents import read_settings
from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.errors import ThriftlineError
from thriftline.core.wording import counted

# Each takes a listing of its own; thirty a second are well within S3's limits.
MOST_WRITTEN_PREFIXES = 2_000


def assemble_inventory(
    request: TargetRequest, *, artifacts: Bucket, clients: TargetClients
) -> CollectResponse:
    """Writes the inventory, with its metrics and with the prefixes that jobs wrote to.

    A part that left nothing behind is unknown, and so is what cannot be read now.

    Raises:
        AwsRequestError: there is no such audit.
    """
    settings = read_settings(artifacts, request.audit_id)
    found = _together(request, settings, artifacts)
    found = _with_job_prefixes(found, settings.parameters, clients)
    daily, hourly = metric_starts(found, settings.parameters)
    metrics = read_metrics(
        clients,
        keys_to_read(found, settings.scope),
        daily_start=daily,
        hourly_start=hourly,
        now=found.now,
    )
    collected = found.collected | {ResourceKind.METRIC}
    whole = replace(found, metrics=metrics, collected=collected)
    key = inventory_key(request.audit_id, request.target.account, request.target.region)
    artifacts.write(key, encode_inventory(whole), "application/json")
    return CollectResponse(resources=count_of(whole), unread=len(whole.unread))


def _together(request: TargetRequest, settings: AuditSettings, artifacts: Bucket) -> Inventory:
    fragments: list[Inventory] = []
    lost: dict[Part, str] = {}
    for part in PARTS[settings.scope]:
        read = _fragment(request, part, artifacts)
        if isinstance(read, Inventory):
            fragments.append(read)
        else:
            lost[part] = read
    target = request.target
    place = InventoryPlace(target.account, target.region, settings.started, settings.window)
    return merged(place, fragments, lost)


def _fragment(request: TargetRequest, part: Part, artifacts: Bucket) -> Inventory | str:
    """Returns what a collector wrote, or why there is nothing of it."""
    key = part_key(request.audit_id, request.target.account, request.target.region, part)
    try:
        body = artifacts.read(key)
        return "It ended before it had read all." if body is None else decode_inventory(body)
    except ThriftlineError as error:
        return f"What it wrote cannot be read: {error}"
    except ValidationError as error:
        return f"What it wrote is not an inventory: {counted(error.error_count(), 'error')}."


def _with_job_prefixes(
    found: Inventory, parameters: AuditParameters, clients: TargetClients
) -> Inventory:
    asked = written_prefixes(found, parameters)
    left_out = asked[MOST_WRITTEN_PREFIXES:]
    asked = asked[:MOST_WRITTEN_PREFIXES]
    if not asked:
        return found
    unread = [_not_listed(left_out)] if left_out else []
    measured: dict[str, list[BucketPrefix]] = defaultdict(list)
    for one, prefix in zip(asked, _measure(asked, clients), strict=True):
        if isinstance(prefix, Unread):
            unread.append(one_of(ResourceKind.BUCKET, f"{one.bucket}/{one.prefix}", prefix))
        else:
            measured[one.bucket].append(prefix)
    traced = with_written(found, measured)
    return replace(traced, unread=(*traced.unread, *unread))


def _measure(
    asked: Sequence[WrittenPrefix], clients: TargetClients
) -> Sequence[Fact[BucketPrefix]]:
    client = attempt("AssumeRole", lambda: clients.client("s3"))
    if isinstance(client, Unread):
        return [client] * len(asked)
    return in_threads(lambda one: read_prefix(client, one.bucket, one.prefix, one.job), asked)


def _not_listed(left_out: Sequence[WrittenPrefix]) -> UnreadResource:
    said = f"{counted(len(left_out), 'more prefix')} that jobs wrote to could not be listed."
    return UnreadResource(ResourceKind.BUCKET, "*", "ListObjectsV2", said)
