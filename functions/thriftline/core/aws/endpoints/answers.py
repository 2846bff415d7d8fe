"""What SageMaker answers about one endpoint: audits, actions, restores and schedules ask here."""

from collections.abc import Iterable, Mapping
from typing import Any

from thriftline.core.aws.missing import existing

Answer = Mapping[str, Any]


def describe_endpoint(client: Any, name: str) -> dict[str, Any] | None:
    """Returns DescribeEndpoint's answer, None when there is no such endpoint.

    Raises:
        ClientError: AWS did not say.
    """
    return existing(lambda: client.describe_endpoint(EndpointName=name))


def describe_component(client: Any, name: str) -> dict[str, Any] | None:
    """Returns DescribeInferenceComponent's answer, None when there is no such component.

    Raises:
        ClientError: AWS did not say.
    """
    return existing(lambda: client.describe_inference_component(InferenceComponentName=name))


def specifications(component: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns the specifications of a component: one, or one for each instance type."""
    several = component.get("Specifications") or []
    single = component.get("Specification")
    return [*several, *([single] if single else [])]


def model_names(config: Mapping[str, Any], components: Iterable[Answer]) -> tuple[str, ...]:
    """Returns the models that a config and components name, each once."""
    variants = (*config.get("ProductionVariants", ()), *config.get("ShadowProductionVariants", ()))
    names = [one.get("ModelName") for one in variants]
    for component in components:
        names += [one.get("ModelName") for one in specifications(component)]
    return tuple(dict.fromkeys(name for name in names if name))


def scaled_resources(endpoint: Answer, components: Iterable[str]) -> list[str]:
    """Returns the ids under which Application Auto Scaling may know parts of an endpoint."""
    variants = endpoint.get("ProductionVariants", ())
    return [
        *(variant_resource(endpoint["EndpointName"], one["VariantName"]) for one in variants),
        *(component_resource(name) for name in components),
    ]


def variant_resource(endpoint: str, variant: str) -> str:
    """Returns a variant's resource id in Application Auto Scaling."""
    return f"endpoint/{endpoint}/variant/{variant}"


def component_resource(component: str) -> str:
    """Returns an inference component's resource id in Application Auto Scaling."""
    return f"inference-component/{component}"
