"""What Bedrock keeps, and which models CloudWatch has seen in use."""

from collections.abc import Callable
from typing import Any, TypeVar

from thriftline.audit.aws.collectors.reading import Answer, Collected, in_threads, list_all
from thriftline.audit.aws.collectors.tags import read_bedrock_tags
from thriftline.audit.domain.facts import Fact, ResourceKind, Tags
from thriftline.audit.domain.questions import (
    BEDROCK,
    BEDROCK_INVOCATIONS,
    BEDROCK_MANTLE,
    MANTLE_INVOCATIONS,
    mantle_model,
)
from thriftline.audit.domain.resources.bedrock import (
    BedrockModelUse,
    CustomModel,
    CustomModelDeployment,
    ImportedModel,
    InferenceProfile,
    ProvisionedThroughput,
)
from thriftline.core.aws.target_clients import TargetClients
from thriftline.money.bedrock_names import foundation_model

T = TypeVar("T")
_PAGE = 1000
_DIMENSION = "ModelId"


def collect_model_use(clients: TargetClients) -> Collected[BedrockModelUse]:
    """Returns the models that CloudWatch lists: those with data in the last two weeks.

    Both endpoints of Bedrock are asked: each reports in a namespace of its own.
    """
    client = clients.client("cloudwatch")
    runtime = list_all(
        client, "ListMetrics", "Metrics", Namespace=BEDROCK, MetricName=BEDROCK_INVOCATIONS
    )
    mantle = list_all(
        client, "ListMetrics", "Metrics", Namespace=BEDROCK_MANTLE, MetricName=MANTLE_INVOCATIONS
    )
    # Series with further dimensions tell parts of the same use.
    models = {
        row["Dimensions"][0]["Value"]
        for row in runtime.rows
        if [one["Name"] for one in row["Dimensions"]] == [_DIMENSION]
    }
    for row in mantle.rows:
        name = mantle_model({one["Name"]: one["Value"] for one in row["Dimensions"]})
        models |= {name} if name else set()
    kind = ResourceKind.BEDROCK_MODEL
    return Collected(
        tuple(BedrockModelUse(model_id=model) for model in sorted(models)),
        (*runtime.gap(kind), *mantle.gap(kind)),
    )


def collect_provisioned_throughputs(clients: TargetClients) -> Collected[ProvisionedThroughput]:
    """Returns the model units that are paid by the hour."""
    return _collect(
        clients,
        ResourceKind.PROVISIONED_THROUGHPUT,
        ("ListProvisionedModelThroughputs", "provisionedModelSummaries"),
        "provisionedModelArn",
        _throughput,
    )


def collect_custom_models(clients: TargetClients) -> Collected[CustomModel]:
    """Returns the account's own custom models."""
    return _collect(
        clients,
        ResourceKind.CUSTOM_MODEL,
        ("ListCustomModels", "modelSummaries"),
        "modelArn",
        _custom_model,
        isOwned=True,
    )


def collect_imported_models(clients: TargetClients) -> Collected[ImportedModel]:
    """Returns the imported models."""
    return _collect(
        clients,
        ResourceKind.IMPORTED_MODEL,
        ("ListImportedModels", "modelSummaries"),
        "modelArn",
        _imported_model,
    )


def collect_deployments(clients: TargetClients) -> Collected[CustomModelDeployment]:
    """Returns the on-demand deployments of custom models."""
    return _collect(
        clients,
        ResourceKind.CUSTOM_MODEL_DEPLOYMENT,
        ("ListCustomModelDeployments", "modelDeploymentSummaries"),
        "customModelDeploymentArn",
        _deployment,
    )


def collect_profiles(clients: TargetClients) -> Collected[InferenceProfile]:
    """Returns the account's own inference profiles; those of AWS say in their id what they are."""
    listed = list_all(
        clients.client("bedrock"),
        "ListInferenceProfiles",
        "inferenceProfileSummaries",
        maxResults=_PAGE,
        typeEquals="APPLICATION",
    )
    return Collected(
        tuple(_profile(row) for row in listed.rows),
        listed.gap(ResourceKind.INFERENCE_PROFILE),
    )


def _collect(
    clients: TargetClients,
    kind: ResourceKind,
    call: tuple[str, str],
    arn: str,
    make: Callable[[Answer, Fact[Tags]], T],
    **parameters: Any,
) -> Collected[T]:
    """Returns a list's rows with their tags, which Bedrock tells one by one."""
    client = clients.client("bedrock")
    listed = list_all(client, *call, maxResults=_PAGE, **parameters)
    tags = in_threads(lambda row: read_bedrock_tags(client, row[arn]), listed.rows)
    found = (make(row, own) for row, own in zip(listed.rows, tags, strict=True))
    return Collected(tuple(found), listed.gap(kind))


def _throughput(row: Answer, tags: Fact[Tags]) -> ProvisionedThroughput:
    return ProvisionedThroughput(
        name=row["provisionedModelName"],
        arn=row["provisionedModelArn"],
        model_arn=row["modelArn"],
        base_model=foundation_model(row.get("foundationModelArn") or row["modelArn"]),
        units=row["modelUnits"],
        status=row["status"],
        commitment=row.get("commitmentDuration"),
        commitment_end=row.get("commitmentExpirationTime"),
        created=row["creationTime"],
        last_modified=row["lastModifiedTime"],
        tags=tags,
    )


def _custom_model(row: Answer, tags: Fact[Tags]) -> CustomModel:
    return CustomModel(
        name=row["modelName"],
        arn=row["modelArn"],
        base_model=foundation_model(row.get("baseModelArn", "")) or None,
        created=row["creationTime"],
        tags=tags,
    )


def _imported_model(row: Answer, tags: Fact[Tags]) -> ImportedModel:
    return ImportedModel(
        name=row["modelName"], arn=row["modelArn"], created=row["creationTime"], tags=tags
    )


def _profile(row: Answer) -> InferenceProfile:
    return InferenceProfile(
        name=row["inferenceProfileName"],
        arn=row["inferenceProfileArn"],
        model_arns=tuple(one["modelArn"] for one in row["models"] if one.get("modelArn")),
    )


def _deployment(row: Answer, tags: Fact[Tags]) -> CustomModelDeployment:
    return CustomModelDeployment(
        name=row["customModelDeploymentName"],
        arn=row["customModelDeploymentArn"],
        model_arn=row["modelArn"],
        status=row["status"],
        created=row["createdAt"],
        tags=tags,
    )
