"""The endpoint config of an experiment: the champion as it serves, and the challenger beside it.

The champion's weight stays 1, so that keeping its properties over the update (an autoscaled one
must be kept) leaves the split as it is wanted. SageMaker refuses a guarded roll-out to other
variants, so the update that adds the challenger, and the one that takes it away, is all at once.
"""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.serving.domain.experiments import Kind
from thriftline.serving.domain.stickiness import CHALLENGER, CHAMPION

SHADOW = "shadow"
# An update makes all instances anew beside the old ones, which are billed until it has ended.
OVERLAP_HOURS = Decimal("0.5")
_KEPT = (
    "VariantName",
    "ModelName",
    "InitialInstanceCount",
    "InstanceType",
    "AcceleratorType",
    "VolumeSizeInGB",
    "ModelDataDownloadTimeoutInSeconds",
    "ContainerStartupHealthCheckTimeoutInSeconds",
    "EnableSSMAccess",
    "RoutingConfig",
    "InferenceAmiVersion",
    "CoreDumpConfig",
)
_KEPT_OF_CONFIG = ("KmsKeyId", "ExecutionRoleArn", "VpcConfig", "EnableNetworkIsolation")


@dataclass(frozen=True)
class Fleet:
    """What an experiment runs on. ``champion`` and ``challenger`` are instances."""

    instance_type: str
    champion: int
    challenger: int


def variant_name(kind: Kind) -> str:
    """Returns what the challenger's variant is called."""
    return SHADOW if kind is Kind.SHADOW else CHALLENGER


def obstacle(config: Mapping[str, Any]) -> str | None:
    """Returns why an experiment cannot run beside what a config serves, None when it can."""
    variants = config.get("ProductionVariants", ())
    if len(variants) != 1 or config.get("ShadowProductionVariants"):
        return "the endpoint has more than one variant already; end what uses them first"
    (only,) = variants
    if "ServerlessConfig" in only:
        return "a serverless endpoint has one variant only; use a real-time one"
    if "AsyncInferenceConfig" in config:
        return "an asynchronous endpoint splits no traffic; use a real-time one"
    if "ModelName" not in only:
        return "an endpoint of inference components has no variant for each model"
    if only["VariantName"] != CHAMPION:
        return f"its variant is called {only['VariantName']}, not {CHAMPION}: deploy it again"
    return None


def fleet_of(config: Mapping[str, Any], instances: int, kind: Kind, weight: float) -> Fleet:
    """Returns the instances of both: the challenger has what its share of the requests needs."""
    (only,) = config["ProductionVariants"]
    needed = max(1, math.ceil(round(instances * weight, 6)))
    return Fleet(only["InstanceType"], instances, needed)


def experiment_config(
    config: Mapping[str, Any],
    fleet: Fleet,
    kind: Kind,
    weight: float,
    challenger_model: str,
    capture: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Returns the request of the config that serves both models.

    Args:
        config: the one in use, as it is described.
        fleet: the instances of both.
        kind: how they meet the traffic.
        weight: the challenger's share, or the share that is sent to the shadow too.
        challenger_model: the name of its model.
        capture: the data capture, None for none.
    """
    (only,) = config["ProductionVariants"]
    kept = {name: only[name] for name in _KEPT if only.get(name) is not None}
    champion = {**kept, "InitialInstanceCount": fleet.champion, "InitialVariantWeight": 1.0}
    # w / (1 - w) beside 1 is the share w; a shadow's share is its weight over the champion's.
    beside_one = weight if kind is Kind.SHADOW else weight / (1 - weight)
    challenger = {
        **kept,
        "VariantName": variant_name(kind),
        "ModelName": challenger_model,
        "InitialInstanceCount": fleet.challenger,
        "InitialVariantWeight": round(beside_one, 6),
    }
    request = {name: config[name] for name in _KEPT_OF_CONFIG if config.get(name) is not None}
    if kind is Kind.SHADOW:
        request |= {"ProductionVariants": [champion], "ShadowProductionVariants": [challenger]}
    else:
        request["ProductionVariants"] = [champion, challenger]
    if capture is not None:
        request["DataCaptureConfig"] = dict(capture)
    return request


def cost_at_most(fleet: Fleet, rate: Decimal | None, hours: Decimal) -> Decimal | None:
    """Returns the dollars of both variants until the deadline; None where the rate is not known.

    Both updates, to two variants and back, are billed for old and new instances.
    """
    if rate is None:
        return None
    both = fleet.champion + fleet.challenger
    return rate * (both * hours + 2 * OVERLAP_HOURS * (both + fleet.champion))


def shares(weights: Mapping[str, float], kind: Kind) -> float | None:
    """Returns the challenger's share by the weights of the variants; None where it has none."""
    champion, challenger = weights.get(CHAMPION), weights.get(variant_name(kind))
    if not champion or challenger is None:
        return None
    return challenger / champion if kind is Kind.SHADOW else challenger / (champion + challenger)
