"""Which resources one account and region has and how much they were used, counted for a report."""

from collections.abc import Iterable
from datetime import timedelta

from thriftline.audit.domain.bedrock_use import token_use
from thriftline.audit.domain.facts import ResourceKind, Unread
from thriftline.audit.domain.idle import Idleness, Verdict
from thriftline.audit.domain.inventory import Inventory, Window
from thriftline.audit.domain.part_use import PartUse, parts_of
from thriftline.audit.domain.resource_kinds import RESOURCE_SPECS
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.audit.domain.resources.jobs import TrainingJob
from thriftline.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class TrainingUse:
    """Jobs that ended in a window. Hours are those of instances; None when a job's are unknown."""

    completed: int
    failed: int
    stopped: int
    hours: float | None
    billed_hours: float | None


@dataclass(frozen=True, slots=True)
class TokenTotals:
    """What all Bedrock models together were asked in the window, cached tokens counted in."""

    invocations: int
    input: int
    output: int


@dataclass(frozen=True, slots=True)
class EndpointDays:
    """The requests of each part of an endpoint on each day of the audit's window."""

    endpoint: str
    status: str
    verdict: Verdict
    reasons: tuple[str, ...]
    parts: tuple[PartUse, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Totals of an inventory; None where something that belongs to one could not be read.

    ``counts`` are of the kinds that were collected, and lower bounds for those that were not
    read to the end, as is ``storage_bytes_known``. ``last_day`` is the window's last day.
    """

    collected: frozenset[ResourceKind]
    counts: tuple[tuple[ResourceKind, int], ...]
    storage_bytes: int | None
    storage_bytes_known: int
    objects: int | None
    training: TrainingUse | None
    training_last_day: TrainingUse | None
    tokens: TokenTotals | None
    endpoints: tuple[EndpointDays, ...]


def overview_of(inventory: Inventory, idleness: Iterable[Idleness]) -> Overview:
    """Returns the totals; ``idleness`` are the verdicts on the inventory's endpoints."""
    verdicts = {said.endpoint: said for said in idleness}
    last_day = Window(inventory.window.end - timedelta(days=1), inventory.window.end)
    sizes = _sizes(inventory)
    knows_sizes = inventory.knows_all([ResourceKind.BUCKET]) and len(sizes) == len(
        inventory.buckets
    )
    return Overview(
        collected=inventory.collected,
        counts=_counts(inventory),
        storage_bytes=sum(sizes) if knows_sizes else None,
        storage_bytes_known=sum(sizes),
        objects=_objects(inventory),
        training=_training(inventory, inventory.window),
        training_last_day=_training(inventory, last_day),
        tokens=_tokens(inventory),
        endpoints=tuple(
            _days(endpoint, verdicts[endpoint.name], inventory) for endpoint in inventory.endpoints
        ),
    )


def _counts(inventory: Inventory) -> tuple[tuple[ResourceKind, int], ...]:
    return tuple(
        (spec.kind, len(spec.resources(inventory)))
        for spec in RESOURCE_SPECS
        if spec.is_counted and spec.kind in inventory.collected
    )


def _sizes(inventory: Inventory) -> list[int]:
    """Returns the bytes of each bucket that tells them."""
    return [
        sum(bucket.bytes_by_storage_type.values())
        for bucket in inventory.buckets
        if not isinstance(bucket.bytes_by_storage_type, Unread)
    ]


def _objects(inventory: Inventory) -> int | None:
    if not inventory.knows_all([ResourceKind.BUCKET]):
        return None
    total = 0
    for bucket in inventory.buckets:
        if bucket.objects is None or isinstance(bucket.objects, Unread):
            return None
        total += bucket.objects
    return total


def _training(inventory: Inventory, window: Window) -> TrainingUse | None:
    if not inventory.knows_all([ResourceKind.TRAINING_JOB]):
        return None
    jobs = [
        job
        for job in inventory.training_jobs
        if job.ended is not None and window.start <= job.ended < window.end
    ]
    counts = {name: sum(job.status == name for job in jobs) for name in ("Completed", "Failed")}
    return TrainingUse(
        completed=counts["Completed"],
        failed=counts["Failed"],
        stopped=len(jobs) - sum(counts.values()),
        hours=_hours((job, job.training_seconds) for job in jobs),
        billed_hours=_hours((job, job.billable_seconds) for job in jobs),
    )


def _hours(jobs: Iterable[tuple[TrainingJob, int | None]]) -> float | None:
    total = 0
    for job, seconds in jobs:
        # A job that never got its instances has no seconds, and none are unknown.
        if seconds is None and job.started is not None:
            return None
        total += (seconds or 0) * job.instance_count
    return total / 3600


def _tokens(inventory: Inventory) -> TokenTotals | None:
    if not inventory.knows_all([ResourceKind.BEDROCK_MODEL]):
        return None
    invocations = tokens_in = tokens_out = 0
    for model in inventory.bedrock.models:
        use = token_use(model.model_id, inventory.metrics, inventory.window)
        if isinstance(use, Unread):
            return None
        invocations += use.invocations
        tokens_in += use.input + use.cache_read + use.cache_write
        tokens_out += use.output
    return TokenTotals(invocations, tokens_in, tokens_out)


def _days(endpoint: Endpoint, said: Idleness, inventory: Inventory) -> EndpointDays:
    parts = parts_of(endpoint, inventory.metrics, inventory.window) if endpoint.may_answer else ()
    return EndpointDays(
        endpoint=endpoint.name,
        status=endpoint.status,
        verdict=said.verdict,
        reasons=said.reasons,
        parts=parts,
    )
