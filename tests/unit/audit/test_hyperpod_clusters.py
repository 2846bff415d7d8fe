"""HyperPod clusters and Canvas sessions: found, costed as far as is known, never guessed."""

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.audit.accounts import days_ago, inventory
from tests.unit.audit.canned_aws import REGION, CannedClients, error
from thriftline.audit.aws.collectors.hyperpod_clusters import collect_hyperpod_clusters
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import Confidence, Severity
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.resources.hyperpod import InstanceGroup
from thriftline.audit.domain.resources.notebooks import StudioApp
from thriftline.money.price_catalogue import price_catalogue

ARN = f"arn:aws:sagemaker:{REGION}:123456789012:cluster/abc"


def _clients(**answers: Any) -> CannedClients:
    summary = {
        "ClusterArn": ARN,
        "ClusterName": "research",
        "CreationTime": days_ago(40),
        "ClusterStatus": "InService",
    }
    described = {
        "ClusterArn": ARN,
        "ClusterName": "research",
        "ClusterStatus": "InService",
        "InstanceGroups": [
            {"InstanceGroupName": "gpu", "InstanceType": "ml.p5.48xlarge", "CurrentCount": 2},
            {
                "InstanceGroupName": "plan",
                "InstanceType": "ml.p5.48xlarge",
                "CurrentCount": 4,
                "TrainingPlanArn": "arn:plan",
            },
        ],
    }
    return CannedClients(
        {
            "ListClusters": [{"ClusterSummaries": [summary]}],
            "DescribeCluster": [described],
            "ListTags": [{"Tags": []}],
            **answers,
        }
    )


def test_a_cluster_is_listed_with_its_hours_and_without_dollars() -> None:
    found = collect_hyperpod_clusters(_clients())
    assert found.unread == ()
    said = audit(inventory(hyperpod_clusters=found.found), price_catalogue(), AuditParameters())
    (cost,) = [one for one in said.costs if one.kind is ResourceKind.HYPERPOD_CLUSTER]
    assert (cost.resource, cost.usd) == ("research", None)
    assert cost.basis.startswith("720.0 h of 2 ml.p5.48xlarge:")
    assert dict(said.overview.counts)[ResourceKind.HYPERPOD_CLUSTER] == 1


def _audited(**changes: Any) -> list[Any]:
    cluster = replace(collect_hyperpod_clusters(_clients()).found[0], **changes)
    rule = {"ml.sagemaker.hyperpod-cluster.standing"}
    found = inventory(hyperpod_clusters=(cluster,))
    return list(audit(found, price_catalogue(), AuditParameters(), rule).findings)


def test_a_cluster_that_stands_is_reported_without_dollars_that_nobody_knows() -> None:
    (finding,) = _audited()

    assert (finding.resource, finding.monthly_usd) == ("research", None)
    assert (finding.severity, finding.confidence) == (Severity.MEDIUM, Confidence.LOW)
    assert "has 2 x ml.p5.48xlarge for 40 days" in finding.summary
    signals = {one.name: one.value for one in finding.evidence.signals_used}
    # 2 instances at 63.296 USD for 730 hours; those of the training plan are paid for.
    assert signals["At training's rates"].startswith("92,412.16 USD a month")
    assert any("queue" in one for one in finding.evidence.signals_missing)


def test_a_broken_cluster_is_worse_and_a_rate_that_is_missing_is_said() -> None:
    groups = (InstanceGroup(name="a", instance_type="ml.p6-x.1xlarge", count=1, is_prepaid=False),)
    (finding,) = _audited(status="Failed", groups=groups)

    assert finding.severity is Severity.HIGH
    assert "It is Failed and holds 1 x ml.p6-x.1xlarge" in finding.summary
    assert "ml.p6-x.1xlarge has no rate there" in str(finding.evidence.signals_used)


@pytest.mark.parametrize(
    "changes",
    [
        {"created": days_ago(0)},
        {"groups": ()},
        {
            "groups": (
                InstanceGroup(name="a", instance_type="ml.p5.48xlarge", count=4, is_prepaid=True),
            )
        },
        {
            "groups": (
                InstanceGroup(name="a", instance_type="ml.p5.48xlarge", count=0, is_prepaid=False),
            )
        },
    ],
)
def test_a_young_an_empty_or_a_prepaid_cluster_is_left_alone(changes: dict[str, Any]) -> None:
    assert _audited(**changes) == []


def test_a_refused_list_of_clusters_is_unknown_and_not_empty() -> None:
    found = collect_hyperpod_clusters(_clients(ListClusters=[error("AccessDeniedException")]))
    (gap,) = found.unread
    assert (gap.kind, gap.resource) == (ResourceKind.HYPERPOD_CLUSTER, "*")


def test_a_canvas_session_without_a_user_is_found_and_has_no_price() -> None:
    session = StudioApp(
        domain_id="d-1",
        owner="ana",
        owner_is_space=False,
        app_type="Canvas",
        name="default",
        arn="arn:app",
        status="InService",
        instance_type="system",
        created=days_ago(40),
        last_user_activity=None,
        last_health_check=None,
        idle_timeout_minutes=None,
        tags=(("team", "search"),),
    )
    rule = {"ml.sagemaker.studio-app.idle"}
    said = audit(inventory(studio_apps=(session,)), price_catalogue(), AuditParameters(), rule)
    (finding,) = said.findings
    assert (finding.monthly_usd, finding.confidence) == (None, Confidence.LOW)
    assert "Canvas session" in finding.summary
    (cost,) = said.costs
    assert cost.usd is None
    assert "Canvas" in cost.basis
