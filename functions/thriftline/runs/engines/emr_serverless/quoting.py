"""What a preparation costs on EMR Serverless: billed by the second, worker by worker."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.core.wording import counted
from thriftline.money.prices import UnitRates
from thriftline.runs.domain.preparation import PreparationQuote, PreparationWork
from thriftline.runs.engines.emr_serverless.workers import (
    GB_PER_VCPU,
    MOST_DISK_GB,
    Workers,
    executors_for_disk,
    usd_per_hour,
    workers_for,
)
from thriftline.runs.engines.sentences import enough_minutes
from thriftline.runs.engines.sizing import (
    cpu_hours,
    duration_of,
    minutes_on,
    refusal,
    size_of,
    vcpu_time,
)

NAME = "emr_serverless"
QUOTA_CODE = "L-D05C8A75"
DEFAULT_QUOTA_VCPUS = 16
START_MINUTES = 2
# A worker that starts in the run's last seconds is billed a minute all the same.
_LAST_MINUTE = 1
_RATE_NAMES = {"vcpu": "vCPU", "memory_gb": "memory GB", "storage_gb": "storage GB"}


@dataclass(frozen=True)
class Terms:
    """What a quote needs to know of the stack and its account.

    ``quota`` answers None where the account's quota could not be read. ``has_packages`` is whether
    the stack brings Python packages to the workers.
    """

    region: str
    rates: Callable[[], UnitRates]
    application_vcpus: int
    quota: Callable[[], int | None]
    has_packages: bool


@dataclass(frozen=True)
class _Limit:
    """What says how many vCPUs there may be, and how there may be more."""

    vcpus: int
    says: str
    remedy: str


def quote(work: PreparationWork, terms: Terms) -> PreparationQuote:
    """Prices the largest set of workers that the run, the stack and the account allow."""
    rates = known_rates(terms.rates(), terms.region)
    if rates is None:
        return _cannot(
            f"EMR Serverless has no known prices in {terms.region}, and what is not priced is not "
            "started. `make prices` reads them from AWS; or name another engine in prepare.engine."
        )
    alone = refusal(work.largest_unsplittable_bytes)
    if alone is not None:
        return _cannot(alone)
    quota = terms.quota()
    limit = _limit(work, terms.application_vcpus, quota)
    workers = workers_for(limit.vcpus, work.unpacked_bytes)
    if workers is None:
        return _cannot(
            f"{limit.says}; a driver and an executor need a vCPU each at least. {limit.remedy}."
        )
    full = _disk_refusal(workers, work, limit)
    if full is not None:
        return _cannot(full)
    minutes = minutes_on(work.unpacked_bytes, workers.working_vcpus, START_MINUTES)
    if minutes > work.max_minutes:
        return _cannot(_too_slow(work, limit, minutes), minutes)
    return _quoted(work, workers, rates, minutes, _warnings(work, workers, quota, terms))


def _quoted(
    work: PreparationWork,
    workers: Workers,
    rates: Mapping[str, Decimal],
    minutes: int,
    warnings: tuple[str, ...],
) -> PreparationQuote:
    hourly = usd_per_hour(workers, rates)
    return PreparationQuote(
        NAME,
        likely_usd=_likely_usd(work, workers, rates, minutes),
        likely_minutes=minutes,
        worst_usd=hourly * (work.max_minutes + _LAST_MINUTE) / 60,
        basis=(
            f"{counted(workers.count, 'worker')} of {workers.vcpus} vCPU, {workers.memory_gb} GB "
            f"and {workers.disk_gb} GB of disk, the driver included, at {hourly:.4f} USD an hour "
            f"for {counted(work.max_minutes, 'minute')} and the minute that a worker is billed at "
            "the least"
        ),
        reason=_reason(work, workers),
        warnings=warnings,
        terms={
            **workers.to_terms(),
            "max_minutes": work.max_minutes,
            "unpacked_bytes": work.unpacked_bytes,
            "flex": work.spare_capacity,
            "rates": {name: str(usd) for name, usd in rates.items()},
        },
        usd_per_hour=hourly,
    )


def known_rates(rates: UnitRates, region: str) -> dict[str, Decimal] | None:
    """Returns the prices of an hour, None where one of them is not known."""
    found: dict[str, Decimal] = {}
    for name, listed in _RATE_NAMES.items():
        price = rates.rate(listed, region)
        if price is None:
            return None
        found[name] = price.usd
    return found


def _likely_usd(
    work: PreparationWork, workers: Workers, rates: Mapping[str, Decimal], minutes: int
) -> Decimal:
    """The driver stands all the time; executors come and go with the work."""
    per_vcpu = rates["vcpu"] + GB_PER_VCPU * rates["memory_gb"]
    hours = Decimal(minutes) / 60
    disk = workers.billed_disk_gb * rates["storage_gb"] * hours
    return per_vcpu * (cpu_hours(work.unpacked_bytes) + workers.vcpus * hours) + disk


def _limit(work: PreparationWork, application: int, quota: int | None) -> _Limit:
    limits = [
        _Limit(
            work.max_vcpus,
            f"prepare.max_vcpus is {work.max_vcpus}",
            "Raise prepare.max_vcpus",
        ),
        _Limit(
            application,
            f"The stack's parameter PreparationMaxVcpus is {application}",
            "Raise it in the stack",
        ),
    ]
    if quota is not None:
        limits.append(
            _Limit(
                quota,
                f"The account may use {counted(quota, 'vCPU')} of EMR Serverless at a time (quota "
                f"{QUOTA_CODE})",
                "Ask for more in Service Quotas (aws service-quotas "
                "request-service-quota-increase --service-code emr-serverless --quota-code "
                f"{QUOTA_CODE} --desired-value {max(work.max_vcpus, 2 * quota)})",
            )
        )
    return min(limits, key=lambda one: one.vcpus)


def _too_slow(work: PreparationWork, limit: _Limit, minutes: int) -> str:
    return (
        f"{limit.says}: {size_of(work.unpacked_bytes)} then take about {duration_of(minutes)}, "
        f"longer than the {counted(work.max_minutes, 'minute')} of prepare.max_minutes, after "
        f"which the run would be stopped. Set prepare.max_minutes to {enough_minutes(minutes)}, "
        f"or: {limit.remedy}."
    )


def _disk_refusal(workers: Workers, work: PreparationWork, limit: _Limit) -> str | None:
    if workers.disk_gb <= MOST_DISK_GB:
        return None
    needed = (executors_for_disk(work.unpacked_bytes) + 1) * workers.vcpus
    return (
        f"{limit.says}: {counted(workers.executors, 'executor')} of at most {MOST_DISK_GB} GB of "
        f"disk do not hold what {size_of(work.unpacked_bytes)} become between the stages. "
        f"{limit.remedy}, to {needed} vCPUs or more."
    )


def _reason(work: PreparationWork, workers: Workers) -> str:
    flex = (
        " Executors run on spare capacity (Flex), whose discount AWS does not publish: the dollars "
        "are held and settled at the standard rate, and the bill is lower."
        if work.spare_capacity
        else ""
    )
    return (
        f"{size_of(work.unpacked_bytes)} need about {vcpu_time(work.unpacked_bytes)} of a "
        f"vCPU; {counted(workers.working_vcpus, 'vCPU')} of executors share them, billed by the "
        f"second, and nothing stands before or after.{flex}"
    )


def _warnings(
    work: PreparationWork, workers: Workers, quota: int | None, terms: Terms
) -> tuple[str, ...]:
    said = []
    if quota is None and workers.all_vcpus > DEFAULT_QUOTA_VCPUS:
        said.append(
            f"The account's quota {QUOTA_CODE} could not be read. It is {DEFAULT_QUOTA_VCPUS} "
            f"vCPUs by default, with which the work takes about {_by_default(work)} and ends in a "
            "refusal for quota where more is asked for."
        )
    if not terms.has_packages:
        said.append(
            "The stack brings no Python packages to EMR Serverless; where the release has no "
            "numpy, pandas and pyarrow the program ends at once and says so. Set the stack's "
            "parameter PreparationArchive or PreparationImage."
        )
    return tuple(said)


def _by_default(work: PreparationWork) -> str:
    least = workers_for(DEFAULT_QUOTA_VCPUS, work.unpacked_bytes)
    vcpus = least.working_vcpus if least else 1
    return duration_of(minutes_on(work.unpacked_bytes, vcpus, START_MINUTES))


def _cannot(why: str, minutes: int | None = None) -> PreparationQuote:
    return PreparationQuote.refused(NAME, why, minutes)
