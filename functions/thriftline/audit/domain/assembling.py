"""Puts together what the collectors of one account and region read apart from each other."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from thriftline.audit.domain.facts import ResourceKind, Unread, UnreadResource
from thriftline.audit.domain.guard import marked_at
from thriftline.audit.domain.idle import idle_window
from thriftline.audit.domain.inventory import Inventory, Window
from thriftline.audit.domain.metrics import MetricKey
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.parts import Part, Scope
from thriftline.audit.domain.questions import metrics_needed, request_metrics
from thriftline.audit.domain.references import references_of
from thriftline.audit.domain.resource_kinds import KINDS, RESOURCE_SPECS
from thriftline.audit.domain.resources.bedrock import Bedrock
from thriftline.audit.domain.resources.jobs import TrainingJob
from thriftline.audit.domain.resources.storage import Bucket, BucketPrefix
from thriftline.core.dataclass import dataclass

_ENDED = ("Completed", "Failed", "Stopped")
_SCHEME = "s3://"
_OF_BEDROCK = "bedrock."


@dataclass(frozen=True, slots=True)
class InventoryPlace:
    """The account and region, and the time, that an inventory is of."""

    account: str
    region: str
    now: datetime
    window: Window


def fragment(
    place: InventoryPlace,
    collected: Iterable[ResourceKind],
    lists: Mapping[str, Sequence[Any]],
    unread: Iterable[UnreadResource],
) -> Inventory:
    """Returns an inventory of some kinds; ``lists`` by field, such as ``bedrock.models``."""
    fields = {one.field: tuple(lists.get(one.field, ())) for one in RESOURCE_SPECS}
    own = {name: found for name, found in fields.items() if not name.startswith(_OF_BEDROCK)}
    bedrock = {
        name.removeprefix(_OF_BEDROCK): found
        for name, found in fields.items()
        if name.startswith(_OF_BEDROCK)
    }
    return Inventory(
        account=place.account,
        region=place.region,
        now=place.now,
        window=place.window,
        collected=frozenset(collected),
        bedrock=Bedrock(**bedrock),
        metrics={},
        unread=tuple(unread),
        **own,
    )


def merged(
    place: InventoryPlace, fragments: Iterable[Inventory], lost: Mapping[Part, str]
) -> Inventory:
    """Returns all fragments as one inventory, without metrics.

    ``lost`` are the parts of which there is nothing, and why: all of their kinds are unknown.
    """
    lists: dict[str, list[Any]] = defaultdict(list)
    collected: set[ResourceKind] = set()
    unread: list[UnreadResource] = []
    for one in fragments:
        collected |= one.collected
        unread += one.unread
        for spec in RESOURCE_SPECS:
            lists[spec.field] += spec.resources(one)
    for part, why in lost.items():
        collected |= KINDS[part]
        unread += (UnreadResource(kind, "*", "Collect part", why) for kind in sorted(KINDS[part]))
    return fragment(place, collected, lists, unread)


def count_of(inventory: Inventory) -> int:
    """Returns how many resources and lines it holds."""
    return sum(len(spec.resources(inventory)) for spec in RESOURCE_SPECS)


def keys_to_read(inventory: Inventory, scope: Scope) -> tuple[MetricKey, ...]:
    """Returns the metrics that the rules of a scope look at."""
    if scope is Scope.ACCOUNT:
        return metrics_needed(inventory)
    asked = (one for one in inventory.endpoints if one.may_answer)
    return tuple(key for endpoint in asked for key in request_metrics(endpoint))


def metric_starts(inventory: Inventory, parameters: AuditParameters) -> tuple[datetime, datetime]:
    """Returns from when daily and hourly metrics are read.

    Daily ones reach back to whatever asks for the most: the window, a rule, or the day on which
    an endpoint was marked.
    """
    now = inventory.now
    days = max(
        parameters.idle_window_days,
        parameters.utilisation_window_days,
        parameters.throughput_idle_days,
        parameters.deployment_idle_days,
        parameters.orphaned_model_days,
    )
    marks = (marked_at(one.tags, parameters) for one in inventory.endpoints)
    daily = min(
        inventory.window.start,
        idle_window(now, days).start,
        *(mark.astimezone(now.tzinfo) for mark in marks if mark is not None),
    )
    return daily, idle_window(now, parameters.idle_window_days).start


@dataclass(frozen=True, slots=True, order=True)
class WrittenPrefix:
    """Where in a bucket a job wrote: its checkpoints, or the folder of what it left."""

    bucket: str
    prefix: str
    job: str


def written_prefixes(
    inventory: Inventory, parameters: AuditParameters
) -> tuple[WrittenPrefix, ...]:
    """Returns the prefixes of ended jobs that are old enough to be asked about.

    Of jobs that share one, such as attempts on the same checkpoints, the newest has it. What
    something still refers to is nobody's to expire, and is left out.
    """
    known = {one.name for one in inventory.buckets if not isinstance(one.prefixes, Unread)}
    references = references_of(inventory)
    found: dict[tuple[str, str], str] = {}
    for job in sorted(inventory.training_jobs, key=lambda one: one.created):
        for uri in _left_by(job, inventory.now, parameters):
            bucket, _, key = uri.removeprefix(_SCHEME).partition("/")
            prefix = f"{key.rstrip('/')}/"
            if bucket in known and prefix != "/" and not references.hold(bucket, prefix):
                found[bucket, prefix] = job.name
    return tuple(sorted(WrittenPrefix(*place, job) for place, job in found.items()))


def _left_by(job: TrainingJob, now: datetime, parameters: AuditParameters) -> Iterator[str]:
    if job.status not in _ENDED or job.ended is None:
        return
    age = now - job.ended
    if job.checkpoint_s3_uri and age > timedelta(days=parameters.checkpoint_max_age_days):
        yield job.checkpoint_s3_uri
    is_old = age > timedelta(days=parameters.failed_artifact_max_age_days)
    if job.status == "Failed" and job.output_s3_uri and is_old:
        yield f"{job.output_s3_uri.rstrip('/')}/{job.name}/"


def with_written(inventory: Inventory, measured: Mapping[str, Sequence[BucketPrefix]]) -> Inventory:
    """Returns the inventory with the prefixes of jobs, by bucket, among those of its buckets."""
    buckets = (_traced(bucket, measured.get(bucket.name, ())) for bucket in inventory.buckets)
    return replace(inventory, buckets=tuple(buckets))


def _traced(bucket: Bucket, measured: Sequence[BucketPrefix]) -> Bucket:
    if isinstance(bucket.prefixes, Unread) or not measured:
        return bucket
    own = {one.prefix: one for one in measured}
    rest = (_without(one, measured) for one in bucket.prefixes if one.prefix not in own)
    kept = (one for one in rest if one.objects != 0)
    both = sorted((*kept, *measured), key=lambda one: one.prefix)
    return replace(bucket, prefixes=tuple(both))


def _without(outer: BucketPrefix, measured: Sequence[BucketPrefix]) -> BucketPrefix:
    """Returns a prefix without what lies under longer ones, so that no byte counts twice."""
    inner = [one for one in measured if one.prefix.startswith(outer.prefix)]
    objects = outer.objects
    if objects is not None:
        objects = max(0, objects - sum(one.objects or 0 for one in inner))
    if not inner:
        return outer
    taken: Counter[str] = Counter()
    for one in inner:
        taken.update(dict(one.bytes_by_class))
    classes = tuple((name, max(0, size - taken[name])) for name, size in outer.bytes_by_class)
    size = max(0, outer.size_bytes - sum(one.size_bytes for one in inner))
    return replace(outer, size_bytes=size, bytes_by_class=classes, objects=objects)
