"""Which metrics an audit must ask for, each of a resource by the name that AWS gave it.

No variant name is assumed: a metric asked under a name that does not exist answers nothing, and
nothing looks like an idle endpoint. The names are those of the documentation of SageMaker's and
Bedrock's CloudWatch metrics.
"""

from collections.abc import Iterator, Mapping

from thriftline.audit.domain.facts import Unread
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.metrics import HOUR, MetricKey, metric_key
from thriftline.audit.domain.resources.bedrock import MANTLE
from thriftline.audit.domain.resources.endpoints import Endpoint, Variant
from thriftline.audit.domain.use_signals import (
    BACKLOGS,
    COMPONENT,
    INVOCATIONS,
    backlog_metric,
    component_metric,
    signals_of_variants,
    variant_metric,
    waited_metric,
)

UTILISATION = "/aws/sagemaker/Endpoints"
BEDROCK = "AWS/Bedrock"
BEDROCK_MANTLE = "AWS/BedrockMantle"

# Microseconds.
LATENCY = "ModelLatency"
# Per cent, summed over the instance's GPUs or cores: 400 is four GPUs at work.
GPU = "GPUUtilization"
GPU_MEMORY = "GPUMemoryUtilization"
CPU = "CPUUtilization"
# Per cent of the instance's memory.
MEMORY = "MemoryUtilization"

BEDROCK_INVOCATIONS = "Invocations"
INPUT_TOKENS = "InputTokenCount"
OUTPUT_TOKENS = "OutputTokenCount"
CACHE_READ_TOKENS = "CacheReadInputTokenCount"
CACHE_WRITE_TOKENS = "CacheWriteInputTokenCount"
BEDROCK_METRICS = (
    BEDROCK_INVOCATIONS,
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    CACHE_READ_TOKENS,
    CACHE_WRITE_TOKENS,
)

# A client that only gets errors, or is throttled, calls all the same.
BEDROCK_FAILURES = ("InvocationClientErrors", "InvocationServerErrors", "InvocationThrottles")
MANTLE_INVOCATIONS = "Inferences"
MANTLE_METRICS = (MANTLE_INVOCATIONS, "InputTokens", "OutputTokens")
_BUSY = ((GPU, "Average"), (GPU_MEMORY, "Maximum"), (CPU, "Average"), (MEMORY, "Maximum"))


def metrics_needed(inventory: Inventory) -> tuple[MetricKey, ...]:
    """Returns every metric that the rules look at, for what the inventory holds.

    Daily ones are read over the inventory's window and to its ``now``, hourly ones over the last
    ``AuditParameters.idle_window_days``.
    """
    keys: dict[MetricKey, None] = {}
    for endpoint in inventory.endpoints:
        keys.update(dict.fromkeys(endpoint_metrics(endpoint)))
    for model in inventory.bedrock.models:
        keys.update(dict.fromkeys(bedrock_metrics(model.model_id)))
    for throughput in inventory.bedrock.provisioned_throughputs:
        keys.update(dict.fromkeys(bedrock_metrics(throughput.arn)))
        keys.update(dict.fromkeys(failure_metrics(throughput.arn)))
    for deployment in inventory.bedrock.deployments:
        keys.update(dict.fromkeys(bedrock_metrics(deployment.arn)))
        keys.update(dict.fromkeys(failure_metrics(deployment.arn)))
    for imported in inventory.bedrock.imported_models:
        keys.update(dict.fromkeys(bedrock_metrics(imported.arn)))
        keys.update(dict.fromkeys(failure_metrics(imported.arn)))
    return tuple(keys)


def endpoint_metrics(endpoint: Endpoint) -> Iterator[MetricKey]:
    """Yields the metrics of an endpoint; one that cannot answer has none worth asking."""
    if not endpoint.may_answer:
        return
    yield from request_metrics(endpoint)
    requests = signals_of_variants(endpoint).requests
    for variant in endpoint.variants:
        yield variant_metric(endpoint.name, variant.name, requests, period_seconds=HOUR)
        yield variant_metric(endpoint.name, variant.name, LATENCY, "Average")
        if _may_have_instances(variant):
            yield from (utilisation_metric(endpoint.name, variant.name, *one) for one in _BUSY)
    if not isinstance(endpoint.inference_components, Unread):
        for component in endpoint.inference_components:
            yield component_metric(component.name, INVOCATIONS, period_seconds=HOUR)


def request_metrics(endpoint: Endpoint) -> Iterator[MetricKey]:
    """Yields what tells whether anybody used the endpoint: all that the idle rule asks."""
    signals = signals_of_variants(endpoint)
    for variant in (*endpoint.variants, *endpoint.shadow_variants):
        yield from (variant_metric(endpoint.name, variant.name, one) for one in signals.counts())
        if signals.waited is not None:
            yield waited_metric(endpoint.name, variant.name)
    if not isinstance(endpoint.inference_components, Unread):
        for component in endpoint.inference_components:
            yield from (component_metric(component.name, one) for one in COMPONENT.counts())
    if endpoint.is_asynchronous:
        yield from (backlog_metric(endpoint.name, one) for one in BACKLOGS)


def utilisation_metric(endpoint: str, variant: str, name: str, stat: str) -> MetricKey:
    """Returns the key of how busy a variant's instances were, by day."""
    return metric_key(UTILISATION, name, {"EndpointName": endpoint, "VariantName": variant}, stat)


def bedrock_metric(model_id: str, name: str) -> MetricKey:
    """Returns the key of one model's metric; ``model_id`` may be an ARN."""
    if model_id.startswith(MANTLE):
        return metric_key(BEDROCK_MANTLE, name, _mantle_dimensions(model_id))
    return metric_key(BEDROCK, name, {"ModelId": model_id})


def bedrock_metrics(model_id: str) -> Iterator[MetricKey]:
    """Yields what a model was asked, and in how many tokens."""
    names = MANTLE_METRICS if model_id.startswith(MANTLE) else BEDROCK_METRICS
    return (bedrock_metric(model_id, name) for name in names)


def failure_metrics(model_id: str) -> Iterator[MetricKey]:
    """Yields what counts calls of a model that were not answered."""
    return (bedrock_metric(model_id, name) for name in BEDROCK_FAILURES)


def mantle_model(dimensions: Mapping[str, str]) -> str | None:
    """Returns the name here of a model with these dimensions of bedrock-mantle, None for others.

    The endpoint publishes every call at four levels: of the account, a project, a model, and a
    model in a project. The last is the finest; the sum of the others is the same calls again.
    """
    if dimensions.keys() != {"Model", "Project"}:
        return None
    return f"{MANTLE}{dimensions['Project']}/{dimensions['Model']}"


def _mantle_dimensions(model_id: str) -> dict[str, str]:
    project, _, model = model_id.removeprefix(MANTLE).partition("/")
    return {"Model": model, "Project": project}


def _may_have_instances(variant: Variant) -> bool:
    return variant.serverless is None
