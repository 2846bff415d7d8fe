"""What a run will probably cost on one type or another, with what the figure rests on."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from math import ceil

from thriftline.core.dataclass import dataclass
from thriftline.core.wording import counted
from thriftline.money.instances import hardware_of
from thriftline.runs.domain.encoders import Encoder
from thriftline.runs.domain.own_record import FEWEST_RUNS, Correction, Observation, correction
from thriftline.runs.domain.quotes import Amount, Expectation
from thriftline.runs.domain.spans import Span
from thriftline.runs.trainers.sagemaker.calibration import speed_of
from thriftline.runs.trainers.sagemaker.cpu_time import FEWEST_RUNS as FEWEST_CPU_RUNS
from thriftline.runs.trainers.sagemaker.cpu_time import cpu_time
from thriftline.runs.trainers.sagemaker.expected_time import (
    ON_DEMAND,
    ExpectedTime,
    JobTerms,
    Workload,
    expected_time,
    interruptions,
)
from thriftline.runs.trainers.sagemaker.fitting import fits_memory
from thriftline.runs.trainers.sagemaker.lessons import Lesson
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
    """What is to be estimated. None is unknown. ``lessons`` are the project's finished runs."""

    workload: Workload | None
    encoder: Encoder | None
    base_model: str
    terms: JobTerms = ON_DEMAND
    lessons: Sequence[Lesson] = ()


def estimate(instances: PricedInstances, job: Job, *, max_runtime_seconds: int) -> Expectation:
    """Returns the estimate at the on-demand rate, never above the worst case."""
    workload, encoder = job.workload, job.encoder
    if workload is None:
        return _unknown("the volume of the data is not known")
    if encoder is None:
        return _unknown(f"the size of {job.base_model} is not known")
    known = _Known(instances, workload, encoder, job)
    gpus = Gpus.of(instances.instance_type, instances.instance_count)
    if gpus is None:
        return _on_processors(known, max_runtime_seconds)
    if not gpus.is_joined:
        return _unknown(f"the network of {instances.instance_type} is not known")
    if not fits_memory(encoder, gpus):
        return _unknown(
            f"{job.base_model} may not fit the {gpus.gpu.memory_gib:.3g} GiB of {_named(gpus)}"
        )
    return _on_gpus(known, gpus, max_runtime_seconds)


@dataclass(frozen=True)
class _Known:
    """A job of which the data and the model are known."""

    instances: PricedInstances
    workload: Workload
    encoder: Encoder
    job: Job

    @property
    def lessons(self) -> tuple[Lesson, ...]:
        """The finished runs of the same model on the same instances."""
        wanted = self.instances.instance_type, self.instances.instance_count, self.encoder
        return tuple(
            lesson
            for lesson in self.job.lessons
            if (lesson.instance_type, lesson.instance_count, lesson.encoder) == wanted
        )

    def seconds(self, expected: ExpectedTime, learned: Correction | None) -> Span:
        """Returns the time with what the finished runs teach, and interruptions on Spot."""
        parts = expected.parts
        seconds = expected.seconds
        if learned is not None:
            seconds = learned.predict([part.likely for part in parts])
        return seconds + interruptions(parts[0], seconds, self.job.terms)

    def learned(
        self, model: Callable[[Workload, Encoder], ExpectedTime], fewest: int
    ) -> Correction | None:
        """Returns what the finished runs teach about a model of the time."""
        lessons = self.lessons
        if len(lessons) < fewest:
            return None
        observations = [
            Observation(
                tuple(part.likely for part in model(one.workload, one.encoder).parts), one.seconds
            )
            for one in lessons
        ]
        return correction(model(self.workload, self.encoder).parts, observations)


def _on_gpus(known: _Known, gpus: Gpus, limit: int) -> Expectation:
    def model(workload: Workload, encoder: Encoder) -> ExpectedTime:
        return expected_time(workload, encoder, gpus, known.job.terms)

    expected = model(known.workload, known.encoder)
    learned = known.learned(model, FEWEST_RUNS)
    return expectation(
        known.instances,
        known.seconds(expected, learned),
        limit,
        reason=_reason(known, gpus, expected) + _own(learned),
        warning=_exchange_warning(gpus, known.workload) if expected.exchange else None,
    )


def _on_processors(known: _Known, limit: int) -> Expectation:
    """A type whose speed nobody has measured is estimated by the project's own runs alone."""
    name = known.instances.instance_type
    hardware = hardware_of(name)
    if hardware is None or hardware.gpu_count:
        return _unknown(f"the speed of {name} is not known")

    def model(workload: Workload, encoder: Encoder) -> ExpectedTime:
        return cpu_time(workload, encoder, hardware, known.job.terms)

    learned = known.learned(model, FEWEST_CPU_RUNS)
    if learned is None:
        return _unknown(
            f"the speed of {name} is not known, until {FEWEST_CPU_RUNS} runs of this project with "
            f"this model have finished on it; {counted(len(known.lessons), 'run')} of it so far"
        )
    return expectation(
        known.instances,
        known.seconds(model(known.workload, known.encoder), learned),
        limit,
        reason=f"{_amount(known.workload)}, and the evaluations, on {name}." + _own(learned),
    )


def _own(learned: Correction | None) -> str:
    if learned is None:
        return ""
    return (
        f" By what this project's {counted(learned.runs, 'finished run')} of the same model on the "
        "same type took."
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

    def amount(value: float, usd: Callable[[int], Decimal] = instances.expected_usd) -> Amount:
        whole = ceil(value)
        return Amount(whole, usd(min(whole, limit)))

    likely = amount(seconds.likely)
    return Expectation(
        likely.seconds,
        likely.usd,
        reason,
        warning,
        low=amount(seconds.low, instances.least_usd),
        high=amount(seconds.high),
    )


def _unknown(why: str) -> Expectation:
    return Expectation(None, None, f"Not estimated: {why}.")


def _amount(workload: Workload) -> str:
    return (
        f"{counted(workload.train_rows, 'record')} of about {workload.mean_tokens:.0f} tokens "
        f"{_times(workload)}"
    )


def _reason(known: _Known, gpus: Gpus, expected: ExpectedTime) -> str:
    speed = speed_of(gpus.gpu.chip, known.encoder)
    together = (
        f" each, of which {gpus.count} together reach {gpus.share:.0%} ({SOURCE})"
        if gpus.count > 1
        else ""
    )
    return (
        f"{_amount(known.workload)}, and the evaluations, on {_named(gpus)} at "
        f"{speed.tflops:.3g} TFLOP/s{together} ({speed.basis}), with "
        f"{expected.parts[0].likely:.0f} seconds for "
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
