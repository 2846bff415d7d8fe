"""How long a training is expected to take: an estimate, from the measured volume of the data.

Every constant names where it comes from. Padding, the head and the optimiser are not counted one
by one; the utilisation, which is of whole training steps, holds them.
"""

from dataclasses import dataclass

from thriftline.runs.domain.encoders import Encoder
from thriftline.runs.domain.search import Search
from thriftline.runs.domain.tokens import mean_tokens
from thriftline.runs.trainers.sagemaker.scaling import Gpus

# Mean of the squared length by the square of the mean, same texts: 1.17 to 1.26.
SQUARED_LENGTH_RATIO = 1.25
# Share of the peak that a fine-tuning step reaches. NVIDIA's DeepLearningExamples give 26 to 32 %
# of an A100's peak for BERT-large; the Hugging Face Trainer came to 16 % of it for BERT-base.
UTILISATION = 0.25
# A step launches about 90 kernels for a layer (1,071 counted for the 12 of BERT-base) at some 5
# microseconds; small models on large GPUs wait for that and not for the arithmetic.
LAUNCH_SECONDS_PER_LAYER = 90 * 5e-6
# Image and data download, loading the model, saving and uploading it: billed, and not measured
# yet on AWS. Waiting for the instance comes before and is not billed.
FIXED_SECONDS = 240.0
# An evaluation is the forward pass, a third of training on the same records.
FORWARD_SHARE = 1 / 3
# Weights, gradients and AdamW's two moments in fp32, and half the memory for activations.
_BYTES_PER_PARAMETER = 16
_MEMORY_SHARE = 0.5


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

    @property
    def mean_tokens(self) -> float:
        """Tokens of a record after cutting at ``max_length``."""
        return mean_tokens(self.mean_characters, self.max_length)

    @property
    def tested_records(self) -> float:
        """What the test costs, in records trained on; a frozen encoder only reads them all."""
        tested = self.test_rows * (2 if self.has_champion else 1)
        read = self.train_rows + self.validation_rows if self.is_frozen else 0
        return (read + tested) * FORWARD_SHARE

    @property
    def validated_records(self) -> float:
        """What the evaluations after each epoch cost, in records trained on."""
        return self.epochs_trained * self.validation_rows * FORWARD_SHARE

    @property
    def epochs_trained(self) -> int:
        """Passes over the training split with its gradients."""
        return 0 if self.is_frozen else self.epochs


@dataclass(frozen=True)
class ExpectedTime:
    """Billed seconds. ``exchange`` says that the GPUs mostly wait for one another's gradients."""

    seconds: float
    exchange: bool


def expected_time(workload: Workload, encoder: Encoder, gpus: Gpus) -> ExpectedTime:
    """Returns how long a training takes on some GPUs, a process on each.

    The trials of a search have one GPU each; the best of them is trained to its end on all.
    """
    end = _part(workload, encoder, gpus, 0, workload.tested_records)
    whole = _part(workload, encoder, gpus, workload.epochs_trained, workload.validated_records)
    if workload.search is None:
        return ExpectedTime(FIXED_SECONDS + whole.seconds + end.seconds, whole.exchange)
    alone = _part(
        workload, encoder, Gpus(gpus.gpu), workload.epochs_trained, workload.validated_records
    )
    judged = _part(workload, encoder, Gpus(gpus.gpu), 0, workload.validation_rows * FORWARD_SHARE)
    searched = sum(
        waves * (share * alone.seconds + judged.seconds)
        for waves, share in workload.search.waves(gpus.count)
    )
    last = workload.search.parts[-1][1] * whole.seconds
    return ExpectedTime(FIXED_SECONDS + searched + last + end.seconds, whole.exchange)


def _part(
    workload: Workload, encoder: Encoder, gpus: Gpus, epochs: float, evaluated: float
) -> ExpectedTime:
    """Returns the time of some epochs and of evaluations worth so many trained records."""
    length = workload.mean_tokens
    squared = min(length**2 * SQUARED_LENGTH_RATIO, float(workload.max_length) * length)
    records = epochs * workload.train_rows + evaluated
    speed = gpus.gpu.peak_tflops * 1e12 * UTILISATION * gpus.count * gpus.share
    arithmetic = encoder.training_flops(length, squared) * records / speed
    steps_per_record = length / workload.batch_tokens
    # Every GPU launches the kernels of every step, however few its rows are.
    launches = records * steps_per_record * encoder.layers * LAUNCH_SECONDS_PER_LAYER
    trained = epochs * workload.train_rows * steps_per_record
    exchange = trained * gpus.exchange_seconds(encoder)
    working = max(arithmetic, launches)
    return ExpectedTime(max(working, exchange), exchange > working)


def fits_memory(encoder: Encoder, gpus: Gpus) -> bool:
    """Whether the GPUs can train the model, leaving half of their memory for activations.

    A model that is too large for one is spread over all of them.
    """
    needed = encoder.parameters * _BYTES_PER_PARAMETER
    return needed <= gpus.gpu.memory_gib * 2**30 * _MEMORY_SHARE * gpus.count
