"""What SageMaker is asked for: models, endpoint configs and components, as plain requests."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.serving.domain.kinds import MAIN_VARIANT, Kind, ServingWish
from thriftline.serving.domain.names import config_name, digest, model_name, target_model

# Between container and callers; both kinds of document are read as they are, not in base64.
_JSON_TYPES = ("application/json", "application/jsonlines")
# A model of some hundred megabytes and a container that loads it; SageMaker's own limits are less.
_DOWNLOAD_SECONDS = 1_200
_STARTUP_SECONDS = 600
# The image's program takes bodies of a real-time call unless it is told that larger ones come.
_LARGE_BODIES = {"THRIFTLINE_MAX_BODY_MB": "1024"}


@dataclass(frozen=True)
class Places:
    """Where an endpoint reads and writes. ``topic`` None: no message for asynchronous answers."""

    role_arn: str
    artifacts_bucket: str
    endpoint: str
    topic: str | None = None
    capture_prefix: str = "capture"
    capture_kms_key: str | None = None


@dataclass(frozen=True)
class Version:
    """A registered version: what is served."""

    project: str
    number: int
    image: str
    artifact_uri: str


@dataclass(frozen=True)
class Target:
    """Everything that a deployment makes, and by what it is known that it serves.

    ``config`` and ``model`` are requests without tags. Of a component endpoint the config holds no
    model; ``specification`` is the component's. ``target_model`` is the object that the callers of
    a multi-model endpoint name.
    """

    kind: Kind
    config_name: str
    config: Mapping[str, Any]
    model_name: str
    model: Mapping[str, Any]
    specification: Mapping[str, Any] | None = None
    target_model: str | None = None

    @property
    def serves(self) -> str:
        """What the endpoint shows when this is in service, in the words of ``EndpointView``."""
        if self.specification is not None:
            return component_serves(self.specification)
        return self.target_model or self.config_name


def target_of(
    wish: ServingWish, version: Version, places: Places, instance_type: str | None
) -> Target:
    """Returns what a deployment of a version makes; the same wish makes the same names."""
    model = _model(wish.kind, version, places)
    named = model_name(version.project, version.number, model)
    if wish.kind is Kind.MULTI_MODEL:
        # The image is the model; versions are objects under its prefix.
        named = model_name(places.endpoint, 0, model)
    config = _config(wish, places, instance_type, named)
    number = 0 if wish.kind in (Kind.COMPONENT, Kind.MULTI_MODEL) else version.number
    return Target(
        kind=wish.kind,
        config_name=config_name(places.endpoint, number, config),
        config=config,
        model_name=named,
        model=model,
        specification=_specification(wish, named) if wish.kind is Kind.COMPONENT else None,
        target_model=target_model(version.project, version.number, version.artifact_uri)
        if wish.kind is Kind.MULTI_MODEL
        else None,
    )


def models_prefix(endpoint: str) -> str:
    """Returns where the objects of a multi-model endpoint lie in the artifacts bucket."""
    return f"serving/{endpoint}/models/"


def component_serves(specification: Mapping[str, Any]) -> str:
    """Returns what stands for a component's specification, as it was asked for or is described."""
    needs = specification.get("ComputeResourceRequirements", {})
    numbers = {name: float(value) for name, value in needs.items() if value is not None}
    return f"{specification.get('ModelName')}:{digest(numbers)}"


def _model(kind: Kind, version: Version, places: Places) -> dict[str, Any]:
    container: dict[str, Any] = {"Image": version.image, "ModelDataUrl": version.artifact_uri}
    if kind is Kind.MULTI_MODEL:
        container |= {
            "Mode": "MultiModel",
            "ModelDataUrl": f"s3://{places.artifacts_bucket}/{models_prefix(places.endpoint)}",
        }
    if kind is Kind.ASYNCHRONOUS:
        container["Environment"] = dict(_LARGE_BODIES)
    return {"PrimaryContainer": container, "ExecutionRoleArn": places.role_arn}


def _config(
    wish: ServingWish, places: Places, instance_type: str | None, model: str
) -> dict[str, Any]:
    config: dict[str, Any] = {"ProductionVariants": [_variant(wish, instance_type, model)]}
    if wish.kind is Kind.COMPONENT:
        config["ExecutionRoleArn"] = places.role_arn
    if wish.kind is Kind.ASYNCHRONOUS:
        config["AsyncInferenceConfig"] = _asynchronous(wish, places)
    if wish.capture_percent:
        config["DataCaptureConfig"] = _capture(wish, places)
    return config


def _variant(wish: ServingWish, instance_type: str | None, model: str) -> dict[str, Any]:
    if wish.kind is Kind.SERVERLESS:
        return {
            "VariantName": MAIN_VARIANT,
            "ModelName": model,
            "ServerlessConfig": _serverless(wish),
        }
    variant: dict[str, Any] = {
        "VariantName": MAIN_VARIANT,
        "InstanceType": instance_type,
        "InitialInstanceCount": wish.instances,
        "ContainerStartupHealthCheckTimeoutInSeconds": _STARTUP_SECONDS,
        "ModelDataDownloadTimeoutInSeconds": _DOWNLOAD_SECONDS,
    }
    if wish.kind is Kind.COMPONENT:
        # Its components bring the models, and with them what has to be waited for.
        return {**variant, "ManagedInstanceScaling": _managed(wish)}
    return {**variant, "ModelName": model, "InitialVariantWeight": 1.0}


def _serverless(wish: ServingWish) -> dict[str, Any]:
    own = wish.serverless
    asked = {"MemorySizeInMB": own.memory_mb, "MaxConcurrency": own.max_concurrency}
    if own.provisioned_concurrency:
        asked["ProvisionedConcurrency"] = own.provisioned_concurrency
    return asked


def _managed(wish: ServingWish) -> dict[str, Any]:
    scaling = wish.scaling
    to_zero = scaling is not None and scaling.to_zero
    most = max(wish.instances, scaling.max if scaling else wish.instances)
    return {
        "Status": "ENABLED",
        "MinInstanceCount": 0 if to_zero else 1,
        "MaxInstanceCount": most,
    }


def _asynchronous(wish: ServingWish, places: Places) -> dict[str, Any]:
    root = f"s3://{places.artifacts_bucket}/serving/{places.endpoint}/async"
    output: dict[str, Any] = {"S3OutputPath": f"{root}/output", "S3FailurePath": f"{root}/failure"}
    if places.topic:
        output["NotificationConfig"] = {"SuccessTopic": places.topic, "ErrorTopic": places.topic}
    return {
        "ClientConfig": {
            "MaxConcurrentInvocationsPerInstance": wish.max_concurrent_per_instance or 1
        },
        "OutputConfig": output,
    }


def _capture(wish: ServingWish, places: Places) -> dict[str, Any]:
    captured: dict[str, Any] = {
        "EnableCapture": True,
        "InitialSamplingPercentage": wish.capture_percent,
        "DestinationS3Uri": f"s3://{places.artifacts_bucket}/{places.capture_prefix}",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": list(_JSON_TYPES)},
    }
    if places.capture_kms_key:
        captured["KmsKeyId"] = places.capture_kms_key
    return captured


def _specification(wish: ServingWish, model: str) -> dict[str, Any]:
    own = wish.component
    needs: dict[str, Any] = {
        "MinMemoryRequiredInMb": own.memory_mb,
        "NumberOfCpuCoresRequired": float(Decimal(own.cpus)),
    }
    if own.accelerators:
        needs["NumberOfAcceleratorDevicesRequired"] = own.accelerators
    return {"ModelName": model, "ComputeResourceRequirements": needs}
