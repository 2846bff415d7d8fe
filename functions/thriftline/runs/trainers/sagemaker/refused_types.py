"""Instance types that SageMaker has and Thriftline does not train on, each with the reason.

AWS's own accelerators run none of CUDA. Their native backend for PyTorch is in beta and wants
Trainium 2 or later, which SageMaker offers as one type of 16 chips; the backend of the cheap
Trainium 1 is not in the newer releases any more, and the training program needs a newer PyTorch.
"""

import re

from thriftline.core.errors import InvalidRunSpecError
from thriftline.money.prices import PriceCatalogue

_ACCELERATORS = re.compile(r"ml\.(?P<family>trn|inf)(?P<generation>\d+)[a-z]*\..+")
_INSTEAD = ("ml.g5.xlarge", "ml.g6.xlarge")


def require_trainable(instance_type: str, catalogue: PriceCatalogue, region: str) -> None:
    """Checks that the training program runs on a type.

    Raises:
        InvalidRunSpecError: with the reason, and the price of what does run it.
    """
    found = _ACCELERATORS.fullmatch(instance_type)
    if found is None:
        return
    raise InvalidRunSpecError(
        f"training.instance_type: {instance_type} has AWS's own chips, and the training program "
        f"does not run there: {_reason(found['family'], int(found['generation']))} "
        f"{_instead(catalogue, region)} Nothing was spent."
    )


def _reason(family: str, generation: int) -> str:
    if family == "inf":
        return (
            "Inferentia is for inference, its PyTorch backend is not in the current Neuron SDK, "
            "and SageMaker trains on none of it."
        )
    if generation == 1:
        return (
            "the PyTorch backend of Trainium 1 is not in the current Neuron SDK (2.32 and later), "
            "and its last containers have PyTorch 2.7, where the program needs 2.13."
        )
    return (
        "the native PyTorch backend of Trainium 2 is a public beta, its attention over packed rows "
        "is not there, and nobody has run the program on it. An image of one's own for it can be "
        "built (training_image/README.md, BASE_IMAGE)."
    )


def _instead(catalogue: PriceCatalogue, region: str) -> str:
    rates = {name: catalogue.training_rate(name, region) for name in _INSTEAD}
    priced = [f"{name} ({rate.usd} USD an hour)" for name, rate in rates.items() if rate]
    return f"Take {' or '.join(priced or _INSTEAD)} in its place."
