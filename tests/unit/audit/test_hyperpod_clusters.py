"""HyperPod clusters and Canvas sessions: found, costed as far as is known, never guessed."""

from typing import Any

from tests.unit.audit.accounts import days_ago, inventory
from tests.unit.audit.canned_aws import REGION, CannedClients, error
from thriftline.audit.aws.collectors.hyperpod_clusters import collect_hyperpod_clusters
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import Confidence
from thriftline.audit.domain.parameters import AuditParameters
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
