"""Reads all that it takes to make an endpoint again, as it is at this moment."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from thriftline.core.aws.clients import translated
from thriftline.core.aws.endpoints.answers import (
    describe_component,
    describe_endpoint,
    model_names,
    scaled_resources,
)
from thriftline.core.aws.endpoints.scaling import read_targets
from thriftline.core.aws.missing import existing
from thriftline.core.aws.requests import plain
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import AwsRequestError
from thriftline.core.saved_endpoint import SavedEndpoint, SavedResource, component_name


@dataclass(frozen=True, slots=True)
class CopyOrder:
    """Whose endpoint is copied, for which action.

    ``allow_missing`` lets config and models be gone: then the copy cannot bring it back, which
    is no loss for an endpoint that failed.
    """

    account: str
    region: str
    role_arn: str | None
    mark_tag: str
    audit_id: str
    reason: str
    now: datetime
    allow_missing: bool


def read_copy(clients: TargetClients, name: str, order: CopyOrder) -> SavedEndpoint:
    """Returns the copy of a living endpoint.

    Raises:
        ThriftlineError: anything that belongs to it could not be read; then it must not be
            deleted. AwsRequestError when endpoint, config or a model is not there.
    """
    with translated(f"reading the endpoint {name} to save it"):
        client = clients.client("sagemaker")
        endpoint = live_endpoint(clients, name)
        if endpoint is None:
            raise AwsRequestError(f"The endpoint {name} is gone.")
        components = read_components(clients, name)
        config, models = _definition(client, endpoint, components, order)
        scaled = scaled_resources(endpoint, map(component_name, components))
        return SavedEndpoint(
            account=order.account,
            region=order.region,
            role_arn=order.role_arn,
            mark_tag=order.mark_tag,
            name=name,
            created=endpoint["CreationTime"].astimezone(UTC),
            saved_at=order.now,
            audit_id=order.audit_id,
            reason=order.reason,
            endpoint=_resource(client, endpoint, "EndpointArn"),
            config=config,
            models=models,
            components=components,
            targets=read_targets(clients, scaled),
        )


def live_endpoint(clients: TargetClients, name: str) -> dict[str, Any] | None:
    """Returns DescribeEndpoint's answer, None when there is no such endpoint.

    Raises:
        ThriftlineError: AWS did not say.
    """
    with translated(f"describing the endpoint {name}"):
        return describe_endpoint(clients.client("sagemaker"), name)


def found(call: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
    """Returns what a Describe call answers, None when what it asks about is not there.

    Raises:
        ThriftlineError: AWS did not say.
    """
    with translated("describing a resource"):
        return existing(call)


def read_components(clients: TargetClients, endpoint: str) -> tuple[SavedResource, ...]:
    """Returns the inference components that an endpoint has now, those being deleted too."""
    client = clients.client("sagemaker")
    saved = []
    with translated(f"reading the inference components of {endpoint}"):
        pages = client.get_paginator("list_inference_components")
        for page in pages.paginate(EndpointNameEquals=endpoint):
            for row in page["InferenceComponents"]:
                name = row["InferenceComponentName"]
                answer = describe_component(client, name)
                if answer is not None:
                    saved.append(_resource(client, answer, "InferenceComponentArn"))
    return tuple(saved)


def read_tags(client: Any, arn: str) -> dict[str, str]:
    """Returns the tags of a SageMaker resource."""
    with translated(f"reading the tags of {arn}"):
        pages = client.get_paginator("list_tags").paginate(ResourceArn=arn)
        return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


def set_tag(clients: TargetClients, arn: str, key: str, value: str | None) -> None:
    """Sets a tag of a SageMaker resource; None takes it away."""
    client = clients.client("sagemaker")
    with translated(f"tagging {arn}"):
        if value is None:
            client.delete_tags(ResourceArn=arn, TagKeys=[key])
        else:
            client.add_tags(ResourceArn=arn, Tags=[{"Key": key, "Value": value}])


def _resource(client: Any, answer: dict[str, Any], arn: str) -> SavedResource:
    return SavedResource(description=plain(answer), tags=read_tags(client, answer[arn]))


def _definition(
    client: Any,
    endpoint: dict[str, Any],
    components: Iterable[SavedResource],
    order: CopyOrder,
) -> tuple[SavedResource | None, tuple[SavedResource, ...]]:
    name = endpoint.get("EndpointConfigName", "")
    config = found(lambda: client.describe_endpoint_config(EndpointConfigName=name))
    if config is None:
        _refuse(f"its config {name}", order)
    models = []
    for model in model_names(config or {}, (one.description for one in components)):
        answer = _model(client, model)
        if answer is None:
            _refuse(f"its model {model}", order)
        else:
            models.append(_resource(client, answer, "ModelArn"))
    saved = None if config is None else _resource(client, config, "EndpointConfigArn")
    return saved, tuple(models)


def _model(client: Any, name: str) -> dict[str, Any] | None:
    return found(lambda: client.describe_model(ModelName=name))


def _refuse(what: str, order: CopyOrder) -> None:
    if not order.allow_missing:
        raise AwsRequestError(f"It could not be restored: {what} was deleted.")
