"""The rules of data and hyperparameters that models of one kind share."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum, auto

from local_aws.http.own_calls import AwsError

FINE_TUNING = "FINE_TUNING"
DISTILLATION = "DISTILLATION"
REINFORCEMENT = "REINFORCEMENT_FINE_TUNING"


class Format(StrEnum):
    """The form of a record."""

    CONVERSE = auto()
    PROMPT = auto()
    MESSAGES = auto()
    # Distillation: the teacher answers what has no answer.
    PROMPTS = auto()
    # Reinforcement: a reference, which the grader is shown.
    GRADED = auto()


@dataclass(frozen=True)
class Hyperparameter:
    """What a hyperparameter may be."""

    low: str
    high: str
    default: str
    whole: bool = False


@dataclass(frozen=True)
class Kind:
    """One family's rules.

    Args:
        hyperparameters: those that exist; all others are refused.
        least: the fewest training records.
        most: the most training records.
        most_validation: the most records of validation; 0 where any make the job fail.
        most_tokens: of one record, question and answer together.
        reserved: words that no question may hold.
        together: whether records of validation count in `most` as well.
    """

    format: Format
    hyperparameters: Mapping[str, Hyperparameter]
    least: int
    most: int
    most_validation: int
    most_tokens: int
    reserved: tuple[str, ...] = ()
    together: bool = True


_NOVA_WORDS = ("User:", "Bot:", "Assistant:", "System:", "<image>", "<video>", "[EOS]")
_NOVA_PARAMETERS = {
    "epochCount": Hyperparameter("1", "5", "2", whole=True),
    "learningRate": Hyperparameter("1e-6", "1e-4", "1e-5"),
    "learningRateWarmupSteps": Hyperparameter("0", "100", "10", whole=True),
}
_LLAMA_PARAMETERS = {
    "epochCount": Hyperparameter("1", "10", "5", whole=True),
    "batchSize": Hyperparameter("1", "1", "1", whole=True),
    "learningRate": Hyperparameter("5e-6", "0.1", "1e-4"),
}
KINDS: Mapping[str, Kind] = {
    "nova": Kind(Format.CONVERSE, _NOVA_PARAMETERS, 8, 20_000, 20_000, 32_000, _NOVA_WORDS),
    "nova2": Kind(Format.CONVERSE, _NOVA_PARAMETERS, 200, 20_000, 0, 32_000, _NOVA_WORDS),
    "llama": Kind(Format.CONVERSE, _LLAMA_PARAMETERS, 100, 10_000, 10_000, 16_000),
    "llama-3.1": Kind(Format.PROMPT, _LLAMA_PARAMETERS, 100, 10_000, 10_000, 16_000),
    "haiku": Kind(
        Format.MESSAGES,
        {
            "epochCount": Hyperparameter("1", "10", "2", whole=True),
            "batchSize": Hyperparameter("4", "256", "32", whole=True),
            "learningRateMultiplier": Hyperparameter("0.1", "2", "1"),
            "earlyStoppingThreshold": Hyperparameter("0", "0.1", "0.001"),
            "earlyStoppingPatience": Hyperparameter("1", "10", "2", whole=True),
        },
        32,
        10_000,
        1_000,
        32_000,
        ("\nHuman:", "\nAssistant:"),
        together=False,
    ),
    "local": Kind(
        Format.CONVERSE,
        {
            "epochCount": Hyperparameter("1", "10", "3", whole=True),
            "learningRate": Hyperparameter("1e-6", "1e-2", "2e-4"),
        },
        8,
        20_000,
        20_000,
        2_048,
    ),
    # These learn by reinforcement alone.
    "open": Kind(Format.MESSAGES, {}, 100, 20_000, 20_000, 32_000),
}


def rules(kind: str, customization: str) -> Kind:
    """Return the rules of a family for one type of job."""
    base = KINDS[kind]
    if customization == DISTILLATION:
        return replace(base, format=Format.PROMPTS, least=100, most=15_000)
    if customization == REINFORCEMENT:
        return replace(
            base, format=Format.GRADED, hyperparameters={}, least=100, most=20_000, together=False
        )
    return base


def hyperparameters(kind: Kind, given: Mapping[str, str]) -> dict[str, str]:
    """Return what a job trains with: what was given, and defaults for the rest.

    Raises:
        AwsError: a key that the family has not, or a value that it does not take.
    """
    for name, text in given.items():
        rule = kind.hyperparameters.get(name)
        if rule is None:
            raise AwsError(
                "ValidationException",
                f"The hyperparameter {name} is not supported for this model. Supported are: "
                f"{', '.join(kind.hyperparameters)}.",
            )
        _check(name, text, rule)
    return {name: given.get(name, rule.default) for name, rule in kind.hyperparameters.items()}


def _check(name: str, text: str, rule: Hyperparameter) -> None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    fits = value.is_finite() and Decimal(rule.low) <= value <= Decimal(rule.high)
    if not fits or (rule.whole and value != value.to_integral_value()):
        form = "an integer" if rule.whole else "a number"
        raise AwsError(
            "ValidationException",
            f"The hyperparameter {name} must be {form} between {rule.low} and {rule.high}; "
            f"it is {text!r}.",
        )
