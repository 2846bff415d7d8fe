"""Which fleet and which variant of an endpoint answers a request."""

import random
from dataclasses import dataclass

from local_aws.http.own_calls import AwsError
from local_aws.services.sagemaker_store import Endpoint, Fleet, FleetState, Properties


@dataclass(frozen=True)
class Route:
    """Where one request goes.

    Args:
        fleet: whose instances answer; its `config` is the name of the configuration.
        variant: the variant as that configuration says it.
        shadow: the shadow variant that gets a copy of this request, if one does.
    """

    fleet: Fleet
    variant: Properties
    shadow: Properties | None = None


def route(endpoint: Endpoint, target_variant: str | None, draw: random.Random) -> Route:
    """Draw who answers a request: by the weights of the variants, and the shares of the fleets.

    `target_variant` overrides the weights and not the shares.

    Raises:
        AwsError: nothing serves, or no variant has the name that is asked for.
    """
    serving = [fleet for fleet in endpoint.fleets if fleet.state is FleetState.SERVING]
    if not serving:
        raise AwsError("ValidationError", f"Endpoint {endpoint.name} has nothing that serves.")
    places = [
        (fleet, variant["VariantName"])
        for fleet in serving
        for variant in fleet.variants
        if target_variant in (None, variant["VariantName"])
        and fleet.shares.get(variant["VariantName"], 0.0) > 0
    ]
    if not places:
        raise AwsError(
            "ValidationError",
            f"Variant {target_variant} not found for endpoint {endpoint.name}.",
        )
    chances = [
        fleet.shares[name] * (1.0 if target_variant else fleet.weights.get(name, 0.0))
        for fleet, name in places
    ]
    if sum(chances) <= 0:
        raise AwsError(
            "ValidationError", f"All variants of endpoint {endpoint.name} have the weight 0."
        )
    fleet, name = draw.choices(places, chances)[0]
    variant = fleet.variant(name)
    return Route(fleet, variant, _shadow(fleet, name, draw))


def container_of(component: Properties, draw: random.Random) -> str:
    """Draw the container of an inference component that answers a request.

    While a component is updated its copies are those of two specifications.
    """
    following = component.get("_next")
    if following is not None and draw.random() < following["share"]:
        return str(following["_key"])
    return str(component.get("_key", component["InferenceComponentName"]))


def _shadow(fleet: Fleet, production: str, draw: random.Random) -> Properties | None:
    """Return the shadow variant where this request is one of its sample."""
    for shadow in fleet.shadows:
        weight = fleet.weights.get(production, 0.0)
        part = fleet.weights.get(shadow["VariantName"], 0.0) / weight if weight else 1.0
        if draw.random() < part:
            return shadow
    return None
