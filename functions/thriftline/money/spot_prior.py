"""What is known of Spot before anybody has asked: savings by family, measured elsewhere, dated.

EC2's Spot advisor, the file of 2025-06-28: savings over the month before, all regions. SageMaker
draws on the same market; of its own jobs public logs show 54 to 79 %, and never 90.
"""

from thriftline.core.dataclass import dataclass

SOURCE = "EC2's Spot advisor of 2025-06-28"
OWN_LOGS = "public logs of SageMaker's jobs, 2021 to 2025"


@dataclass(frozen=True)
class Prior:
    """The saving that Spot probably brings, as shares of the rate on demand, and who says so."""

    low: float
    likely: float
    high: float
    source: str


# The tenth, the fiftieth and the ninetieth of a hundred regions.
_FAMILIES = {
    "g4dn": (0.56, 0.67, 0.85),
    "g5": (0.53, 0.66, 0.87),
    "g6": (0.54, 0.66, 0.86),
    "g6e": (0.54, 0.65, 0.75),
    "p4d": (0.34, 0.57, 0.90),
    "p5": (0.27, 0.52, 0.81),
    "trn1": (0.69, 0.74, 0.87),
}
# Where one place is known, it is right about itself.
_PLACES = {
    ("g4dn", "xlarge", "us-east-1"): 0.64,
    ("g4dn", "xlarge", "us-west-2"): 0.64,
    ("g5", "xlarge", "us-east-1"): 0.59,
    ("g5", "xlarge", "us-west-2"): 0.63,
    ("g5", "2xlarge", "us-east-1"): 0.58,
    ("g5", "2xlarge", "us-west-2"): 0.59,
    ("g6", "xlarge", "us-east-1"): 0.49,
    ("g6", "xlarge", "us-west-2"): 0.47,
    ("g6e", "xlarge", "us-east-1"): 0.58,
    ("g6e", "xlarge", "us-west-2"): 0.50,
    ("p4d", "24xlarge", "us-east-1"): 0.67,
    ("p4d", "24xlarge", "us-west-2"): 0.53,
    ("p5", "48xlarge", "us-east-1"): 0.52,
    ("p5", "48xlarge", "us-west-2"): 0.46,
    # Spot was more expensive than on demand.
    ("p5", "48xlarge", "ca-central-1"): -0.62,
}
# A new account's, whatever the type.
_ANY = (0.45, 0.62, 0.70)
_NEAR = 0.1


def prior_of(instance_type: str, region: str) -> Prior:
    """Returns what is known of a type, such as ``ml.g5.xlarge``, or else of any."""
    _, family, size = instance_type.split(".", 2)
    place = _PLACES.get((family, size, region))
    if place is not None:
        return Prior(place - _NEAR, place, place + _NEAR, f"{SOURCE}, {region}")
    known = _FAMILIES.get(family)
    if known is not None:
        return Prior(*known, f"{SOURCE}, all regions")
    return Prior(*_ANY, OWN_LOGS)
