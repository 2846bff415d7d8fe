"""A rule on clusters that stand: they are billed by the hour, whether anything runs or not."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import (
    ApiCall,
    Change,
    Confidence,
    Effort,
    Severity,
    Signal,
)
from thriftline.audit.domain.resources.hyperpod import HyperPodCluster, InstanceGroup
from thriftline.audit.domain.rules.rule import Observation, Rule, Subject

_HOURS_PER_MONTH = 730
_UNDO = "None: a cluster is made anew, with its groups and lifecycle scripts."
_CHANGE = (
    "Look at its queue (Slurm: squeue; EKS: the pods). Where nothing needs it, take its groups to "
    "0 instances (UpdateCluster), or delete it (DeleteCluster). A fine-tuning that ends by itself "
    "is a training job."
)


def _standing(subject: Subject) -> Iterator[Observation]:
    youngest = timedelta(days=subject.parameters.cluster_min_age_days)
    for cluster in subject.inventory.hyperpod_clusters:
        billed = [one for one in cluster.groups if one.count and not one.is_prepaid]
        if billed and subject.inventory.now - cluster.created >= youngest:
            yield _observation(cluster, billed, subject)


def _observation(
    cluster: HyperPodCluster, billed: list[InstanceGroup], subject: Subject
) -> Observation:
    days = (subject.inventory.now - cluster.created).days
    sizes = ", ".join(f"{one.count} x {one.instance_type or 'mixed types'}" for one in billed)
    broken = cluster.status in ("Failed", "RollingBack")
    state = f"is {cluster.status} and" if broken else "has"
    return Observation(
        resource=cluster.name,
        summary=f"It {state} {'holds ' if broken else ''}{sizes} for {days} days, which are billed "
        "by the hour whether anything runs on them or not.",
        used=(
            Signal("ClusterStatus", cluster.status),
            Signal("CurrentCount", sizes),
            Signal("CreationTime", f"{cluster.created:%Y-%m-%d %H:%M} UTC"),
            Signal("At training's rates", _at_training_rates(billed, subject)),
        ),
        missing=(
            "Whether anything runs on it: its queue is not visible to AWS's API.",
            "What HyperPod's hours cost: they are not in the price list.",
        ),
        confidence=Confidence.LOW,
        monthly_usd=None,
        severity=Severity.HIGH if broken else None,
        change=Change(
            _CHANGE,
            (ApiCall("sagemaker", "DeleteCluster", {"ClusterName": cluster.name}),),
            _UNDO,
        ),
    )


def _at_training_rates(billed: list[InstanceGroup], subject: Subject) -> str:
    """Says what the same instances would cost a training job in a month; no figure of a sum."""
    total = Decimal(0)
    for group in billed:
        region = subject.inventory.region
        rate = subject.prices.training_rate(group.instance_type or "", region)
        if rate is None:
            return f"not known: {group.instance_type or 'mixed types'} has no rate there"
        total += rate.usd * group.count * _HOURS_PER_MONTH
    return f"{total:,.2f} USD a month, were they a training job's"


RULES = (
    Rule(
        id="ml.sagemaker.hyperpod-cluster.standing",
        title="HyperPod cluster that stands",
        resource_type=ResourceKind.HYPERPOD_CLUSTER,
        severity=Severity.MEDIUM,
        effort=Effort.PROJECT,
        rationale="A cluster's instances are billed for as long as it exists. Single fine-tunings "
        "run as training jobs, which end by themselves.",
        how="A cluster is at least `cluster_min_age_days` old and has instances that no training "
        "plan has paid for. Its dollars are not claimed, since HyperPod's hours are not in the "
        "price list; what training's rate would be stands beside it.",
        evidence="ListClusters, DescribeCluster: ClusterStatus, CurrentCount, TrainingPlanArn.",
        change=_CHANGE,
        undo=_UNDO,
        thresholds=("cluster_min_age_days",),
        needs=frozenset({ResourceKind.HYPERPOD_CLUSTER}),
        look=_standing,
    ),
)
