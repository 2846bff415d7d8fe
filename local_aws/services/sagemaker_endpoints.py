"""SageMaker's endpoints: the control plane. `hosting.py` lets what is begun here go on."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services import sagemaker_rollouts as rollouts
from local_aws.services import sagemaker_update_checks as checks
from local_aws.services import sagemaker_variants as variants
from local_aws.services.application_autoscaling import ScalingStore
from local_aws.services.hosting import Hosting
from local_aws.services.hosting_fleets import instances_of, new_fleet
from local_aws.services.pages import Listing
from local_aws.services.places import Places
from local_aws.services.sagemaker_rollouts import Kind, Stage
from local_aws.services.sagemaker_store import (
    Endpoint,
    Properties,
    SageMakerStore,
    already_there,
    settled,
)
from local_aws.services.sagemaker_update_checks import invalid
from local_aws.services.sagemaker_views import description, summary

_ENDPOINTS = Listing("Endpoints", "EndpointName", "EndpointStatus")
_BUSY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
_VARIANT_DIMENSIONS = "sagemaker:variant:"


class SageMakerEndpoints:
    """The calls about endpoints."""

    def __init__(
        self, stores: Places[SageMakerStore], hosting: Hosting, scaling: Places[ScalingStore]
    ) -> None:
        self._stores = stores
        self._hosting = hosting
        self._scaling = scaling

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "CreateEndpoint": self._create,
            "DeleteEndpoint": self._delete,
            "DescribeEndpoint": self._describe,
            "ListEndpoints": self._list,
            "UpdateEndpoint": self._update,
            "UpdateEndpointWeightsAndCapacities": self._update_capacities,
        }

    def _create(self, request: Request) -> Properties:
        store = settled(self._stores, request)
        name = request["EndpointName"]
        arn = store.arn_of("endpoint", name)
        if name in store.endpoints:
            raise already_there("endpoint", arn)
        config = store.config(request["EndpointConfigName"])
        shown, shadows = _shown(config)
        deployment = request.get("DeploymentConfig")
        if deployment:
            checks.check_remembered(deployment)
            self._check_alarms(store, deployment)
        fleet = new_fleet(store, config["EndpointConfigName"], [*shown, *shadows], request.now)
        self._hosting.check_quota(store, _types(instances_of(fleet, fleet.instances)))
        endpoint = Endpoint(
            name=name,
            arn=arn,
            config=fleet.config,
            status="Creating",
            created=request.now,
            modified=request.now,
            variants=shown,
            shadow_variants=shadows,
            fleets=[fleet],
            last_deployment=deployment,
        )
        store.endpoints[name] = endpoint
        store.set_tags(arn, request.get("Tags"))
        counts = dict(fleet.instances)
        rollout = self._hosting.started(
            Kind.CREATION,
            rollouts.creation(counts, self._hosting.options),
            new=fleet,
            variants=shown,
            shadow_variants=shadows,
            totals=counts,
        )
        self._hosting.begin(store, endpoint, rollout)
        return {"EndpointArn": arn}

    def _describe(self, request: Request) -> Properties:
        return description(settled(self._stores, request).endpoint(request["EndpointName"]))

    def _list(self, request: Request) -> Properties:
        rows = [summary(each) for each in settled(self._stores, request).endpoints.values()]
        return _ENDPOINTS.answer(rows, request)

    def _update(self, request: Request) -> Properties:
        store = settled(self._stores, request)
        endpoint = _idle(store, request)
        config = store.config(request["EndpointConfigName"])
        former = endpoint.fleet
        if former is None or endpoint.status == "Failed":
            raise invalid(
                f'Cannot update the failed endpoint "{endpoint.arn}": it can only be deleted.'
            )
        shown, shadows = _shown(config)
        shown = _retained(request, shown, endpoint.variants)
        deployment = self._deployment(request, endpoint)
        checks.check_kind(config, former)
        checks.check_scaling(endpoint.name, config, former, self._scaled(request, endpoint))
        if deployment:
            checks.check_deployment(deployment, shown, endpoint.variants, config)
            self._check_alarms(store, deployment)
        self._begin_update(store, endpoint, request, shown, shadows, deployment)
        return {"EndpointArn": endpoint.arn}

    def _deployment(self, request: Request, endpoint: Endpoint) -> Properties:
        given = request.get("DeploymentConfig")
        if given:
            return dict(given)
        retained = request.get("RetainDeploymentConfig") and endpoint.last_deployment
        return dict(retained or {})

    def _begin_update(
        self,
        store: SageMakerStore,
        endpoint: Endpoint,
        request: Request,
        shown: list[Properties],
        shadows: list[Properties],
        deployment: Properties,
    ) -> None:
        former = endpoint.fleet
        fleet = new_fleet(store, request["EndpointConfigName"], [*shown, *shadows], request.now)
        counts = dict(fleet.instances)
        before = rollouts.counts_of([*endpoint.variants, *endpoint.shadow_variants])
        policy = {} if checks.falls_back(fleet.settings) else deployment
        stages = rollouts.update(policy, counts, before, self._hosting.options)
        self._hosting.check_quota(store, _types(instances_of(fleet, stages[0].new)))
        rollout = self._hosting.started(
            Kind.UPDATE,
            stages,
            new=fleet,
            old=former,
            variants=shown,
            shadow_variants=shadows,
            deployment=policy,
            totals=counts,
        )
        endpoint.fleets.append(fleet)
        endpoint.status, endpoint.modified = "Updating", request.now
        endpoint.failure_reason = None
        if deployment:
            endpoint.last_deployment = deployment
        self._hosting.begin(store, endpoint, rollout)

    def _check_alarms(self, store: SageMakerStore, deployment: Mapping[str, Any]) -> None:
        listed = deployment.get("AutoRollbackConfiguration", {}).get("Alarms", ())
        for alarm in listed:
            name = alarm.get("AlarmName")
            if not self._hosting.alarms.exists(store.account, store.region, name):
                raise invalid(f"Could not find the CloudWatch alarm {name}.")

    def _scaled(self, request: Request, endpoint: Endpoint) -> list[str]:
        """Return the names of the endpoint's variants that are scalable targets."""
        start = f"endpoint/{endpoint.name}/variant/"
        return [
            resource.removeprefix(start)
            for service, resource, dimension in self._scaling.of(request).targets
            if service == "sagemaker"
            and resource.startswith(start)
            and dimension.startswith(_VARIANT_DIMENSIONS)
        ]

    def _update_capacities(self, request: Request) -> Properties:
        store = settled(self._stores, request)
        endpoint = _idle(store, request)
        fleet = endpoint.fleet
        if fleet is None or endpoint.status != "InService":
            raise invalid(f'The endpoint "{endpoint.arn}" is not in service.')
        wanted = {each["VariantName"]: each for each in request["DesiredWeightsAndCapacities"]}
        _check_capacities(endpoint, wanted)
        new = [_resized(each, wanted.get(each["VariantName"], {})) for each in endpoint.variants]
        before, after = (
            rollouts.counts_of([*some, *endpoint.shadow_variants])
            for some in (endpoint.variants, new)
        )
        self._hosting.check_quota(
            store,
            Counter(_types(instances_of(fleet, after)))
            - Counter(_types(instances_of(fleet, before))),
        )
        grows = any(after[name] > before[name] for name in after)
        options = self._hosting.options
        seconds = options.provisioning_seconds if grows else options.activation_seconds
        up = {name: max(after[name], before[name]) for name in after}
        stage = Stage("Updating", "Updating weights and capacities.", seconds, up, up)
        rollout = self._hosting.started(
            Kind.RESIZE,
            [stage],
            new=fleet,
            variants=new,
            shadow_variants=endpoint.shadow_variants,
        )
        endpoint.variants = [
            each | {key: one[key] for key in one if key.startswith("Desired")}
            for each, one in zip(endpoint.variants, new, strict=True)
        ]
        endpoint.status, endpoint.modified = "Updating", request.now
        self._hosting.begin(store, endpoint, rollout)
        return {"EndpointArn": endpoint.arn}

    def _delete(self, request: Request) -> None:
        store = settled(self._stores, request)
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
        stage = Stage("Deleting", "Deleting.", self._hosting.options.deletion_seconds, {}, {})
        rollout = self._hosting.started(Kind.DELETION, [stage])
        self._hosting.retire(endpoint.fleets, rollout.begun)
        self._hosting.begin(store, endpoint, rollout)


def _shown(config: Properties) -> tuple[list[Properties], list[Properties]]:
    """Return the production and the shadow variants as they run right after their creation."""
    production, shadows = (
        [variants.running(each) for each in config.get(name) or ()]
        for name in ("ProductionVariants", "ShadowProductionVariants")
    )
    return production, shadows


def _retained(request: Request, new: list[Properties], old: list[Properties]) -> list[Properties]:
    excluded = {
        each["VariantPropertyType"] for each in request.get("ExcludeRetainedVariantProperties", ())
    }
    if "DataCaptureConfig" in excluded:
        raise invalid("DataCaptureConfig is not supported in ExcludeRetainedVariantProperties.")
    if not request.get("RetainAllVariantProperties"):
        if excluded:
            raise invalid(
                "ExcludeRetainedVariantProperties needs RetainAllVariantProperties to be true."
            )
        return new
    return variants.keep_properties(new, old, excluded)


def _types(instances: Mapping[str, tuple[str, int]]) -> dict[str, int]:
    """Return how many instances there are of each type."""
    found: Counter[str] = Counter()
    for kind, count in instances.values():
        found[kind] += count
    return dict(found)


def _idle(store: SageMakerStore, request: Request) -> Endpoint:
    """Return the endpoint of a request unless a change is under way."""
    endpoint = store.endpoint(request["EndpointName"])
    if endpoint.status in _BUSY:
        raise AwsError(
            "ValidationException", f'Cannot update in-progress endpoint "{endpoint.arn}".'
        )
    return endpoint


def _check_capacities(endpoint: Endpoint, wanted: Mapping[str, Properties]) -> None:
    known = {each["VariantName"]: each for each in endpoint.variants}
    if unknown := sorted(set(wanted) - set(known)):
        raise invalid(f"The endpoint has no variant {', '.join(unknown)}.")
    sized = [name for name, each in wanted.items() if _changes_capacity(known[name], each)]
    if len(sized) > 1:
        raise invalid(
            "UpdateEndpointWeightsAndCapacities changes the capacity of one variant at a time, "
            f"not of {', '.join(sorted(sized))}."
        )
    fleet = endpoint.fleet
    is_async = bool(fleet and fleet.settings.get("AsyncInferenceConfig"))
    for name, each in wanted.items():
        _check_capacity(name, known[name], each, may_be_none=is_async)


def _changes_capacity(variant: Properties, wanted: Properties) -> bool:
    count = wanted.get("DesiredInstanceCount")
    changed = count is not None and count != variant.get("DesiredInstanceCount")
    return changed or bool(wanted.get("ServerlessUpdateConfig"))


def _check_capacity(
    name: str, variant: Properties, wanted: Properties, *, may_be_none: bool
) -> None:
    count, serverless = (
        wanted.get(key) for key in ("DesiredInstanceCount", "ServerlessUpdateConfig")
    )
    is_serverless = "DesiredServerlessConfig" in variant
    if is_serverless and count is not None:
        raise invalid(f"The serverless variant {name} has no instances to set.")
    if serverless and not is_serverless:
        raise invalid(f"The variant {name} is not serverless.")
    if count == 0 and not may_be_none and "ManagedInstanceScaling" not in variant:
        raise invalid(
            f"The variant {name} needs at least 1 instance: only asynchronous endpoints and "
            "inference components run on none."
        )
    if serverless:
        after = variant["DesiredServerlessConfig"] | serverless
        if after.get("ProvisionedConcurrency", 0) > after["MaxConcurrency"]:
            raise invalid("ProvisionedConcurrency cannot be greater than MaxConcurrency.")


def _resized(variant: Properties, wanted: Mapping[str, Any]) -> Properties:
    new = dict(variant)
    for name in ("Weight", "InstanceCount"):
        if wanted.get(f"Desired{name}") is not None:
            new |= {f"Desired{name}": wanted[f"Desired{name}"]}
            new |= {f"Current{name}": wanted[f"Desired{name}"]}
    if serverless := wanted.get("ServerlessUpdateConfig"):
        after = variant["DesiredServerlessConfig"] | serverless
        new |= {"DesiredServerlessConfig": after, "CurrentServerlessConfig": after}
    return new
