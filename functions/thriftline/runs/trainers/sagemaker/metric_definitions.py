"""What CloudWatch picks out of the training program's standard output.

The program prints one JSON object on a line; the names are those of its ``history.jsonl``.
"""

# JSON writes a missing number as null and has no other spelling; NaN must not become a metric.
_NUMBER = r"(-?[0-9.]+(?:[eE][+-]?[0-9]+)?)"
# A decimal number; what else stands in quotation marks is no measurement.
_DOLLARS = r'"([0-9.]+)"'

# The quotation mark before the key keeps "loss" out of "validation_loss".
_METRICS = {
    "train:loss": "loss",
    "train:learning_rate": "learning_rate",
    "train:samples_per_second": "samples_per_second",
    "train:tokens_per_second": "tokens_per_second",
    "train:padding_share": "padding_share",
    "train:gpu_memory_gib": "gpu_memory_gib",
    "train:seconds_left": "seconds_left",
    "validation:loss": "validation_loss",
    "validation:accuracy": "validation_accuracy",
    "validation:macro_f1": "validation_macro_f1",
}


def metric_definitions() -> list[dict[str, str]]:
    """Returns ``AlgorithmSpecification.MetricDefinitions`` of the training job."""
    numbers = [{"Name": name, "Regex": f'"{key}":\\s*{_NUMBER}'} for name, key in _METRICS.items()]
    return [*numbers, {"Name": "train:usd", "Regex": rf'"usd":\s*{_DOLLARS}'}]
