"""What Application Auto Scaling may change of endpoints and inference components."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from thriftline.audit.aws.collectors.reading import Answer, Listed, list_all
from thriftline.audit.domain.facts import Fact, Unread
from thriftline.audit.domain.resources.endpoints import ScalableTarget

_NAMESPACE = "sagemaker"
_MOST_IDS = 50


def read_scaling(client: Any) -> Fact[Mapping[str, tuple[ScalableTarget, ...]]]:
    """Returns all of SageMaker's targets by resource id."""
    targets = list_all(
        client, "DescribeScalableTargets", "ScalableTargets", ServiceNamespace=_NAMESPACE
    )
    if targets.unread is not None:
        return targets.unread
    if not targets.rows:
        return {}
    policies = list_all(
        client, "DescribeScalingPolicies", "ScalingPolicies", ServiceNamespace=_NAMESPACE
    )
    by_resource: dict[str, list[ScalableTarget]] = defaultdict(list)
    for row in targets.rows:
        by_resource[row["ResourceId"]].append(_target(row, policies))
    return {resource: tuple(some) for resource, some in by_resource.items()}


def read_scaling_of(client: Any, resources: Sequence[str]) -> Fact[tuple[ScalableTarget, ...]]:
    """Returns the targets of some resources, each with its policies."""
    found: list[ScalableTarget] = []
    for start in range(0, len(resources), _MOST_IDS):
        targets = list_all(
            client,
            "DescribeScalableTargets",
            "ScalableTargets",
            ServiceNamespace=_NAMESPACE,
            ResourceIds=list(resources[start : start + _MOST_IDS]),
        )
        if targets.unread is not None:
            return targets.unread
        found += (_target(row, _policies_of(client, row)) for row in targets.rows)
    return tuple(found)


def targets_of(
    resources: Iterable[str],
    scaling: Fact[Mapping[str, tuple[ScalableTarget, ...]]],
) -> Fact[tuple[ScalableTarget, ...]]:
    """Returns the targets of some resources, out of all."""
    if isinstance(scaling, Unread):
        return scaling
    return tuple(target for one in resources for target in scaling.get(one, ()))


def _policies_of(client: Any, target: Answer) -> Listed:
    return list_all(
        client,
        "DescribeScalingPolicies",
        "ScalingPolicies",
        ServiceNamespace=_NAMESPACE,
        ResourceId=target["ResourceId"],
        ScalableDimension=target["ScalableDimension"],
    )


def _target(row: Answer, policies: Listed) -> ScalableTarget:
    identity = (row["ResourceId"], row["ScalableDimension"])
    return ScalableTarget(
        resource_id=row["ResourceId"],
        dimension=row["ScalableDimension"],
        minimum=row["MinCapacity"],
        maximum=row["MaxCapacity"],
        policies=policies.unread
        or tuple(
            json.dumps(policy, default=_iso, sort_keys=True)
            for policy in policies.rows
            if (policy["ResourceId"], policy["ScalableDimension"]) == identity
        ),
    )


def _iso(value: datetime) -> str:
    return value.isoformat()
