"""The hyperparameters of a job: what ``run.yaml`` names, and for the rest what the data ask for."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from thriftline.runs.trainers.bedrock.families import BaseModel, Customization
from thriftline.runs.trainers.bedrock.hyperparameters import checked, named_in

# The documentation's advice for Nova: fewer records than this are to be repeated, more than that
# need one pass. Warm-up follows the records, at the most as long as the guide of all copies allows.
_FEW, _MANY = 1_000, 5_000
_PASSES_OF_FEW, _PASSES_OF_MANY, _PASSES = 5, 1, 2
_RECORDS_PER_WARMUP_STEP = {
    "amazon.nova-micro-v1:0:128k": 640,
    "amazon.nova-lite-v1:0:300k": 160,
    "amazon.nova-pro-v1:0:300k": 320,
    "amazon.nova-2-lite-v1:0:256k": 160,
}
_MOST_WARMUP_STEPS = 20


def hyperparameters_for(
    model: BaseModel,
    section: Mapping[str, Any],
    records: int,
    customization: Customization = "fine_tuning",
) -> dict[str, Decimal]:
    """Returns every hyperparameter that the job is given, by the keys of ``run.yaml``.

    Raises:
        InvalidRunSpecError: a key of another family, or a value out of its range.
    """
    ranges = model.ranges(customization)
    named = checked(named_in(section), ranges, model.id)
    chosen = {key: found.default for key, found in ranges.items() if found.default is not None}
    if "warmup_steps" in ranges:
        chosen["epochs"] = Decimal(_epochs(records))
        chosen["warmup_steps"] = _warmup_steps(model, records)
    return {**chosen, **named}


def _epochs(records: int) -> int:
    if records < _FEW:
        return _PASSES_OF_FEW
    return _PASSES if records <= _MANY else _PASSES_OF_MANY


def _warmup_steps(model: BaseModel, records: int) -> Decimal:
    per_step = _RECORDS_PER_WARMUP_STEP[model.id]
    steps = (Decimal(records) / per_step).to_integral_value(ROUND_HALF_UP)
    return min(steps, Decimal(_MOST_WARMUP_STEPS))
