"""The variants of endpoints: from a configuration to what DescribeEndpoint shows."""

from typing import Any

from local_aws.services.sagemaker_store import Properties

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
