"""The variants of endpoints: from a configuration to what DescribeEndpoint shows."""

from typing import Any

from local_aws.http.own_calls import AwsError
from local_aws.services.sagemaker_store import Properties, SageMakerStore, not_found

_COPIED = ("ManagedInstanceScaling", "RoutingConfig")


def running(variant: Properties) -> Properties:
    """Return a variant as it runs right after it was created from its configuration."""
    weight = variant.get("InitialVariantWeight", 1.0)
    shown: Properties = {
        "VariantName": variant["VariantName"],
        "CurrentWeight": weight,
        "DesiredWeight": weight,
    }
    if serverless := variant.get("ServerlessConfig"):
        shown |= {"CurrentServerlessConfig": serverless, "DesiredServerlessConfig": serverless}
        # A serverless variant shows no instances, not even none.
    else:
        count = variant.get("InitialInstanceCount", 1)
        shown |= {"CurrentInstanceCount": count, "DesiredInstanceCount": count}
    return shown | {name: variant[name] for name in _COPIED if name in variant}


def keep_properties(
    new: list[Properties], old: list[Properties], excluded: set[str]
) -> list[Properties]:
    """Return new variants with the counts and weights of the old ones of their names.

    `excluded` are the kinds of properties, in UpdateEndpoint's words, that are not kept.
    """
    kept = {"DesiredInstanceCount": "CurrentInstanceCount", "DesiredWeight": "CurrentWeight"}
    before = {variant["VariantName"]: variant for variant in old}
    result = []
    for variant in new:
        was = before.get(variant["VariantName"], {})
        carried: dict[str, Any] = {}
        for desired, current in kept.items():
            if desired not in excluded and desired in was and desired in variant:
                carried |= {desired: was[desired], current: was[desired]}
        result.append(variant | carried)
    return result


def check(store: SageMakerStore, config: Properties) -> None:
    """Refuse a configuration that SageMaker would refuse.

    Raises:
        AwsError: a model is missing, or the variants do not go together.
    """
    variants = config["ProductionVariants"]
    shadows = config.get("ShadowProductionVariants") or []
    if shadows and (len(variants), len(shadows)) != (1, 1):
        raise _invalid("A shadow variant needs exactly one production and one shadow variant.")
    names = [variant["VariantName"] for variant in [*variants, *shadows]]
    if len(set(names)) < len(names):
        raise _invalid("Duplicate variant names are not allowed.")
    for variant in [*variants, *shadows]:
        model = variant.get("ModelName")
        if model is not None and model not in store.models:
            raise not_found("model", store.arn_of("model", model))
        kinds = [name for name in ("InstanceType", "ServerlessConfig") if name in variant]
        if len(kinds) != 1 and "InstancePools" not in variant:
            raise _invalid(
                f"The variant {variant['VariantName']} needs either an InstanceType or a "
                "ServerlessConfig."
            )


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
