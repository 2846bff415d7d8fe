"""What a run will probably cost on one type or another, with what the figure rests on."""

from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from thriftline.money.instances import gpus_of
from thriftline.runs.domain.encoders import Encoder
from thriftline.runs.domain.expected_time import (
    FIXED_SECONDS,
    UTILISATION,
    Workload,
    expected_seconds,
    fits_memory,
)
from thriftline.runs.domain.plan import Offer, round_up

# One GPU each, from the cheapest up: the training program uses one.
CANDIDATE_TYPES = (
    "ml.g4dn.xlarge",
    "ml.g6.xlarge",
    "ml.g5.xlarge",
    "ml.g6e.xlarge",
    "ml.g7e.2xlarge",
    "ml.p5.4xlarge",
)


@dataclass(frozen=True)
class Estimate:
    """``seconds`` is what the work needs, ``usd`` what is billed for it within the run's limit."""

    seconds: int | None
    usd: Decimal | None
    reason: str

    @property
    def hours(self) -> Decimal | None:
        """The time needed, to a thousandth of an hour."""
        if self.seconds is None:
            return None
        return (Decimal(self.seconds) / 3600).quantize(Decimal("0.001"))


def estimate(
    offer: Offer,
    workload: Workload | None,
    encoder: Encoder | None,
    *,
    base_model: str,
    max_runtime_seconds: int,
) -> Estimate:
    """Returns the estimate at the on-demand rate, never above the worst case."""
    if workload is None:
        return Estimate(None, None, "Not estimated: the volume of the data is not known.")
    if encoder is None:
        return Estimate(None, None, f"Not estimated: the size of {base_model} is not known.")
    found = gpus_of(offer.instance_type)
    if found is None:
        return Estimate(
            None, None, f"Not estimated: the speed of {offer.instance_type} is not known."
        )
    gpu, _ = found
    if not fits_memory(encoder, gpu):
        return Estimate(
            None,
            None,
            f"Not estimated: {base_model} may not fit the {gpu.memory_gib} GiB of {gpu.name}.",
        )
    seconds = ceil(expected_seconds(workload, encoder, gpu))
    billed = min(seconds, max_runtime_seconds)
    reason = (
        f"{workload.train_rows:,} records of about {workload.mean_tokens:.0f} tokens for "
        f"{workload.epochs} epochs, and the evaluations, on one {gpu.name} at "
        f"{UTILISATION:.0%} of {gpu.peak_tflops:g} {gpu.precision} TFLOP/s, with "
        f"{FIXED_SECONDS:.0f} seconds to start and to end. An estimate at the on-demand rate, "
        "not a measurement; Spot bills less."
    )
    usd = round_up(offer.instance_usd(billed) + offer.storage_usd(billed))
    return Estimate(seconds, usd, reason)
