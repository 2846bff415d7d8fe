"""What a run will probably cost on one type or another, with what the figure rests on."""

from dataclasses import dataclass
from math import ceil

from thriftline.core.wording import counted
from thriftline.runs.domain.encoders import Encoder
from thriftline.runs.domain.quotes import Amount, Expectation
from thriftline.runs.domain.spans import Span
from thriftline.runs.trainers.sagemaker.calibration import speed_of
from thriftline.runs.trainers.sagemaker.expected_time import (
    ON_DEMAND,
    ExpectedTime,
    JobTerms,
    Workload,
    expected_time,
)
from thriftline.runs.trainers.sagemaker.fitting import fits_memory
from thriftline.runs.trainers.sagemaker.priced_instances import PricedInstances
from thriftline.runs.trainers.sagemaker.scaling import SOURCE, Gpus

# With one GPU, from the cheapest up, and two with four.
CANDIDATE_TYPES = (
    "ml.g4dn.xlarge",
    "ml.g6.xlarge",
    "ml.g5.xlarge",
    "ml.g6e.xlarge",
    "ml.g7e.2xlarge",
    "ml.p5.4xlarge",
    "ml.g6.12xlarge",
    "ml.g5.12xlarge",
)


@dataclass(frozen=True)
class Job:
    """What is to be estimated. None is unknown."""

    workload: Workload | None
    encoder: Encoder | None
    base_model: str
    terms: JobTerms = ON_DEMAND


def estimate(instances: PricedInstances, job: Job, *, max_runtime_seconds: int) -> Expectation:
    """Returns the estimate at the on-demand rate, never above the worst case."""
    workload, encoder = job.workload, job.encoder
    if workload is None:
        return _unknown("the volume of the data is not known")
    if encoder is None:
        return _unknown(f"the size of {job.base_model} is not known")
    gpus = Gpus.of(instances.instance_type, instances.instance_count)
    if gpus is None:
        return _unknown(f"the speed of {instances.instance_type} is not known")
    if not gpus.is_joined:
        return _unknown(f"the network of {instances.instance_type} is not known")
    if not fits_memory(encoder, gpus):
        return _unknown(
            f"{job.base_model} may not fit the {gpus.gpu.memory_gib:.3g} GiB of {_named(gpus)}"
        )
    expected = expected_time(workload, encoder, gpus, job.terms)
    return expectation(
        instances,
        expected.seconds,
        max_runtime_seconds,
        reason=_reason(workload, encoder, gpus, expected),
        warning=_exchange_warning(gpus, workload) if expected.exchange else None,
    )


def expectation(
    instances: PricedInstances,
    seconds: Span,
    limit: int,
    *,
    reason: str,
    warning: str | None = None,
) -> Expectation:
    """Returns some seconds with what is billed for them within the limit of a job."""

    def amount(value: float) -> Amount:
        whole = ceil(value)
        return Amount(whole, instances.expected_usd(min(whole, limit)))

    likely = amount(seconds.likely)
    return Expectation(
        likely.seconds,
        likely.usd,
        reason,
        warning,
        low=amount(seconds.low),
        high=amount(seconds.high),
    )


def _unknown(why: str) -> Expectation:
    return Expectation(None, None, f"Not estimated: {why}.")


def _reason(workload: Workload, encoder: Encoder, gpus: Gpus, expected: ExpectedTime) -> str:
    speed = speed_of(gpus.gpu.chip, encoder)
    together = (
        f" each, of which {gpus.count} together reach {gpus.share:.0%} ({SOURCE})"
        if gpus.count > 1
        else ""
    )
    beside = sum(span.likely for name, span in expected.phases.items() if name != "work")
    return (
        f"{counted(workload.train_rows, 'record')} of about {workload.mean_tokens:.0f} tokens "
        f"{_times(workload)}, and the evaluations, on {_named(gpus)} at "
        f"{speed.tflops:.3g} TFLOP/s{together} ({speed.basis}), with {beside:.0f} seconds for "
        "the image, the start, the transfers and the end. An estimate at the on-demand rate, not "
        "a measurement; Spot bills less."
    )


def _times(workload: Workload) -> str:
    if workload.is_frozen:
        return "read once by the frozen encoder"
    times = f"for {counted(workload.epochs, 'epoch')}"
    search = workload.search
    if search is None:
        return times
    return (
        f"{times} in a search of {counted(search.trials, 'trial')}, {search.cost:.3g} times that "
        "at most"
    )


def _named(gpus: Gpus) -> str:
    if gpus.count == 1:
        return f"one {gpus.gpu.name}"
    of_instances = f" of {gpus.instances} instances" if gpus.instances > 1 else ""
    return f"{gpus.count} {gpus.gpu.name}{of_instances}"


def _exchange_warning(gpus: Gpus, workload: Workload) -> str:
    return (
        f"With hyperparameters.batch_tokens of {workload.batch_tokens:,} the {gpus.count} GPUs are "
        "expected to exchange gradients for longer than they compute; a larger value, or fewer "
        "GPUs, makes better use of them."
    )
