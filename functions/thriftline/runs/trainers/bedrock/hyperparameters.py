"""What a family of base models lets one set: the keys, their ranges, and what is left open.

Bedrock takes every value as a text, and refuses a key of another family after the upload only.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import InvalidRunSpecError

# How the keys of ``run.yaml`` are called in a request, in every family that has them.
REQUEST_KEYS = {
    "epochs": "epochCount",
    "learning_rate": "learningRate",
    "warmup_steps": "learningRateWarmupSteps",
    "batch_size": "batchSize",
    "learning_rate_multiplier": "learningRateMultiplier",
    "early_stopping_threshold": "earlyStoppingThreshold",
    "early_stopping_patience": "earlyStoppingPatience",
}
AUTO = "auto"


@dataclass(frozen=True)
class Range:
    """The values that a hyperparameter may have, both ends included."""

    low: Decimal
    high: Decimal
    default: Decimal | None
    whole: bool = False

    def holds(self, value: Decimal) -> bool:
        """Whether the family takes the value."""
        if self.whole and value != value.to_integral_value():
            return False
        return self.low <= value <= self.high

    def __str__(self) -> str:
        """Reads as ``a whole number from 1 to 5``."""
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {plain(self.low)} to {plain(self.high)}"


def whole(low: int, high: int, default: int | None) -> Range:
    """Returns a range of whole numbers."""
    least = None if default is None else Decimal(default)
    return Range(Decimal(low), Decimal(high), least, whole=True)


def number(low: str, high: str, default: str | None) -> Range:
    """Returns a range of decimal numbers."""
    usual = None if default is None else Decimal(default)
    return Range(Decimal(low), Decimal(high), usual)


NOVA = {
    "epochs": whole(1, 5, 2),
    "learning_rate": number("0.000001", "0.0001", "0.00001"),
    "warmup_steps": whole(0, 100, 10),
}
LLAMA = {
    "epochs": whole(1, 10, 5),
    "batch_size": whole(1, 1, 1),
    "learning_rate": number("0.000005", "0.1", "0.0001"),
}
LOCAL = {
    "epochs": whole(1, 10, 3),
    "learning_rate": number("0.000001", "0.01", "0.0002"),
}
HAIKU = {
    "epochs": whole(1, 10, 2),
    "batch_size": whole(4, 256, None),
    "learning_rate_multiplier": number("0.1", "2", "1"),
    "early_stopping_threshold": number("0", "0.1", None),
    "early_stopping_patience": whole(1, 10, None),
}
# Of reinforcement, whatever the base model; a request has these as numbers.
REINFORCEMENT = {
    "epochs": whole(1, 50, 1),
    "batch_size": whole(16, 512, None),
    "learning_rate": number("0.0000001", "0.001", None),
}


def plain(value: Decimal) -> str:
    """Returns a number without an exponent: Bedrock reads it as a text."""
    return f"{value.normalize():f}"


def named_in(section: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the hyperparameters that ``run.yaml`` names; the others follow the data."""
    given = {key: section.get(key) for key in REQUEST_KEYS}
    return {key: value for key, value in given.items() if value is not None and value != AUTO}


def checked(
    named: Mapping[str, Any], ranges: Mapping[str, Range], base_model: str
) -> dict[str, Decimal]:
    """Returns what is named as numbers.

    Raises:
        InvalidRunSpecError: a key of another family, or a value out of its range.
    """
    return {key: _checked(key, value, ranges, base_model) for key, value in named.items()}


def _checked(key: str, value: Any, ranges: Mapping[str, Range], base_model: str) -> Decimal:
    allowed = ranges.get(key)
    if allowed is None:
        raise InvalidRunSpecError(
            f"bedrock.{key}: {base_model} has no such hyperparameter; it has "
            f"{', '.join(sorted(ranges)) or 'none'}. Take bedrock.{key} out. Nothing was spent."
        )
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise InvalidRunSpecError(
            f"bedrock.{key}: {value!r} is no number; {base_model} takes {allowed}. "
            "Nothing was spent."
        )
    found = Decimal(str(value))
    if not found.is_finite() or not allowed.holds(found):
        raise InvalidRunSpecError(
            f"bedrock.{key}: {value} is not what {base_model} takes: say {allowed}. "
            "Nothing was spent."
        )
    return found


def as_numbers(values: Mapping[str, Decimal]) -> dict[str, int | float]:
    """Returns the hyperparameters of reinforcement as a request has them."""
    return {
        REQUEST_KEYS[key]: float(value) if key == "learning_rate" else int(value)
        for key, value in values.items()
    }


def as_request(values: Mapping[str, Decimal]) -> dict[str, str]:
    """Returns the hyperparameters as a request has them: Bedrock's names, every value a text."""
    return {REQUEST_KEYS[key]: plain(value) for key, value in values.items()}
