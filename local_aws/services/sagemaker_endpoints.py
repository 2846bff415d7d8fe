"""SageMaker's endpoints and their configurations: the control plane alone.

No endpoint here serves anything. What an audit and its actions see of one is as on AWS, but that
a creation takes seconds and not minutes.
"""

from datetime import timedelta
from typing import Any

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services import sagemaker_variants as variants
from local_aws.services.pages import Listing
from local_aws.services.places import Places
from local_aws.services.sagemaker_store import (
    Change,
    Endpoint,
    Properties,
    SageMakerStore,
    already_there,
)

CHANGE_TIME = timedelta(seconds=2)
DELETION_TIME = timedelta(seconds=1)

_ENDPOINTS = Listing("Endpoints", "EndpointName", "EndpointStatus")
_CONFIGS = Listing("EndpointConfigs", "EndpointConfigName")
_BUSY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
_FROM_CONFIG = ("AsyncInferenceConfig", "ExplainerConfig", "MetricsConfig")


class SageMakerEndpoints:
    """The calls about endpoints and endpoint configurations."""

    def __init__(self, stores: Places[SageMakerStore]) -> None:
        self._stores = stores

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "CreateEndpoint": self._create,
            "CreateEndpointConfig": self._create_config,
            "DeleteEndpoint": self._delete,
            "DeleteEndpointConfig": self._delete_config,
            "DescribeEndpoint": self._describe,
            "DescribeEndpointConfig": self._describe_config,
            "ListEndpointConfigs": self._list_configs,
            "ListEndpoints": self._list,
            "UpdateEndpoint": self._update,
            "UpdateEndpointWeightsAndCapacities": self._update_capacities,
        }

    def _store(self, request: Request) -> SageMakerStore:
        store = self._stores.of(request)
        store.settle(request.now)
        return store

    def _create(self, request: Request) -> Properties:
        store = self._store(request)
        name = request["EndpointName"]
        arn = store.arn_of("endpoint", name)
        if name in store.endpoints:
            raise already_there("endpoint", arn)
        config = store.config(request["EndpointConfigName"])
        store.endpoints[name] = Endpoint(
            name=name,
            arn=arn,
            config=request["EndpointConfigName"],
            status="Creating",
            created=request.now,
            modified=request.now,
            variants=[variants.running(each) for each in config["ProductionVariants"]],
            shadow_variants=[
                variants.running(each) for each in config.get("ShadowProductionVariants", ())
            ],
            change=Change(request.now + CHANGE_TIME, "InService"),
        )
        store.set_tags(arn, request.get("Tags"))
        return {"EndpointArn": arn}

    def _describe(self, request: Request) -> Properties:
        store = self._store(request)
        endpoint = store.endpoint(request["EndpointName"])
        answer: Properties = {
            **_summary(endpoint),
            "EndpointConfigName": endpoint.config,
            "ProductionVariants": endpoint.variants,
        }
        if endpoint.shadow_variants:
            answer["ShadowProductionVariants"] = endpoint.shadow_variants
        if endpoint.failure_reason:
            answer["FailureReason"] = endpoint.failure_reason
        # The configuration may be deleted while the endpoint lives.
        config = store.configs.get(endpoint.config, {})
        return answer | {name: config[name] for name in _FROM_CONFIG if name in config}

    def _list(self, request: Request) -> Properties:
        rows = [_summary(each) for each in self._store(request).endpoints.values()]
        return _ENDPOINTS.answer(rows, request)

    def _update(self, request: Request) -> Properties:
        store = self._store(request)
        endpoint = _idle(store, request)
        config = store.config(request["EndpointConfigName"])
        new = [variants.running(each) for each in config["ProductionVariants"]]
        if request.get("RetainAllVariantProperties"):
            excluded = {
                each["VariantPropertyType"]
                for each in request.get("ExcludeRetainedVariantProperties", ())
            }
            new = variants.keep_properties(new, endpoint.variants, excluded)
        shadows = [variants.running(each) for each in config.get("ShadowProductionVariants", ())]
        until = request.now + CHANGE_TIME
        name = request["EndpointConfigName"]
        _start(endpoint, request, Change(until, "InService", name, new, shadows))
        return {"EndpointArn": endpoint.arn}

    def _update_capacities(self, request: Request) -> Properties:
        endpoint = _idle(self._store(request), request)
        wanted = {each["VariantName"]: each for each in request["DesiredWeightsAndCapacities"]}
        if unknown := sorted(set(wanted) - {each["VariantName"] for each in endpoint.variants}):
            raise AwsError(
                "ValidationException", f"The endpoint has no variant {', '.join(unknown)}."
            )
        new = [_resized(each, wanted.get(each["VariantName"], {})) for each in endpoint.variants]
        _start(endpoint, request, Change(request.now + CHANGE_TIME, "InService", variants=new))
        return {"EndpointArn": endpoint.arn}

    def _delete(self, request: Request) -> None:
        store = self._store(request)
        endpoint = _idle(store, request)
        held = sorted(
            name for name, each in store.components.items() if each["EndpointName"] == endpoint.name
        )
        if held:
            raise AwsError(
                "ValidationException",
                f'Cannot delete endpoint "{endpoint.arn}": it has the inference components '
                f"{', '.join(held)}. Delete them first.",
            )
        endpoint.status, endpoint.modified = "Deleting", request.now
        endpoint.change = Change(request.now + DELETION_TIME, None)

    def _create_config(self, request: Request) -> Properties:
        store = self._store(request)
        name = request["EndpointConfigName"]
        arn = store.arn_of("endpoint-config", name)
        if name in store.configs:
            raise already_there("endpoint configuration", arn)
        config: Properties = {
            key: value for key, value in request.parameters.items() if key != "Tags"
        }
        variants.check(store, config)
        store.configs[name] = config | {"EndpointConfigArn": arn, "CreationTime": request.now}
        store.set_tags(arn, request.get("Tags"))
        return {"EndpointConfigArn": arn}

    def _describe_config(self, request: Request) -> Properties:
        return self._store(request).config(request["EndpointConfigName"])

    def _list_configs(self, request: Request) -> Properties:
        return _CONFIGS.answer(self._store(request).configs.values(), request)

    def _delete_config(self, request: Request) -> None:
        store = self._store(request)
        config = store.config(request["EndpointConfigName"])
        del store.configs[config["EndpointConfigName"]]
        store.tags.pop(config["EndpointConfigArn"], None)


def _summary(endpoint: Endpoint) -> Properties:
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
        "EndpointStatus": endpoint.status,
    }


def _idle(store: SageMakerStore, request: Request) -> Endpoint:
    """Return the endpoint of a request unless a change is under way."""
    endpoint = store.endpoint(request["EndpointName"])
    if endpoint.status in _BUSY:
        raise AwsError(
            "ValidationException", f'Cannot update in-progress endpoint "{endpoint.arn}".'
        )
    return endpoint


def _start(endpoint: Endpoint, request: Request, change: Change) -> None:
    endpoint.status, endpoint.modified, endpoint.change = "Updating", request.now, change


def _resized(variant: Properties, wanted: dict[str, Any]) -> Properties:
    new = dict(variant)
    for name in ("Weight", "InstanceCount"):
        if f"Desired{name}" in wanted:
            new |= {f"Desired{name}": wanted[f"Desired{name}"]}
            new |= {f"Current{name}": wanted[f"Desired{name}"]}
    return new
