"""MLflow tracking servers are found, described, costed as far as is known, and never guessed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.unit.audit.accounts import days_ago, inventory
from tests.unit.audit.canned_aws import REGION, CannedClients, error
from thriftline.audit.aws.collectors.mlflow_servers import collect_mlflow_servers
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.facts import ResourceKind, Unread
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.audit.domain.resources.mlflow import MlflowServer
from thriftline.money.price_catalogue import price_catalogue

ARN = f"arn:aws:sagemaker:{REGION}:123456789012:mlflow-tracking-server"


def _described(request: Mapping[str, Any]) -> dict[str, Any]:
    name = request["TrackingServerName"]
    return {
        "TrackingServerName": name,
        "TrackingServerArn": f"{ARN}/{name}",
        "TrackingServerStatus": "Created",
        "IsActive": "Inactive" if name == "stopped" else "Active",
        "TrackingServerSize": "Small",
        "ArtifactStoreUri": "s3://experiments/mlflow",
        "CreationTime": days_ago(40),
        "LastModifiedTime": days_ago(40),
    }


def _clients(**answers: Any) -> CannedClients:
    first = {"TrackingServerSummaries": [{"TrackingServerName": "team"}], "NextToken": "2"}
    second = {"TrackingServerSummaries": [{"TrackingServerName": "stopped"}]}
    return CannedClients(
        {
            "ListMlflowTrackingServers": [first, second],
            "DescribeMlflowTrackingServer": _described,
            "ListTags": [{"Tags": [{"Key": "team", "Value": "search"}]}],
            **answers,
        }
    )


def test_all_pages_are_read_and_each_server_is_described() -> None:
    found = collect_mlflow_servers(_clients())
    assert found.unread == ()
    assert [(one.name, one.is_active, one.size) for one in found.found] == [
        ("team", True, "Small"),
        ("stopped", False, "Small"),
    ]
    assert found.found[0].tags == (("team", "search"),)
    assert found.found[0].artifact_s3_uri == "s3://experiments/mlflow"


def test_a_refused_list_is_unknown_and_not_empty() -> None:
    denied = error("AccessDeniedException")
    found = collect_mlflow_servers(_clients(ListMlflowTrackingServers=[denied]))
    (gap,) = found.unread
    assert (gap.kind, gap.resource) == (ResourceKind.MLFLOW_SERVER, "*")


def test_unread_tags_do_not_lose_the_server() -> None:
    found = collect_mlflow_servers(_clients(ListTags=[error("AccessDeniedException")]))
    assert isinstance(found.found[0].tags, Unread)


def _server(**facts: Any) -> MlflowServer:
    server = MlflowServer(
        name="team",
        arn=f"{ARN}/team",
        status="Created",
        is_active=True,
        size="Small",
        artifact_s3_uri="s3://experiments/mlflow",
        created=days_ago(40),
        last_modified=days_ago(40),
        tags=(),
    )
    return replace(server, **facts)


def test_one_that_runs_has_hours_but_no_dollars_and_counts() -> None:
    stopped = _server(name="stopped", is_active=False)
    said = audit(
        inventory(mlflow_servers=(_server(), stopped)), price_catalogue(), AuditParameters()
    )
    (cost,) = [one for one in said.costs if one.kind is ResourceKind.MLFLOW_SERVER]
    assert (cost.resource, cost.usd) == ("team", None)
    assert cost.basis.startswith("720.0 h of size Small")
    assert dict(said.overview.counts)[ResourceKind.MLFLOW_SERVER] == 2
    untagged = [one for one in said.findings if one.rule == "ml.tags.missing"]
    assert [one.resource_type for one in untagged] == [ResourceKind.MLFLOW_SERVER]
