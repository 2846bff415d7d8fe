"""How long a training is expected to be billed: an estimate, from the measured volume of the data.

Every constant names where it comes from. Padding is counted as tokens where a program pads; ours
does not. The head and the optimiser are in the speed, which is that of whole training steps.
"""

from collections.abc import Iterable, Mapping

from thriftline.core.dataclass import dataclass
from thriftline.runs.domain.encoders import Encoder
from thriftline.runs.domain.search import Search
from thriftline.runs.domain.spans import Span
from thriftline.runs.domain.tokens import mean_tokens
from thriftline.runs.trainers.sagemaker.calibration import Speed, speed_of
from thriftline.runs.trainers.sagemaker.scaling import Gpus

# Mean of the squared length by the square of the mean, same texts: 1.17 to 1.26.
SQUARED_LENGTH_RATIO = 1.25
# A step launches about 90 kernels for a layer (1,071 counted for the 12 of BERT-base) at some 5
# microseconds; small models on large GPUs wait for that and not for the arithmetic.
LAUNCH_SECONDS_PER_LAYER = 90 * 5e-6
# Starting the program, loading the model, saving it: public fine-tunings on GPUs were billed 423
# and 455 seconds beside their training, with a container of 9.6 GB; small ones 79 to 171.
START_AND_END = Span(125, 200, 270)
# Image pulls: 9.6 GB in 180 seconds. Ours is 1.25 GB without CUDA and not measured with it.
BYTES_PER_SECOND = 50e6
IMAGE_GB = Span(1.25, 5.0, 9.6)
# S3 gives a large instance more than what an image pull showed.
_FASTEST_BYTES_PER_SECOND = 200e6
_BYTES_PER_WEIGHT = 4
# An evaluation is the forward pass, a third of training on the same records.
FORWARD_SHARE = 1 / 3
# The training program's own guess is one in 4 hours for scarce GPUs; most last longer.
INTERRUPTIONS_PER_HOUR = Span(0.0, 1 / 12, 1 / 4)
# Half of its longest checkpoint interval is lost, where the instance goes without notice.
_LOST_SECONDS = 60.0
WORK = ("work", "steps")


@dataclass(frozen=True)
class Workload:
    """What a run trains on and evaluates on. ``mean_characters`` is of one record's texts."""

    train_rows: int
    validation_rows: int
    test_rows: int
    mean_characters: float
    epochs: int
    batch_tokens: int
    max_length: int
    has_champion: bool
    search: Search | None = None
    """Trials of which the longest is what the other fields say."""
    is_frozen: bool = False
    """Whether the encoder reads the records once, and a head alone is trained."""
    is_read_first: bool = False
    """Whether it reads them once for a head, before all weights are trained."""

    @property
    def mean_tokens(self) -> float:
        """Tokens of a record after cutting at ``max_length``."""
        return mean_tokens(self.mean_characters, self.max_length)

    @property
    def tested_records(self) -> float:
        """What the test costs, in records trained on, and the reading for a head."""
        tested = self.test_rows * (2 if self.has_champion else 1)
        has_head = self.is_frozen or self.is_read_first
        read = self.train_rows + self.validation_rows if has_head else 0
        return (read + tested) * FORWARD_SHARE

    @property
    def validated_records(self) -> float:
        """What the evaluations after each epoch cost, in records trained on."""
        return self.epochs_trained * self.validation_rows * FORWARD_SHARE

    @property
    def epochs_trained(self) -> int:
        """Passes over the training split with its gradients."""
        return 0 if self.is_frozen else self.epochs

    @property
    def data_bytes(self) -> float:
        """All splits as text, where a character is a byte."""
        return (self.train_rows + self.validation_rows + self.test_rows) * self.mean_characters

    def model_bytes(self, encoder: Encoder) -> float:
        """What a job reads of models: the base model's weights, and the champion's."""
        return (2 if self.has_champion else 1) * encoder.parameters * _BYTES_PER_WEIGHT


@dataclass(frozen=True)
class JobTerms:
    """What else a job's time depends on. ``image_gb`` is None where its size is not known.

    Data that are not ``copied`` are read while they are tokenised, which is slower than reading.
    """

    spot: bool = False
    image_gb: float | None = None
    interruptions_per_hour: Span = INTERRUPTIONS_PER_HOUR
    copied: bool = True


ON_DEMAND = JobTerms()


@dataclass(frozen=True)
class ExpectedTime:
    """Billed seconds by what they go to. ``exchange``: the GPUs mostly wait for one another."""

    phases: Mapping[str, Span]
    exchange: bool

    @property
    def seconds(self) -> Span:
        """All of it."""
        return _sum(self.phases.values())

    @property
    def parts(self) -> tuple[Span, ...]:
        """What finished runs can tell apart: what does not grow with the work, then the work."""
        beside = _sum(span for name, span in self.phases.items() if name not in WORK)
        return (beside, *(self.phases[name] for name in WORK if name in self.phases))


def expected_time(
    workload: Workload, encoder: Encoder, gpus: Gpus, terms: JobTerms = ON_DEMAND
) -> ExpectedTime:
    """Returns how long a training is billed on some GPUs, a process on each, uninterrupted."""
    speed = speed_of(gpus.gpu.chip, encoder)
    work = work_seconds(workload, encoder, gpus, speed)
    phases = {**overhead(workload, encoder, terms), "work": speed_span(speed, work.seconds)}
    return ExpectedTime(phases, work.exchange)


def overhead(workload: Workload, encoder: Encoder, terms: JobTerms) -> dict[str, Span]:
    """Returns what is billed beside the work, once for each attempt."""
    image = IMAGE_GB if terms.image_gb is None else Span.exactly(terms.image_gb)
    uploaded = encoder.parameters * _BYTES_PER_WEIGHT
    copied = workload.data_bytes if terms.copied else 0.0
    return {
        "image": image.times(1e9 / BYTES_PER_SECOND),
        "start and end": START_AND_END,
        "download": _transfer(copied + workload.model_bytes(encoder)),
        "upload": _transfer(uploaded),
    }


def _transfer(size: float) -> Span:
    fast, slow = size / _FASTEST_BYTES_PER_SECOND, size / BYTES_PER_SECOND
    return Span(fast, slow, slow)


def _sum(parts: Iterable[Span]) -> Span:
    total = Span.exactly(0.0)
    for part in parts:
        total += part
    return total


def interruptions(alone: Span, seconds: Span, terms: JobTerms) -> Span:
    """Returns what the loss of Spot instances adds to some seconds, of which ``alone`` is overhead.

    Each loss costs the overhead again, and what was done since the last checkpoint.
    """
    if not terms.spot:
        return Span.exactly(0.0)
    rate, hours = terms.interruptions_per_hour, seconds.times(1 / 3600)
    return Span(
        rate.low * hours.low * alone.low,
        rate.likely * hours.likely * (alone.likely + _LOST_SECONDS / 2),
        rate.high * hours.high * (alone.high + _LOST_SECONDS),
    )


def speed_span(speed: Speed, likely_seconds: float) -> Span:
    """Returns the span of some work: a slow program takes longer."""
    return Span(
        likely_seconds / speed.spread.up, likely_seconds, likely_seconds / speed.spread.down
    )


@dataclass(frozen=True)
class Work:
    """Seconds of arithmetic, launches and exchange. ``exchange`` says which of them is longest."""

    seconds: float
    exchange: bool


def work_seconds(workload: Workload, encoder: Encoder, gpus: Gpus, speed: Speed) -> Work:
    """Returns how long the training and its evaluations probably take.

    The trials of a search have one GPU each; the best of them is trained to its end on all.
    """

    def part(on: Gpus, epochs: float, evaluated: float) -> Work:
        return _part(workload, encoder, on, speed, epochs, evaluated)

    epochs, validated = workload.epochs_trained, workload.validated_records
    end = part(gpus, 0, workload.tested_records)
    whole = part(gpus, epochs, validated)
    if workload.search is None:
        return Work(whole.seconds + end.seconds, whole.exchange)
    one = Gpus(gpus.gpu)
    alone = part(one, epochs, validated)
    judged = part(one, 0, workload.validation_rows * FORWARD_SHARE)
    searched = sum(
        waves * (share * alone.seconds + judged.seconds)
        for waves, share in workload.search.waves(gpus.count)
    )
    last = workload.search.parts[-1][1] * whole.seconds
    return Work(searched + last + end.seconds, whole.exchange)


def record_flops(workload: Workload, encoder: Encoder) -> float:
    """Returns the arithmetic of training on one record of the mean length."""
    length = workload.mean_tokens
    squared = min(length**2 * SQUARED_LENGTH_RATIO, float(workload.max_length) * length)
    return encoder.training_flops(length, squared)


def _part(
    workload: Workload,
    encoder: Encoder,
    gpus: Gpus,
    speed: Speed,
    epochs: float,
    evaluated: float,
) -> Work:
    """Returns the time of some epochs and of evaluations worth so many trained records."""
    records = epochs * workload.train_rows + evaluated
    reached = speed.tflops * 1e12 * gpus.count * gpus.share
    arithmetic = record_flops(workload, encoder) * records / reached
    steps_per_record = workload.mean_tokens / workload.batch_tokens
    # Every GPU launches the kernels of every step, however few its rows are.
    launches = records * steps_per_record * encoder.layers * LAUNCH_SECONDS_PER_LAYER
    trained = epochs * workload.train_rows * steps_per_record
    exchange = trained * gpus.exchange_seconds(encoder)
    working = max(arithmetic, launches)
    return Work(max(working, exchange), exchange > working)
