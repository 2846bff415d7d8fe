"""MLflow tracking servers, listed and described."""

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
from thriftline.audit.domain.resources.mlflow import MlflowServer
from thriftline.core.aws.target_clients import TargetClients

_PAGE = 100
_KIND = ResourceKind.MLFLOW_SERVER


def collect_mlflow_servers(clients: TargetClients) -> Collected[MlflowServer]:
    """Returns all tracking servers, those that are stopped too."""
    client = clients.client("sagemaker")
    listed = list_all(
        client, "ListMlflowTrackingServers", "TrackingServerSummaries", MaxResults=_PAGE
    )
    names = [row["TrackingServerName"] for row in listed.rows]
    answers, lost = describe_all(_KIND, names, lambda name: _describe(client, name))
    found = (
        _server(answer, read_sagemaker_tags(client, answer["TrackingServerArn"]))
        for answer in answers
    )
    return Collected(tuple(found), (*listed.gap(_KIND), *lost))


def _describe(client: Any, name: str) -> Fact[Answer | None]:
    return attempt_existing(
        "DescribeMlflowTrackingServer",
        lambda: client.describe_mlflow_tracking_server(TrackingServerName=name),
    )


def _server(answer: Answer, tags: Fact[Tags]) -> MlflowServer:
    return MlflowServer(
        name=answer["TrackingServerName"],
        arn=answer["TrackingServerArn"],
        status=answer["TrackingServerStatus"],
        is_active=answer.get("IsActive") == "Active",
        size=answer.get("TrackingServerSize", "unknown"),
        artifact_s3_uri=answer.get("ArtifactStoreUri", ""),
        created=answer["CreationTime"],
        last_modified=answer["LastModifiedTime"],
        tags=tags,
    )
