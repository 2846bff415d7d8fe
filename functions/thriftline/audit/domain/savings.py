"""Savings summed finding by finding, never stacked on one resource, and the order to act in."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import Confidence, Effort, Finding, Severity
from thriftline.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Savings:
    """What can be saved a month.

    ``sure_usd`` counts findings of medium and high confidence; ``possible_usd`` is what
    candidates of low confidence would add. ``counted`` are the ids that are in one of the sums:
    of findings that draw on the same money only the best one is. ``unpriced`` says how many
    findings have no dollars: they are not zero.
    """

    sure_usd: Decimal
    possible_usd: Decimal
    counted: frozenset[str]
    unpriced: int


class Bucket(StrEnum):
    """When to do it."""

    NOW = "now"
    THIS_WEEK = "this week"
    THIS_MONTH = "this month"
    QUARTER = "quarter"


# What idles without a price and matters much, a GPU notebook or model units, costs about this.
_LIKELY_USD = Decimal(1000)


def is_likely_large(finding: Finding) -> bool:
    """Whether a saving without dollars is likely a large one."""
    is_waste = finding.resource_type is not ResourceKind.COST
    return is_waste and finding.monthly_usd is None and finding.severity is Severity.HIGH


def by_saving(finding: Finding) -> tuple[Decimal, int, str]:
    """Is the key that puts the largest saving first, and what is small and without dollars last.

    What has no price and is likely large stands among the large ones, or nobody would see it.
    """
    usd = _LIKELY_USD if is_likely_large(finding) else finding.monthly_usd
    return (Decimal(1) if usd is None else -usd, -finding.severity, finding.id)


def savings_of(findings: Sequence[Finding]) -> Savings:
    """Returns the sums; the surest come first, and among them the largest."""
    taken: set[str] = set()
    counted: set[str] = set()
    sums = {True: Decimal(0), False: Decimal(0)}
    for finding in sorted(findings, key=_best_first):
        if not finding.monthly_usd or finding.monthly_usd < 0:
            continue
        key = {f"{finding.account}|{finding.region}|{one}" for one in finding.pools}
        if taken.isdisjoint(key):
            taken |= key
            counted.add(finding.id)
            sums[is_sure(finding)] += finding.monthly_usd
    unpriced = sum(finding.monthly_usd is None for finding in findings)
    return Savings(sums[True], sums[False], frozenset(counted), unpriced)


def is_sure(finding: Finding) -> bool:
    """Whether its dollars are in the sure sum."""
    return finding.confidence > Confidence.LOW


def _best_first(finding: Finding) -> tuple[bool, Decimal, str]:
    return (not is_sure(finding), -(finding.monthly_usd or Decimal(0)), finding.id)


def bucket_of(finding: Finding) -> Bucket:
    """Returns when to do a finding, from how much it matters and how much work it is."""
    if finding.effort is Effort.CALL:
        if finding.severity is Severity.HIGH:
            return Bucket.NOW
        return Bucket.THIS_WEEK if finding.severity is Severity.MEDIUM else Bucket.THIS_MONTH
    if finding.effort is Effort.DEPLOYMENT and finding.severity >= Severity.MEDIUM:
        return Bucket.THIS_WEEK if finding.severity is Severity.HIGH else Bucket.THIS_MONTH
    return Bucket.THIS_MONTH if finding.severity is Severity.HIGH else Bucket.QUARTER


def roadmap(findings: Sequence[Finding]) -> dict[Bucket, tuple[Finding, ...]]:
    """Returns the findings of each bucket, in the order in which they came."""
    return {
        bucket: tuple(finding for finding in findings if bucket_of(finding) is bucket)
        for bucket in Bucket
    }
