"""What SageMaker refuses of an update of an endpoint."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from local_aws.http.own_calls import AwsError
from local_aws.services import sagemaker_rollouts as rollouts
from local_aws.services.sagemaker_rollouts import Counts
from local_aws.services.sagemaker_store import Fleet, Properties

# The least and the most of a variant's instances, by the documentation of each kind.
_CANARY = (Fraction(0), Fraction(1, 2))
_LINEAR = (Fraction(1, 10), Fraction(1, 2))
_BATCH = (Fraction(1, 20), Fraction(1, 2))
_SIZES = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}


def check_deployment(
    deployment: Mapping[str, Any],
    variants: list[Properties],
    former: list[Properties],
    settings: Properties,
) -> None:
    """Refuse a DeploymentConfig; `variants` and `former` are in the form of DescribeEndpoint.

    Raises:
        AwsError: the policies, sizes or times are not those that SageMaker takes.
    """
    blue_green, rolling = (
        deployment.get(name) for name in ("BlueGreenUpdatePolicy", "RollingUpdatePolicy")
    )
    if blue_green and rolling:
        raise invalid("Only one of BlueGreenUpdatePolicy and RollingUpdatePolicy may be specified.")
    if any("ServerlessConfig" in each for each in settings["ProductionVariants"]):
        raise invalid("DeploymentConfig is not supported for serverless endpoints.")
    names, before = ({each["VariantName"] for each in some} for some in (variants, former))
    if names != before:
        raise invalid(
            "The new endpoint configuration must have the same variant names as the endpoint: "
            f"{', '.join(sorted(before))}, not {', '.join(sorted(names))}."
        )
    if rolling and len(variants) > 1:
        raise invalid("RollingUpdatePolicy is not supported for several production variants.")
    counts = rollouts.counts_of(variants)
    if rolling:
        _check_rolling(rolling, counts)
    elif blue_green:
        _check_routing(blue_green["TrafficRoutingConfiguration"], counts)
    _check_time(deployment, counts)


def check_remembered(deployment: Mapping[str, Any]) -> None:
    """Refuse a DeploymentConfig that is only remembered, by what it says alone."""
    if deployment.get("BlueGreenUpdatePolicy") and deployment.get("RollingUpdatePolicy"):
        raise invalid("Only one of BlueGreenUpdatePolicy and RollingUpdatePolicy may be specified.")


def _check_routing(routing: Mapping[str, Any], counts: Counts) -> None:
    kind = routing["Type"]
    for other, size in _SIZES.items():
        if other == kind and not routing.get(size):
            raise invalid(f"{size} is required for traffic routing of the type {kind}.")
        if other != kind and routing.get(size):
            raise invalid(f"{size} is not supported for traffic routing of the type {kind}.")
    if kind == "CANARY":
        _check_size("CanarySize", routing["CanarySize"], counts, _CANARY)
    if kind == "LINEAR":
        _check_size("LinearStepSize", routing["LinearStepSize"], counts, _LINEAR)


def _check_rolling(policy: Mapping[str, Any], counts: Counts) -> None:
    _check_size("MaximumBatchSize", policy["MaximumBatchSize"], counts, _BATCH)
    if back := policy.get("RollbackMaximumBatchSize"):
        # A rollback may be done at once.
        _check_size("RollbackMaximumBatchSize", back, counts, (_BATCH[0], Fraction(1)))


def _check_size(
    name: str, size: Mapping[str, Any], counts: Counts, bounds: tuple[Fraction, Fraction]
) -> None:
    low, high = bounds
    between = (
        f"between {int(low * 100)}% and {int(high * 100)}%"
        if low
        else f"at most {int(high * 100)}%"
    )
    if size["Type"] == "CAPACITY_PERCENT" and not low * 100 <= size["Value"] <= high * 100:
        raise invalid(f"{name} must be {between} of the variant's instances, not {size['Value']}%.")
    for variant, count in counts.items():
        part = Fraction(rollouts.capacity(size, count), count) if count else None
        if part is not None and not low <= part <= high:
            raise invalid(
                f"{name} must be {between} of the variant's instances: {variant} has {count}, and "
                f"{rollouts.capacity(size, count)} of them are {int(part * 100)}%."
            )


def _check_time(deployment: Mapping[str, Any], counts: Counts) -> None:
    limit = rollouts.policy_of(deployment).get("MaximumExecutionTimeoutInSeconds")
    needed = rollouts.waits(deployment, counts)
    longest = rollouts.LONGEST_SECONDS
    if limit is not None and limit <= needed:
        raise invalid(
            f"MaximumExecutionTimeoutInSeconds ({limit}) must be greater than all waits of the "
            f"deployment together ({needed:g} seconds)."
        )
    if needed >= longest:
        raise invalid(f"The waits of the deployment last {needed:g} of at most {longest} seconds.")


def check_kind(settings: Properties, former: Fleet) -> None:
    """Refuse an endpoint of instances that would become serverless.

    Raises:
        AwsError: it would.
    """
    is_new, was = (
        any("ServerlessConfig" in each for each in variants)
        for variants in (settings["ProductionVariants"], former.variants)
    )
    if is_new and not was:
        raise invalid(
            "Cannot update an endpoint from an instance-based to a serverless configuration."
        )


def check_scaling(
    endpoint: str, settings: Properties, former: Fleet, scaled: Iterable[str]
) -> None:
    """Refuse another instance type of a variant that is scaled, or none of it.

    Raises:
        AwsError: a scalable target would be left without what it scales.
    """
    types = {each["VariantName"]: each.get("InstanceType") for each in former.variants}
    wanted = {
        each["VariantName"]: each.get("InstanceType") for each in settings["ProductionVariants"]
    }
    for variant in scaled:
        if variant not in types:
            continue
        if wanted.get(variant) != types[variant]:
            what = "is removed" if variant not in wanted else "gets another instance type"
            raise invalid(
                f"The variant {variant} of the endpoint {endpoint} {what} while it is registered "
                "as a scalable target: delete its scaling policies, deregister it, update the "
                "endpoint, and register it again."
            )


def falls_back(settings: Properties) -> bool:
    """Whether SageMaker updates all at once without a bake, whatever is asked: on Inf1."""
    return any(
        each.get("InstanceType", "").startswith("ml.inf1.")
        for each in settings["ProductionVariants"]
    )


def invalid(message: str) -> AwsError:
    """Return SageMaker's error for a request that it does not take."""
    return AwsError("ValidationException", message)
