"""What a run will probably cost on one type or another, with what the figure rests on."""

from math import ceil

from thriftline.core.wording import counted
from thriftline.runs.domain.encoders import Encoder
from thriftline.runs.domain.quotes import Expectation
from thriftline.runs.trainers.sagemaker.expected_time import (
    FIXED_SECONDS,
    UTILISATION,
    Workload,
    expected_time,
    fits_memory,
)
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


def estimate(
    instances: PricedInstances,
    workload: Workload | None,
    encoder: Encoder | None,
    *,
    base_model: str,
    max_runtime_seconds: int,
) -> Expectation:
    """Returns the estimate at the on-demand rate, never above the worst case."""
    if workload is None:
        return Expectation(None, None, "Not estimated: the volume of the data is not known.")
    if encoder is None:
        return Expectation(None, None, f"Not estimated: the size of {base_model} is not known.")
    gpus = Gpus.of(instances.instance_type, instances.instance_count)
    if gpus is None:
        return Expectation(
            None, None, f"Not estimated: the speed of {instances.instance_type} is not known."
        )
    if not gpus.is_joined:
        return Expectation(
            None, None, f"Not estimated: the network of {instances.instance_type} is not known."
        )
    if not fits_memory(encoder, gpus):
        return Expectation(
            None,
            None,
            f"Not estimated: {base_model} may not fit the {gpus.gpu.memory_gib} GiB of "
            f"{_named(gpus)}.",
        )
    expected = expected_time(workload, encoder, gpus)
    seconds = ceil(expected.seconds)
    billed = min(seconds, max_runtime_seconds)
    usd = instances.worst_case_usd(billed)
    warning = _exchange_warning(gpus, workload) if expected.exchange else None
    return Expectation(seconds, usd, _reason(workload, gpus), warning)


def _reason(workload: Workload, gpus: Gpus) -> str:
    together = (
        f" each, of which {gpus.count} together reach {gpus.share:.0%} ({SOURCE})"
        if gpus.count > 1
        else ""
    )
    return (
        f"{counted(workload.train_rows, 'record')} of about {workload.mean_tokens:.0f} tokens "
        f"{_times(workload)}, and the evaluations, on {_named(gpus)} at "
        f"{UTILISATION:.0%} of {gpus.gpu.peak_tflops:g} {gpus.gpu.precision} TFLOP/s{together}, "
        f"with {FIXED_SECONDS:.0f} seconds to start and to end. An estimate at the on-demand "
        "rate, not a measurement; Spot bills less."
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
