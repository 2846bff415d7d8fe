"""How long a training takes on processors: only its shape is known, its speed is learned.

Nothing public says how fast an instance's processors fine-tune an encoder, so a type without a GPU
is not estimated until runs of the project have finished on it. The parts below have the right
proportions; by which factor each is off, the finished runs say.
"""

from thriftline.money.instances import Hardware
from thriftline.runs.domain.encoders import Encoder
from thriftline.runs.domain.spans import Span, Spread
from thriftline.runs.trainers.sagemaker.expected_time import (
    ExpectedTime,
    JobTerms,
    Workload,
    overhead,
    record_flops,
)

# As many as there are parts.
FEWEST_RUNS = 3
# Matrix products of one core in fp32, half of what one thread was measured at (docs/benchmarks.md).
_FLOPS_PER_CORE = 45e9
_THREADS_PER_CORE = 2
# An optimiser's step reads and writes 42 bytes for each weight (fp32 AdamW and clipping).
_STEP_BYTES_PER_WEIGHT, _BYTES_PER_SECOND = 42, 5e9
# The start of a small public job took 79 to 171 seconds; on a laptop there is nothing to pull.
_OVERHEAD = Span(10, 60, 360)
_UNKNOWN = Spread.either_way(10)


def cpu_time(
    workload: Workload, encoder: Encoder, hardware: Hardware, terms: JobTerms
) -> ExpectedTime:
    """Returns the parts of a training on one instance without a GPU; each may be far off."""
    trials = workload.search.cost if workload.search else 1.0
    trained = trials * workload.epochs_trained * workload.train_rows
    records = trained + workload.validated_records + workload.tested_records
    cores = max(1, hardware.vcpus // _THREADS_PER_CORE)
    work = record_flops(workload, encoder) * records / (_FLOPS_PER_CORE * cores)
    steps = trained * workload.mean_tokens / workload.batch_tokens
    traffic = steps * encoder.parameters * _STEP_BYTES_PER_WEIGHT / _BYTES_PER_SECOND
    transfers = overhead(workload, encoder, terms)
    return ExpectedTime(
        {
            "start and end": _OVERHEAD,
            "download": transfers["download"],
            "upload": transfers["upload"],
            "work": _UNKNOWN.around(work),
            "steps": _UNKNOWN.around(traffic),
        },
        exchange=False,
    )
