"""What a preparation costs on a job cluster: billed from its start to its end, node by node."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.core.settings import Settings
from thriftline.core.wording import counted
from thriftline.runs.domain.preparation import PreparationQuote, PreparationWork
from thriftline.runs.engines.databricks.cluster import (
    LEAST_VOLUME_GIB,
    MOST_VOLUME_GIB,
    Cluster,
)
from thriftline.runs.engines.databricks.nodes import has_local_disks, vcpus_of
from thriftline.runs.engines.databricks.rates import ClusterRates, Hour, hour_of, rates_of
from thriftline.runs.engines.sentences import enough_minutes
from thriftline.runs.engines.sizing import (
    cpu_hours,
    disk_gb,
    duration_of,
    minutes_on,
    refusal,
    rounded_up,
    shuffle_partitions,
    size_of,
    vcpu_time,
)

NAME = "databricks"
# Whether timeout_seconds covers the start of a cluster is not documented; for that and for its end
# so much is counted beside the limit.
GRACE_MINUTES = 15
_SET_UP_MINUTES = 6
# A worker that is not busy for so long is not worth its set-up.
_BUSY_MINUTES = 10
# What Spot asks of EC2's rate, about. Only what is likely is reckoned with it.
_SPOT_SHARE = Decimal("0.35")
_DEFAULT_NODE_TYPE = "m5.xlarge"
_DEFAULT_SPARK = "17.3.x-scala2.13"


@dataclass(frozen=True)
class QuoteSources:
    """What a quote is made from. ``usd_per_gib_month`` is of a volume, at the most."""

    settings: Settings
    usd_per_gib_month: Callable[[], Decimal]
    now: Callable[[], datetime]


class _CannotError(Exception):
    """The work cannot be done here; the message says why and what would change it."""

    def __init__(self, message: str, likely_minutes: int | None = None) -> None:
        super().__init__(message)
        self.likely_minutes = likely_minutes


def quote(work: PreparationWork, sources: QuoteSources) -> PreparationQuote:
    """Prices a cluster of the type and the size that the run spec asks for.

    Raises:
        InvalidStackParameterError: a parameter of the stack is no rate.
    """
    try:
        return _quoted(work, sources)
    except _CannotError as error:
        return PreparationQuote.refused(NAME, str(error), error.likely_minutes)


def _quoted(work: PreparationWork, sources: QuoteSources) -> PreparationQuote:
    _require_workspace(sources.settings)
    alone = refusal(work.largest_unsplittable_bytes)
    if alone is not None:
        raise _CannotError(alone)
    section = {"node_type": _DEFAULT_NODE_TYPE, "spark_version": _DEFAULT_SPARK, **work.settings}
    rates = rates_of(section, sources.settings)
    cluster = _cluster(work, section)
    hour = hour_of(rates, cluster.disk_gib, sources.usd_per_gib_month())
    if hour is None:
        raise _CannotError(_unpriced(rates))
    vcpus = cluster.workers * (vcpus_of(cluster.node_type) or 1)
    minutes = minutes_on(work.unpacked_bytes, vcpus, _SET_UP_MINUTES)
    if minutes > work.max_minutes:
        raise _CannotError(_too_slow(work, cluster, minutes), minutes)
    return PreparationQuote(
        NAME,
        likely_usd=_likely_usd(cluster, hour, minutes),
        likely_minutes=minutes,
        worst_usd=cluster.nodes * hour.usd * (work.max_minutes + GRACE_MINUTES) / 60,
        basis=_basis(work, cluster, hour),
        reason=_reason(work, cluster, hour, vcpus),
        warnings=_warnings(rates),
        terms={
            "cluster": cluster.to_terms(),
            "timeout_seconds": work.max_minutes * 60,
            "usd_per_node_hour": str(hour.usd),
            "dbu_per_node_hour": str(hour.dbus),
            "quoted_at": sources.now().isoformat(),
        },
        usd_per_hour=cluster.nodes * hour.usd,
    )


def _require_workspace(settings: Settings) -> None:
    if not settings.databricks_secret_arn:
        raise _CannotError(
            "The stack knows no Databricks workspace: set its parameter DatabricksSecretArn to a "
            "secret with host, client_id and client_secret of a service principal, or name another "
            "engine in prepare.engine."
        )


def _cluster(work: PreparationWork, section: Mapping[str, Any]) -> Cluster:
    node_type = str(section["node_type"])
    alternates = tuple(str(one["node_type"]) for one in section.get("alternate_node_types") or ())
    workers = _workers(work, section, node_type, alternates)
    return Cluster(
        node_type=node_type,
        workers=workers,
        alternates=alternates,
        spark_version=str(section["spark_version"]),
        volume_gib=_volume_gib(work, section, workers, (node_type, *alternates)),
        shuffle_partitions=shuffle_partitions(work.unpacked_bytes),
        spot=work.spare_capacity,
        instance_profile_arn=section.get("instance_profile_arn"),
        policy_id=section.get("policy_id"),
        packages=tuple(section.get("packages") or ()),
    )


def _workers(
    work: PreparationWork,
    section: Mapping[str, Any],
    node_type: str,
    alternates: tuple[str, ...],
) -> int:
    told = section.get("workers")
    sizes = [vcpus_of(one) for one in (node_type, *alternates)]
    known = [size for size in sizes if size is not None]
    if len(known) < len(sizes):
        unknown = (node_type, *alternates)[sizes.index(None)]
        raise _CannotError(
            f"How many vCPUs a {unknown} has is not known, so that prepare.max_vcpus cannot be "
            "kept. Name a node type with a size such as xlarge or 2xlarge."
        )
    largest = max(known)
    most = work.max_vcpus // largest - 1
    if most < (told or 1):
        needed = ((told or 1) + 1) * largest
        raise _CannotError(
            f"prepare.max_vcpus is {work.max_vcpus}: a driver and {counted(told or 1, 'worker')} "
            f"of {largest} vCPUs have {needed}. Set prepare.max_vcpus to {needed}, or name fewer "
            "workers or smaller nodes in prepare.databricks."
        )
    busy = rounded_up(cpu_hours(work.unpacked_bytes) * 60 / (min(known) * _BUSY_MINUTES))
    return int(told or max(1, min(most, busy)))


def _volume_gib(
    work: PreparationWork,
    section: Mapping[str, Any],
    workers: int,
    node_types: tuple[str, ...],
) -> int:
    told = section.get("ebs_volume_gib")
    if told:
        return int(told)
    if all(has_local_disks(one) for one in node_types):
        return 0
    needed = disk_gb(work.unpacked_bytes, workers, LEAST_VOLUME_GIB)
    if needed > MOST_VOLUME_GIB:
        more = rounded_up(Decimal(needed) * workers / MOST_VOLUME_GIB)
        raise _CannotError(
            f"What {size_of(work.unpacked_bytes)} become between the stages needs {needed:,} GB on "
            f"each of {counted(workers, 'worker')}, and a volume has at most {MOST_VOLUME_GIB:,}. "
            f"Set prepare.databricks.workers to {more} or more, and prepare.max_vcpus with it."
        )
    return needed


def _likely_usd(cluster: Cluster, hour: Hour, minutes: int) -> Decimal:
    """The driver is on demand; with Spot the workers' EC2 part is less, their DBUs are not."""
    worker = hour.with_ec2_at(_SPOT_SHARE) if cluster.spot else hour.usd
    return (hour.usd + cluster.workers * worker) * minutes / 60


def _basis(work: PreparationWork, cluster: Cluster, hour: Hour) -> str:
    return (
        f"{counted(cluster.nodes, 'node')} of {hour.node_type}, the driver included, each at "
        f"{hour.ec2_usd:.4f} USD an hour of EC2 on demand, {hour.dbus} DBUs at {hour.usd_per_dbu} "
        f"USD and {cluster.disk_gib} GiB of volumes, for {counted(work.max_minutes, 'minute')} and "
        f"{GRACE_MINUTES} of set-up and clean-up"
    )


def _reason(work: PreparationWork, cluster: Cluster, hour: Hour, vcpus: int) -> str:
    return (
        f"{size_of(work.unpacked_bytes)} need about {vcpu_time(work.unpacked_bytes)} of a "
        f"vCPU; {counted(vcpus, 'vCPU')} of workers share them, after about {_SET_UP_MINUTES} "
        f"minutes of set-up that are billed.{_spot_reason(hour) if cluster.spot else ''}"
    )


def _spot_reason(hour: Hour) -> str:
    spot = hour.with_ec2_at(_SPOT_SHARE)
    saved = round(100 * (1 - spot / hour.usd))
    return (
        f" Spot asks about {100 * (1 - _SPOT_SHARE):.0f} % less for EC2 and not a cent less for "
        f"DBUs: a worker costs about {saved} % less, {spot:.3f} USD an hour for {hour.usd:.3f}. "
        "Workers are on demand where there is no Spot capacity, so that the dollars are held and "
        "settled at the on-demand rate."
    )


def _unpriced(rates: ClusterRates) -> str:
    return (
        "A cluster of Databricks has no known price here, and what is not priced is not started: "
        f"{', '.join(rates.missing)} "
        f"{'is' if len(rates.missing) == 1 else 'are'} not set. No API says what your contract "
        "does; set it in run.yaml, or in the stack's parameters DatabricksUsdPerDbu and "
        "DatabricksNodeRates."
    )


def _too_slow(work: PreparationWork, cluster: Cluster, minutes: int) -> str:
    return (
        f"{counted(cluster.workers, 'worker')} of {cluster.node_type} take about "
        f"{duration_of(minutes)} for {size_of(work.unpacked_bytes)}, longer than the "
        f"{counted(work.max_minutes, 'minute')} of prepare.max_minutes, after which the run would "
        f"be stopped. Set prepare.max_minutes to {enough_minutes(minutes)}, or raise "
        "prepare.max_vcpus and prepare.databricks.workers."
    )


def _warnings(rates: ClusterRates) -> tuple[str, ...]:
    if not rates.ignored:
        return ()
    return (
        f"{', '.join(rates.ignored)}: the stack's own rates hold, and are others than those of "
        "run.yaml.",
    )
