"""Endpoints with their configs, inference components, scaling and tags."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from thriftline.audit.aws.collectors.reading import (
    Answer,
    Collected,
    attempt,
    in_threads,
    list_all,
    one_of,
)
from thriftline.audit.aws.collectors.scaling import read_scaling, read_scaling_of, targets_of
from thriftline.audit.aws.collectors.tags import read_bulk_tags, read_sagemaker_tags
from thriftline.audit.aws.endpoint_answers import component_of
from thriftline.audit.domain.facts import Fact, ResourceKind, Tags, Unread
from thriftline.audit.domain.resources.endpoints import (
    Endpoint,
    InferenceComponent,
    ManagedScaling,
    ScalableTarget,
    ServerlessConfig,
    Variant,
)
from thriftline.core.aws.clients import translated
from thriftline.core.aws.endpoints.answers import (
    describe_component,
    describe_endpoint,
    scaled_resources,
)
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.dataclass import dataclass

_PAGE = 100
_RESERVED_ONLY = "capacity-reservations-only"
_Components = Fact[tuple[InferenceComponent, ...]]


@dataclass(frozen=True, slots=True)
class _EndpointDetails:
    """What DescribeEndpoint does not tell of an endpoint."""

    config: Fact[Answer]
    components: _Components
    scaling: Fact[tuple[ScalableTarget, ...]]
    tags: Fact[Tags]


def read_endpoint(clients: TargetClients, name: str) -> Endpoint | None:
    """Returns one endpoint as it is now, None when there is none of this name.

    Every fact is asked of the service that keeps it, never of a service that hears of it later.

    Raises:
        ThrottledError, ServiceUnavailableError, AccessDeniedError, AwsRequestError: the endpoint
            itself could not be described. What else cannot be read is ``Unread`` in it.
    """
    client = clients.client("sagemaker")
    with translated(f"describing the endpoint {name}"):
        answer = describe_endpoint(client, name)
    if answer is None:
        return None
    components = _read_components(client, EndpointNameEquals=name)
    mine = components if isinstance(components, Unread) else components.get(name, ())
    return _endpoint(
        answer,
        _EndpointDetails(
            config=_config(client, answer.get("EndpointConfigName")),
            components=mine,
            scaling=read_scaling_of(
                clients.client("application-autoscaling"), _scaled(answer, mine)
            ),
            tags=read_sagemaker_tags(client, answer["EndpointArn"]),
        ),
    )


def collect_endpoints(clients: TargetClients) -> Collected[Endpoint]:
    """Returns all endpoints of the account and region."""
    client = clients.client("sagemaker")
    listed = list_all(client, "ListEndpoints", "Endpoints", MaxResults=_PAGE)
    names = [row["EndpointName"] for row in listed.rows]
    unread = list(listed.gap(ResourceKind.ENDPOINT))
    if not names:
        return Collected((), tuple(unread))
    answers: list[Answer] = []
    described = in_threads(
        lambda name: attempt("DescribeEndpoint", lambda: describe_endpoint(client, name)), names
    )
    for name, answer in zip(names, described, strict=True):
        if isinstance(answer, Unread):
            unread.append(one_of(ResourceKind.ENDPOINT, name, answer))
        elif answer is not None:
            answers.append(answer)
    return Collected(tuple(_with_rest(clients, answers)), tuple(unread))


def _with_rest(clients: TargetClients, answers: Sequence[Answer]) -> Iterable[Endpoint]:
    """Yields the endpoints with what is read of all of them at once."""
    client = clients.client("sagemaker")
    used = {answer.get("EndpointConfigName") for answer in answers}
    configs = dict(zip(used, in_threads(lambda one: _config(client, one), used), strict=True))
    components = _read_components(client)
    scaling = read_scaling(clients.client("application-autoscaling"))
    tags = read_bulk_tags(clients, "sagemaker:endpoint")
    for answer in answers:
        name = answer["EndpointName"]
        mine = components if isinstance(components, Unread) else components.get(name, ())
        yield _endpoint(
            answer,
            _EndpointDetails(
                config=configs[answer.get("EndpointConfigName")],
                components=mine,
                scaling=targets_of(_scaled(answer, mine), scaling),
                tags=tags.of(answer["EndpointArn"]),
            ),
        )


def _config(client: Any, name: str | None) -> Fact[Answer]:
    if name is None:
        return Unread("DescribeEndpoint", "AWS does not say which config it has.")
    return attempt(
        "DescribeEndpointConfig", lambda: client.describe_endpoint_config(EndpointConfigName=name)
    )


def _read_components(client: Any, **parameters: str) -> Fact[Mapping[str, _Components]]:
    """Returns the inference components by endpoint; one that cannot be read spoils its endpoint's.

    An endpoint whose components are known in part would look idle while a component works.
    """
    listed = list_all(
        client, "ListInferenceComponents", "InferenceComponents", MaxResults=_PAGE, **parameters
    )
    if listed.unread is not None:
        return listed.unread
    answers = in_threads(lambda row: _component(client, row["InferenceComponentName"]), listed.rows)
    by_endpoint: dict[str, _Components] = {}
    for row, answer in zip(listed.rows, answers, strict=True):
        name = row["EndpointName"]
        known = by_endpoint.get(name, ())
        if isinstance(answer, Unread):
            by_endpoint[name] = answer
        elif answer is not None and not isinstance(known, Unread):
            by_endpoint[name] = (*known, component_of(answer))
    return by_endpoint


def _component(client: Any, name: str) -> Fact[Answer | None]:
    return attempt("DescribeInferenceComponent", lambda: describe_component(client, name))


def _scaled(answer: Answer, components: _Components) -> list[str]:
    known = () if isinstance(components, Unread) else components
    return scaled_resources(answer, (one.name for one in known))


def _endpoint(answer: Answer, beside: _EndpointDetails) -> Endpoint:
    config = beside.config
    queue = answer.get("AsyncInferenceConfig")
    return Endpoint(
        name=answer["EndpointName"],
        arn=answer["EndpointArn"],
        status=answer["EndpointStatus"],
        created=answer["CreationTime"],
        last_modified=answer["LastModifiedTime"],
        config_name=answer.get("EndpointConfigName"),
        failure_reason=answer.get("FailureReason"),
        has_pending_deployment="PendingDeploymentSummary" in answer,
        variants=_variants(answer, config, "ProductionVariants"),
        shadow_variants=_variants(answer, config, "ShadowProductionVariants"),
        inference_components=beside.components,
        # Asynchronous even when it writes nowhere that is told.
        async_output_s3_uri=None
        if queue is None
        else queue.get("OutputConfig", {}).get("S3OutputPath", ""),
        scaling=beside.scaling,
        tags=beside.tags,
    )


def _variants(answer: Answer, config: Fact[Answer], member: str) -> tuple[Variant, ...]:
    return tuple(
        _variant(running, _configured(config, member, running["VariantName"]))
        for running in answer.get(member, ())
    )


def _configured(config: Fact[Answer], member: str, name: str) -> Fact[Answer]:
    """Returns what the config says of a variant."""
    if isinstance(config, Unread):
        return config
    for variant in config.get(member, ()):
        if variant["VariantName"] == name:
            found: Answer = variant
            return found
    said = f"{config.get('EndpointConfigName')} has no variant {name}."
    return Unread("DescribeEndpointConfig", said)


def _variant(running: Answer, configured: Fact[Answer]) -> Variant:
    unread = configured if isinstance(configured, Unread) else None
    known: Answer = {} if isinstance(configured, Unread) else configured
    return Variant(
        name=running["VariantName"],
        instance_type=unread or known.get("InstanceType"),
        instance_count=running.get("CurrentInstanceCount"),
        weight=running.get("CurrentWeight"),
        serverless=_serverless(running),
        managed_scaling=_managed(running.get("ManagedInstanceScaling") or {}),
        model=unread or known.get("ModelName"),
        statuses=tuple(one["Status"] for one in running.get("VariantStatus", ())),
        prepaid_instances=_prepaid(running),
    )


def _prepaid(running: Answer) -> int | None:
    """Returns how many instances a capacity reservation has paid for, None when nobody says."""
    reserved = running.get("CapacityReservationConfig") or {}
    if not reserved.get("MlReservationArn"):
        return 0
    used: int | None = reserved.get("UsedByCurrentEndpoint")
    if used is None and reserved.get("CapacityReservationPreference") == _RESERVED_ONLY:
        return running.get("CurrentInstanceCount")
    return used


def _serverless(running: Answer) -> ServerlessConfig | None:
    config = running.get("CurrentServerlessConfig") or running.get("DesiredServerlessConfig")
    if not config:
        return None
    return ServerlessConfig(
        memory_mb=config["MemorySizeInMB"],
        max_concurrency=config["MaxConcurrency"],
        provisioned_concurrency=config.get("ProvisionedConcurrency"),
    )


def _managed(scaling: Answer) -> ManagedScaling | None:
    if scaling.get("Status") != "ENABLED":
        return None
    # Whoever leaves a bound out gets SageMaker's default of one instance.
    return ManagedScaling(
        minimum=scaling.get("MinInstanceCount", 1), maximum=scaling.get("MaxInstanceCount", 1)
    )
