"""The estimate against what others measured: runs on SageMaker, and GPUs against one another.

The figures are public: aws-samples training-jobs-benchmarks for the two SageMaker runs, and
lambdal/deeplearning-benchmark (csv_v1_v2, December 2025) for the GPUs.
"""

from dataclasses import replace
from itertools import combinations

import pytest

from thriftline.money.instances import Chip
from thriftline.runs.domain.encoders import WELL_KNOWN
from thriftline.runs.trainers.sagemaker.calibration import bandwidth_model, speed_of
from thriftline.runs.trainers.sagemaker.expected_time import Workload, expected_time
from thriftline.runs.trainers.sagemaker.scaling import Gpus

ROBERTA = WELL_KNOWN["roberta-base"]
MODERNBERT = WELL_KNOWN["answerdotai/ModernBERT-base"]
BERT_BASE, BERT_LARGE = WELL_KNOWN["bert-base-uncased"], WELL_KNOWN["bert-large-uncased"]
# Texts that fill every record: the public code pads, so that padding counts as tokens.
FULL = 1e6
PUBLIC_RUN = Workload(
    train_rows=67_349,
    validation_rows=872,
    test_rows=0,
    mean_characters=FULL,
    epochs=4,
    batch_tokens=18 * 512,
    max_length=512,
    has_champion=False,
)
# 872 sentences were evaluated once, and its texts are short: nothing is downloaded for them.


def gpus(name: str) -> Gpus:
    return Gpus.of(name, 1) or pytest.fail(name)


@pytest.mark.parametrize(
    ("instance_type", "billed", "trained"),
    [("ml.g5.2xlarge", 5_836, 5_413.8), ("ml.p3.2xlarge", 4_372, 3_917.6)],
)
def test_the_public_runs_on_sagemaker_lie_inside_the_range(
    instance_type: str, billed: float, trained: float
) -> None:
    expected = expected_time(PUBLIC_RUN, ROBERTA, gpus(instance_type))
    # The records' real length is some tens of characters.
    beside = {name: span for name, span in expected.phases.items() if name != "download"}
    seconds = sum(span.low for span in beside.values()), sum(span.high for span in beside.values())
    work = expected.phases["work"]

    assert seconds[0] <= billed <= seconds[1]
    assert work.low <= trained <= work.high


def test_the_public_run_on_a_t4_lies_inside_the_range() -> None:
    # ModernBERT-base, 128 tokens padded, batches of 32, fp16: 0.30 s a step, 107 records a second.
    rows = 71_460
    work = Workload(rows, 0, 0, FULL, 1, 32 * 128, 128, False)

    expected = expected_time(work, MODERNBERT, gpus("ml.g4dn.xlarge"))

    assert expected.phases["work"].low <= rows / 107 <= expected.phases["work"].high
    beside = [span for name, span in expected.phases.items() if name != "download"]
    # The whole job took 1,085 seconds.
    assert sum(span.low for span in beside) <= 1_085 <= sum(span.high for span in beside)


# GB/s of memory by the vendors' sheets, and BERT-base and BERT-large records a second: fp16, 384
# tokens. The T4's is the run above, in records of that length.
MEASURED: dict[str, tuple[float, float, float | None]] = {
    "T4": (320, 9.4e12 / BERT_BASE.training_flops(384, 384**2), None),
    "A10": (600, 135, 42),
    "Quadro RTX 8000": (672, 146, 50),
    "RTX A6000": (768, 198, 68),
    "V100": (900, 189, 57),
    "RTX 6000 Ada": (960, 255, 79),
    "A100 40 PCIe": (1_555, 368, 117),
    "H100 PCIe": (2_000, 580, 204),
    "A100 80 SXM": (2_039, 443, 152),
    "H100 SXM": (3_350, 858, 311),
    "H200": (4_800, 930, 350),
    "B200": (8_000, 1_405, 523),
}


def kendall_tau(pairs: list[tuple[float, float]]) -> float:
    signs = [
        1 if (one[0] - two[0]) * (one[1] - two[1]) > 0 else -1
        for one, two in combinations(pairs, 2)
    ]
    return sum(signs) / len(signs)


def test_the_bandwidth_model_ranks_the_twelve_measured_gpus() -> None:
    def model(bandwidth: float) -> float:
        return bandwidth_model(Chip("unheard of", 100, "fp16", bandwidth))

    base = [(model(gbytes), rate) for gbytes, rate, _ in MEASURED.values()]
    large = [(model(gbytes), rate) for gbytes, _, rate in MEASURED.values() if rate]

    assert len(base) == 12
    assert kendall_tau(base) >= 0.85
    assert kendall_tau(large) >= 0.85


def test_the_model_is_within_its_spread_of_the_gpus_it_was_made_of() -> None:
    for name, (gbytes, rate, _) in MEASURED.items():
        if name == "T4":
            # The Trainer's own speed, not that of tuned code.
            continue
        tflops = rate * BERT_BASE.training_flops(384, 384**2) / 1e12
        assert 1 / 1.35 <= tflops / (0.049 * gbytes) <= 1.35, name


def test_a_measured_gpu_gets_its_own_figure_and_another_the_model() -> None:
    def basis(name: str) -> str:
        return speed_of(gpus(name).gpu.chip, BERT_BASE).basis

    assert basis("ml.p3.2xlarge").startswith("measured")
    assert "NVIDIA A10" in basis("ml.g5.xlarge")
    assert basis("ml.g6.xlarge").startswith("model")
    assert basis("ml.g7e.2xlarge").startswith("model")


def test_what_is_only_modelled_has_the_wider_range() -> None:
    def width(name: str) -> float:
        spread = speed_of(gpus(name).gpu.chip, BERT_BASE).spread
        return spread.up / spread.down

    assert width("ml.p3.2xlarge") < width("ml.g5.xlarge") < width("ml.g6.xlarge")


def test_a_large_model_uses_a_gpu_better_and_a_narrow_one_worse() -> None:
    chip = gpus("ml.p4d.24xlarge").gpu.chip
    narrow = WELL_KNOWN["sentence-transformers/all-MiniLM-L6-v2"]

    speeds = [speed_of(chip, encoder).tflops for encoder in (narrow, BERT_BASE, BERT_LARGE)]

    assert speeds == sorted(speeds)


def test_g5_is_faster_than_g6_whatever_their_peaks_say() -> None:
    work = replace(PUBLIC_RUN, train_rows=25_000, mean_characters=1_325, epochs=3)

    a10g, l4 = (
        expected_time(work, BERT_BASE, gpus(name)).seconds.likely
        for name in ("ml.g5.xlarge", "ml.g6.xlarge")
    )

    assert a10g < l4
    # By the rates of us-east-1.
    assert 1.408 * a10g < 1.1267 * l4
