"""SageMaker's endpoint configurations, and what it refuses of them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.pages import Listing
from local_aws.services.places import Places
from local_aws.services.sagemaker_store import Properties, SageMakerStore, already_there, settled

_CONFIGS = Listing("EndpointConfigs", "EndpointConfigName")
_MEMORY_STEP = 1024
_FREQUENCIES = (10, 30, 60, 120, 180, 240, 300)
# What would change how requests are answered or where they run, and does nothing here.
_NOT_DONE_OF_CONFIG = ("ExplainerConfig", "CrossRegionTrafficConfig")
_NOT_DONE_OF_VARIANT = ("InstancePools", "CapacityReservationConfig", "AcceleratorPartitionLayouts")
# A variant without instances has nothing that these could be about.
_OF_INSTANCES = (
    "InstanceType",
    "InstancePools",
    "InitialInstanceCount",
    "AcceleratorType",
    "ManagedInstanceScaling",
    "VolumeSizeInGB",
    "CoreDumpConfig",
)


class SageMakerEndpointConfigs:
    """The calls about endpoint configurations."""

    def __init__(self, stores: Places[SageMakerStore]) -> None:
        self._stores = stores

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "CreateEndpointConfig": self._create,
            "DeleteEndpointConfig": self._delete,
            "DescribeEndpointConfig": self._describe,
            "ListEndpointConfigs": self._list,
        }

    def _create(self, request: Request) -> Properties:
        store = settled(self._stores, request)
        name = request["EndpointConfigName"]
        arn = store.arn_of("endpoint-config", name)
        if name in store.configs:
            raise already_there("endpoint configuration", arn)
        config: Properties = {
            key: value for key, value in request.parameters.items() if key != "Tags"
        }
        check(store, config)
        store.configs[name] = config | {"EndpointConfigArn": arn, "CreationTime": request.now}
        store.set_tags(arn, request.get("Tags"))
        return {"EndpointConfigArn": arn}

    def _describe(self, request: Request) -> Properties:
        return settled(self._stores, request).config(request["EndpointConfigName"])

    def _list(self, request: Request) -> Properties:
        return _CONFIGS.answer(settled(self._stores, request).configs.values(), request)

    def _delete(self, request: Request) -> None:
        # AWS lets one go that is in use: its endpoint serves on, and a rolling update that needs
        # it again cannot be rolled back.
        store = settled(self._stores, request)
        config = store.config(request["EndpointConfigName"])
        del store.configs[config["EndpointConfigName"]]
        store.tags.pop(config["EndpointConfigArn"], None)


def check(store: SageMakerStore, config: Properties) -> None:
    """Refuse a configuration that SageMaker would refuse.

    Raises:
        AwsError: a model is missing, or the parts do not go together.
    """
    variants = [*config["ProductionVariants"], *(config.get("ShadowProductionVariants") or ())]
    _check_done(config, variants)
    for test in (_check_shadows, _check_names):
        test(config)
    for variant in variants:
        _check_kind(variant)
        _check_model(store, config, variant)
        if "ServerlessConfig" in variant:
            _check_serverless(store, config, variant)
    frequency = (config.get("MetricsConfig") or {}).get("MetricPublishFrequencyInSeconds")
    if frequency not in (None, *_FREQUENCIES):
        raise _invalid(f"MetricPublishFrequencyInSeconds must be one of {_FREQUENCIES}.")


def _check_done(config: Properties, variants: Iterable[Properties]) -> None:
    found = [name for name in _NOT_DONE_OF_CONFIG if config.get(name)]
    found += [name for each in variants for name in _NOT_DONE_OF_VARIANT if each.get(name)]
    if found:
        raise AwsError(
            "NotImplementedByLocalAws",
            f"The embedded AWS does not do {', '.join(sorted(set(found)))}.",
            501,
        )


def _check_shadows(config: Properties) -> None:
    variants, shadows = config["ProductionVariants"], config.get("ShadowProductionVariants") or []
    if not shadows:
        return
    if (len(variants), len(shadows)) != (1, 1):
        raise _invalid("A shadow variant needs exactly one production and one shadow variant.")
    if config.get("AsyncInferenceConfig"):
        raise _invalid("Shadow variants are not supported for asynchronous inference.")


def _check_names(config: Properties) -> None:
    variants = [*config["ProductionVariants"], *(config.get("ShadowProductionVariants") or ())]
    names = [variant["VariantName"] for variant in variants]
    if len(set(names)) < len(names):
        raise _invalid("Duplicate variant names are not allowed.")
    serverless = [each for each in variants if "ServerlessConfig" in each]
    if serverless and len(variants) > 1:
        raise _invalid("A serverless endpoint has exactly one production variant and no shadow.")


def _check_kind(variant: Properties) -> None:
    kinds = [name for name in ("InstanceType", "ServerlessConfig") if name in variant]
    if len(kinds) != 1:
        raise _invalid(
            f"The variant {variant['VariantName']} needs either an InstanceType or a "
            "ServerlessConfig."
        )
    scaling = variant.get("ManagedInstanceScaling") or {}
    if scaling.get("MinInstanceCount", 0) > scaling.get("MaxInstanceCount", float("inf")):
        raise _invalid("MinInstanceCount cannot be greater than MaxInstanceCount.")
    if scaling and variant.get("ModelName"):
        raise _invalid(
            "ManagedInstanceScaling is only supported for inference component endpoints."
        )


def _check_model(store: SageMakerStore, config: Properties, variant: Properties) -> None:
    if name := variant.get("ModelName"):
        store.model(name)
    elif not config.get("ExecutionRoleArn"):
        raise _invalid(
            f"The variant {variant['VariantName']} has no ModelName: an endpoint for inference "
            "components needs an ExecutionRoleArn."
        )
    elif config.get("AsyncInferenceConfig"):
        raise _invalid("Inference components do not support asynchronous inference.")


def _check_serverless(store: SageMakerStore, config: Properties, variant: Properties) -> None:
    serverless = variant["ServerlessConfig"]
    if serverless["MemorySizeInMB"] % _MEMORY_STEP:
        raise _invalid(
            f"MemorySizeInMB must be a multiple of {_MEMORY_STEP}, not "
            f"{serverless['MemorySizeInMB']}."
        )
    if serverless.get("ProvisionedConcurrency", 0) > serverless["MaxConcurrency"]:
        raise _invalid("ProvisionedConcurrency cannot be greater than MaxConcurrency.")
    beside = [name for name in _OF_INSTANCES if variant.get(name) is not None]
    if beside:
        raise _invalid(f"{', '.join(beside)} cannot be set beside a ServerlessConfig.")
    model = store.models.get(variant.get("ModelName", ""), {})
    for reason, test in _NOT_OF_SERVERLESS.items():
        if test(config, model):
            raise _invalid(f"{reason} is not supported for serverless endpoints.")


def containers(model: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the containers of a model."""
    primary = model.get("PrimaryContainer")
    return [*([primary] if primary else []), *(model.get("Containers") or ())]


_NOT_OF_SERVERLESS: Mapping[str, Callable[[Properties, Properties], bool]] = {
    "Data capture": lambda config, _: bool(
        config.get("DataCaptureConfig", {}).get("EnableCapture")
    ),
    "Asynchronous inference": lambda config, _: bool(config.get("AsyncInferenceConfig")),
    "VPC configuration": lambda config, model: bool(
        config.get("VpcConfig") or model.get("VpcConfig")
    ),
    "Network isolation": lambda config, model: bool(
        config.get("EnableNetworkIsolation") or model.get("EnableNetworkIsolation")
    ),
    "An inference component": lambda _, model: not model,
    "A multi-model container": lambda _, model: any(
        each.get("Mode") == "MultiModel" for each in containers(model)
    ),
    "An inference pipeline": lambda _, model: len(containers(model)) > 1,
    "ModelDataSource": lambda _, model: any(
        "ModelDataSource" in each for each in containers(model)
    ),
}


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
