"""What a month of predictions costs on an endpoint that stands all month.

The endpoint is the cheapest of a few types that answer the month's predictions with half of what
they can compute. Nobody has measured our image's ``serve`` on them: the speed of a core is half of
what one thread was measured at (docs/benchmarks.md), that of a GPU is what it fine-tunes at.
"""

from collections.abc import Sequence
from decimal import Decimal
from math import ceil

from thriftline.core.dataclass import dataclass
from thriftline.core.wording import counted
from thriftline.money.instances import gpus_of, hardware_of
from thriftline.money.prices import Price, PriceCatalogue
from thriftline.runs.domain.costs import HOURS_PER_MONTH, CostRow, MonthlyCost, Standing
from thriftline.runs.domain.encoders import WELL_KNOWN, Encoder
from thriftline.runs.domain.tokens import mean_tokens
from thriftline.runs.domain.work import TrainingWork
from thriftline.runs.trainers.sagemaker.calibration import speed_of

# From the cheapest up; each is priced, or left out.
SERVING_TYPES = (
    "ml.m5.large",
    "ml.c5.xlarge",
    "ml.c5.2xlarge",
    "ml.g4dn.xlarge",
    "ml.g6.xlarge",
    "ml.g5.xlarge",
)
USED_SHARE = 0.5
_FLOPS_PER_CORE = 45e9
_THREADS_PER_CORE = 2
_FORWARD_SHARE = 1 / 3
# Of a request besides the model: the network inside the region and the program.
_REQUEST_SECONDS = 0.02
_ASSUMED = "bert-base-uncased"


@dataclass(frozen=True)
class _Server:
    """A type at its price, and how many predictions a second it computes for the work."""

    name: str
    rate: Price
    per_second: float

    @property
    def usd(self) -> Decimal:
        """A month of one."""
        return self.rate.usd * HOURS_PER_MONTH

    @property
    def most_predictions(self) -> int:
        """What one answers in a month with half of what it can compute."""
        return int(self.per_second * USED_SHARE * 3600 * HOURS_PER_MONTH)

    def needed(self, predictions: int) -> int:
        """How many of them the month's predictions need."""
        return max(1, ceil(predictions / max(1, self.most_predictions)))

    def is_quick(self, latency_ms: int | None) -> bool:
        """Whether one prediction is computed in time."""
        return latency_ms is None or 1000 * (1 / self.per_second + _REQUEST_SECONDS) <= latency_ms


def month(
    work: TrainingWork, predictions: int, catalogue: PriceCatalogue, region: str
) -> MonthlyCost:
    """Returns the cheapest suitable endpoint's month; no predictions need none."""
    if work.mean_characters is None:
        return MonthlyCost(None, "An endpoint is not priced: the length of the texts is not known.")
    encoder = work.encoder or WELL_KNOWN[_ASSUMED]
    servers = _servers(encoder, work, catalogue, region)
    standing = tuple(Standing(one.name, one.usd, one.most_predictions) for one in servers)
    quick = [one for one in servers if one.is_quick(work.latency_ms)]
    if servers and not quick:
        late = _late(servers, work.latency_ms)
        return MonthlyCost(None, late, standing=standing, refusal=late)
    if not predictions:
        zero = Decimal(0)
        reason = "A run makes no endpoint; what is kept lies in S3, for less than a cent a month."
        return MonthlyCost(zero, reason, fixed_usd=zero, standing=standing)
    if not servers:
        return MonthlyCost(
            None, f"An endpoint is not priced: the catalogue has no hosting rate of {region}."
        )
    best = min(quick, key=lambda one: (one.usd * one.needed(predictions), one.name))
    return _of(best, predictions, standing, _basis(work, best))


def _servers(
    encoder: Encoder, work: TrainingWork, catalogue: PriceCatalogue, region: str
) -> Sequence[_Server]:
    length = mean_tokens(work.mean_characters or 0.0, _max_length(work))
    flops = encoder.training_flops(length, length * length) * _FORWARD_SHARE
    found = []
    for name in SERVING_TYPES:
        rate, speed = catalogue.hosting_rate(name, region), _flops_of(name, encoder)
        if rate is not None and speed:
            found.append(_Server(name, rate, speed / flops))
    return found


def _max_length(work: TrainingWork) -> int:
    return int(str(work.hyperparameters["max_length"]))


def _flops_of(instance_type: str, encoder: Encoder) -> float | None:
    if found := gpus_of(instance_type):
        gpu, count = found
        return speed_of(gpu.chip, encoder).tflops * 1e12 * count
    hardware = hardware_of(instance_type)
    if hardware is None or hardware.gpu_count:
        return None
    return max(1, hardware.vcpus // _THREADS_PER_CORE) * _FLOPS_PER_CORE


def _of(
    best: _Server, predictions: int, standing: tuple[Standing, ...], reason: str
) -> MonthlyCost:
    count = best.needed(predictions)
    usd = best.usd * count
    what = f"endpoint of {count} x {best.name}, all month"
    row = CostRow("predictions", what, Decimal(count * HOURS_PER_MONTH), best.rate, usd)
    return MonthlyCost(
        usd, reason, (row,), fixed_usd=usd, usd_per_million=Decimal(0), standing=standing
    )


def _basis(work: TrainingWork, best: _Server) -> str:
    model = work.base_model
    if work.encoder is None:
        model = f"{model}, whose size is not known and is taken for that of {_ASSUMED}"
    return (
        f"The endpoint is the cheapest that answers them with half of what it computes: one "
        f"{best.name} computes about {best.per_second:,.3g} texts a second with {model}. That is "
        "an estimate, not a measurement."
    )


def _late(servers: Sequence[_Server], latency_ms: int | None) -> str:
    return (
        f"None of {counted(len(servers), 'type')} of endpoint answers within {latency_ms} ms "
        f"(`needs.latency_ms`), by what they compute: {', '.join(one.name for one in servers)}."
    )
