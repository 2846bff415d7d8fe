"""What SageMaker answers about one endpoint: the audit, an action and a restore all ask here."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from thriftline.audit.aws.collectors.reading import Answer, existing
from thriftline.audit.aws.collectors.scaling import component_resource, variant_resource
from thriftline.audit.domain.resources.endpoints import InferenceComponent
from thriftline.core.aws.s3_uris import s3_uris


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


def component_of(answer: Answer) -> InferenceComponent:
    """Returns the component that an answer, or a saved one with times as text, describes."""
    models = (one.get("ModelName") for one in specifications(answer))
    return InferenceComponent(
        name=answer["InferenceComponentName"],
        variant=answer.get("VariantName", ""),
        status=answer.get("InferenceComponentStatus", ""),
        copies=answer.get("RuntimeConfig", {}).get("CurrentCopyCount"),
        models=tuple(dict.fromkeys(name for name in models if name)),
        artifact_s3_uris=tuple(sorted(set(s3_uris(answer)))),
        created=_time(answer["CreationTime"]),
        last_modified=_time(answer["LastModifiedTime"]),
    )


def _time(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


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
