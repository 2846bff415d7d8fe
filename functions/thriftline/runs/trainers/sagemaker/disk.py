"""How much disk a job needs on each instance."""

from thriftline.runs.domain.encoders import Encoder
from thriftline.runs.trainers.sagemaker.expected_time import Workload

_GB = 1e9
# The token cache: a third to a half of the text.
_TOKENS_PER_TEXT_BYTE = 0.6
# The splits as JSON Lines, where they are copied.
_COPY_PER_TEXT_BYTE = 1.0
_BYTES_PER_RECORD = 60
# Two checkpoints (weights, best weights, two moments), the base model, the model and its archive.
_CHECKPOINT_BYTES_PER_PARAMETER = 16
_CHECKPOINTS = 2
_MODEL_BYTES_PER_PARAMETER = 12


def disk_gb(workload: Workload, encoder: Encoder | None, *, is_copied: bool = True) -> float:
    """Returns the GB that a job needs on each instance, without the image.

    Data that are streamed leave their tokens there, and not themselves.
    """
    rows = workload.train_rows + workload.validation_rows + workload.test_rows
    per_byte = _TOKENS_PER_TEXT_BYTE + (_COPY_PER_TEXT_BYTE if is_copied else 0.0)
    data = workload.data_bytes * per_byte + rows * _BYTES_PER_RECORD
    kept = 1 if workload.search is None else workload.search.trials
    states = (
        (_CHECKPOINTS + kept - 1) * _CHECKPOINT_BYTES_PER_PARAMETER + _MODEL_BYTES_PER_PARAMETER
    ) * (encoder.parameters if encoder else 0)
    return (data + states) / _GB
