"""HyperPod clusters, listed and described."""

from typing import Any

from thriftline.audit.aws.collectors.reading import (
    Answer,
    Collected,
    attempt_existing,
    describe_all,
    list_all,
)
from thriftline.audit.aws.collectors.tags import read_sagemaker_tags
from thriftline.audit.domain.facts import Fact, ResourceKind, Tags
from thriftline.audit.domain.resources.hyperpod import HyperPodCluster, InstanceGroup
from thriftline.core.aws.target_clients import TargetClients

_PAGE = 100
_KIND = ResourceKind.HYPERPOD_CLUSTER


def collect_hyperpod_clusters(clients: TargetClients) -> Collected[HyperPodCluster]:
    """Returns all clusters, those of restricted instance groups too."""
    client = clients.client("sagemaker")
    listed = list_all(client, "ListClusters", "ClusterSummaries", MaxResults=_PAGE)
    created = {row["ClusterName"]: row["CreationTime"] for row in listed.rows}
    answers, lost = describe_all(_KIND, list(created), lambda name: _describe(client, name))
    found = (
        _cluster(answer, created, read_sagemaker_tags(client, answer["ClusterArn"]))
        for answer in answers
    )
    return Collected(tuple(found), (*listed.gap(_KIND), *lost))


def _describe(client: Any, name: str) -> Fact[Answer | None]:
    return attempt_existing("DescribeCluster", lambda: client.describe_cluster(ClusterName=name))


def _cluster(answer: Answer, created: Answer, tags: Fact[Tags]) -> HyperPodCluster:
    name = answer.get("ClusterName") or answer["ClusterArn"].rsplit("/", 1)[-1]
    groups = (
        *(answer.get("InstanceGroups") or ()),
        *(answer.get("RestrictedInstanceGroups") or ()),
    )
    return HyperPodCluster(
        name=name,
        arn=answer["ClusterArn"],
        status=answer["ClusterStatus"],
        groups=tuple(_group(one) for one in groups),
        created=answer.get("CreationTime") or created[name],
        tags=tags,
    )


def _group(answer: Answer) -> InstanceGroup:
    return InstanceGroup(
        name=answer.get("InstanceGroupName", ""),
        instance_type=answer.get("InstanceType"),
        count=answer.get("CurrentCount", 0),
        is_prepaid=bool(answer.get("TrainingPlanArn")),
    )
