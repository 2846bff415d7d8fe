"""How fast a GPU fine-tunes an encoder: what was measured, else what its memory's bandwidth says.

Fine-tuning a BERT waits for memory more than for arithmetic: over eleven GPUs a flat share of the
peak is wrong by a factor of 2.5, TFLOP/s for each GB/s of memory are the same within 26 %.
"""

from collections.abc import Mapping

from thriftline.core.dataclass import dataclass
from thriftline.money.instances import Chip
from thriftline.runs.domain.encoders import Encoder
from thriftline.runs.domain.spans import EXACT, Spread

# TFLOP/s by 6 FLOPs a weight and token with attention's: BERT-base and BERT-large on SQuAD, 384
# tokens, fp16, NVIDIA's DeepLearningExamples as lambdal/deeplearning-benchmark measured them
# (csv_v1_v2, December 2025). Padding counts as tokens.
_SOURCE = "measured for BERT on SQuAD, lambdal/deeplearning-benchmark, 2025-12"
_BASE_WIDTH, _LARGE_WIDTH = 768, 1024
TFLOPS_FOR_EACH_GBYTE = 0.049
_MODEL_SPREAD = Spread.either_way(1.26)
# The same chip, or the same architecture, beside other memory: nobody published the pair.
_SISTER_SPREAD = Spread.either_way(1.13)
# The figures above are those of tuned code. The Hugging Face Trainer on SageMaker came to half of
# them, twice (19.9 TFLOP/s on an ml.p3.2xlarge, 14.4 on an ml.g5.2xlarge; aws-samples
# training-jobs-benchmarks), and to 60 % (ModernBERT on a T4). What Thriftline's own program does on
# a GPU is not measured yet: on a CPU it is as fast for each real token as a tuned Trainer
# (docs/benchmarks.md). So both ends are possible, and the likely figure is their geometric mean.
PROGRAM_SHARE = 0.70
_PROGRAM_SPREAD = Spread(0.70, 1 / 0.70)


@dataclass(frozen=True)
class _Row:
    """What a GPU was measured at, for a BERT-base and a BERT-large."""

    base: float
    large: float
    of: str = ""
    bandwidth_gbytes: float | None = None
    """Of the sister chip that was measured, where it was not this one."""


_MEASURED: Mapping[tuple[str, float], _Row] = {
    ("NVIDIA V100", 900): _Row(40, 42),
    ("NVIDIA A100", 1555): _Row(78, 86),
    ("NVIDIA A100", 2039): _Row(94, 112),
    ("NVIDIA H100", 3350): _Row(182, 230),
    ("NVIDIA H200", 4800): _Row(197, 259),
    ("NVIDIA B200", 8000): _Row(298, 387),
    ("NVIDIA A10G", 600): _Row(29, 31, "NVIDIA A10", 600),
    ("NVIDIA T4", 320): _Row(31, 37, "Quadro RTX 8000", 672),
    ("NVIDIA L40S", 864): _Row(54, 58, "RTX 6000 Ada", 960),
}


@dataclass(frozen=True)
class Speed:
    """TFLOP/s that one GPU probably reaches with our program, and what that rests on."""

    tflops: float
    spread: Spread
    basis: str


def speed_of(chip: Chip, encoder: Encoder) -> Speed:
    """Returns the speed of a GPU at an encoder."""
    row = _MEASURED.get((chip.name, chip.bandwidth_gbytes))
    width, narrow = _of_width(encoder)
    tuned = _tuned(row, chip, encoder)
    spread = _PROGRAM_SPREAD.and_(narrow).and_(_spread(row))
    return Speed(tuned * PROGRAM_SHARE * width, spread, _basis(row, chip))


def bandwidth_model(chip: Chip) -> float:
    """Returns the TFLOP/s of tuned code that a GPU's memory lets expect."""
    return TFLOPS_FOR_EACH_GBYTE * chip.bandwidth_gbytes


def _tuned(row: _Row | None, chip: Chip, encoder: Encoder) -> float:
    if row is None:
        return bandwidth_model(chip)
    between = (encoder.hidden - _BASE_WIDTH) / (_LARGE_WIDTH - _BASE_WIDTH)
    tflops = row.base + min(1.0, max(0.0, between)) * (row.large - row.base)
    measured_at = row.bandwidth_gbytes or chip.bandwidth_gbytes
    return tflops * chip.bandwidth_gbytes / measured_at


def _of_width(encoder: Encoder) -> tuple[float, Spread]:
    """A narrower model does less arithmetic for each byte: between as much and its share of 768."""
    share = min(1.0, encoder.hidden / _BASE_WIDTH)
    return share**0.5, Spread(share**0.5, share**-0.5)


def _spread(row: _Row | None) -> Spread:
    if row is None:
        return _MODEL_SPREAD
    return _SISTER_SPREAD if row.of else EXACT


def _basis(row: _Row | None, chip: Chip) -> str:
    if row is None:
        return (
            f"model: {TFLOPS_FOR_EACH_GBYTE} TFLOP/s for each of its {chip.bandwidth_gbytes:g} "
            "GB/s of memory, within 26 % of eleven measured GPUs"
        )
    if not row.of:
        return _SOURCE
    scaled = "" if row.bandwidth_gbytes == chip.bandwidth_gbytes else ", by their bandwidths"
    return f"{_SOURCE} on an {row.of}{scaled}".replace("an Quadro", "a Quadro")
