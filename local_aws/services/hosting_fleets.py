"""The fleets of endpoints: how one begins, what is up of it, and what an account may have."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from local_aws.http.own_calls import AwsError
from local_aws.services import sagemaker_rollouts as rollouts
from local_aws.services.sagemaker_rollouts import Counts
from local_aws.services.sagemaker_store import (
    UNKNOWN_IMAGE,
    Fleet,
    FleetState,
    Properties,
    SageMakerStore,
)
from local_aws.services.service_quotas import QuotaStore, endpoint_quota


def new_fleet(
    store: SageMakerStore, config: str, variants: list[Properties], moment: datetime
) -> Fleet:
    """Return the fleet of a configuration; `variants` in the form of DescribeEndpoint.

    Raises:
        AwsError: the configuration or one of its models does not exist.
    """
    settings = dict(store.config(config))
    named = [
        each["ModelName"]
        for key in ("ProductionVariants", "ShadowProductionVariants")
        for each in settings.get(key, ())
        if each.get("ModelName")
    ]
    return Fleet(
        config=config,
        settings=settings,
        models={name: store.model(name) for name in named},
        instances=rollouts.counts_of(variants),
        weights=weights_of(variants),
        since=moment,
    )


def serving_fleet(
    store: SageMakerStore, config: str, variants: list[Properties], moment: datetime
) -> Fleet:
    """Return a fleet that serves already, as that of an account file."""
    fleet = new_fleet(store, config, variants, moment)
    return replace(fleet, state=FleetState.SERVING, shares=dict.fromkeys(fleet.instances, 1.0))


def startable(
    fleet: Fleet, variants: Iterable[Properties]
) -> Iterator[tuple[Properties, Properties]]:
    """Yield each variant with its model, of which containers can be started.

    What came out of an account file names no image: it is there, and serves nothing.
    """
    for variant in variants:
        model = fleet.models.get(variant.get("ModelName", ""))
        image = ((model or {}).get("PrimaryContainer") or {}).get("Image", "")
        if model is not None and not image.endswith(UNKNOWN_IMAGE):
            yield variant, model


def set_up(fleet: Fleet, instances: Counts, shares: Mapping[str, float]) -> None:
    """Let so many instances be up, and get such a part of the requests."""
    fleet.instances = {name: instances.get(name, 0) for name in fleet.instances}
    fleet.shares = dict(shares)
    if fleet.state is not FleetState.GONE and any(part > 0 for part in shares.values()):
        fleet.state = FleetState.SERVING


def instances_of(fleet: Fleet, counts: Counts) -> dict[str, tuple[str, int]]:
    """Return the type and the number of instances of each variant that has any."""
    return {
        each["VariantName"]: (each["InstanceType"], counts.get(each["VariantName"], 0))
        for each in (*fleet.variants, *fleet.shadows)
        if "InstanceType" in each
    }


def weights_of(variants: Iterable[Properties]) -> dict[str, float]:
    """Return the weights of variants in the form of DescribeEndpoint."""
    return {each["VariantName"]: float(each["DesiredWeight"]) for each in variants}


def check_quota(store: SageMakerStore, quotas: QuotaStore, wanted: Mapping[str, int]) -> None:
    """Refuse instances, by type, that the account may not have.

    Raises:
        AwsError: a quota is too small.
    """
    used = in_use(store)
    for instance_type, count in wanted.items():
        name = endpoint_quota(instance_type)
        limit, now = quotas.limit(name), used[instance_type]
        if count > 0 and now + count > limit:
            raise AwsError(
                "ResourceLimitExceeded",
                f"The account-level service limit '{name}' is {limit} Instances, with current "
                f"utilization of {now} Instances and a request delta of {count} Instances. "
                "Please use AWS Service Quotas to request an increase for this quota.",
            )


def in_use(store: SageMakerStore) -> Counter[str]:
    """Return the instances of all endpoints by type; those that start are in use too."""
    used: Counter[str] = Counter()
    for endpoint in store.endpoints.values():
        for fleet in endpoint.fleets:
            if fleet.state is not FleetState.GONE:
                for kind, count in instances_of(fleet, fleet.instances).values():
                    used[kind] += count
    return used
