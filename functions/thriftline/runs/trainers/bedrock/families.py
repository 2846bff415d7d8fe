"""The base models that Bedrock customizes, and what each takes.

The service says only after an upload what a family does not take, so it is written down here: as
checked in AWS's documentation and in public accounts until 2026-11-29. Whether a model is still on
offer is asked of Bedrock itself before every job; a date that has passed is refused here.
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import date
from difflib import get_close_matches
from typing import Literal

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import InvalidRunSpecError
from thriftline.money.bedrock_names import foundation_model, price_name
from thriftline.runs.domain.encoders import WELL_KNOWN
from thriftline.runs.trainers.bedrock import hyperparameters
from thriftline.runs.trainers.bedrock.hyperparameters import Range

DEFAULT = "amazon.nova-micro-v1:0:128k"
# A small model that the embedded AWS really fine-tunes; AWS has none of this name.
LOCAL = "local.smollm2-135m-instruct"
LOCAL_FAMILY = "local"
FileFormat = Literal["conversation", "messages", "prompt_completion"]
Customization = Literal[
    "fine_tuning", "distillation", "reinforcement", "continued_pre_training", "import"
]
NORTH_VIRGINIA, OREGON = ("us-east-1",), ("us-west-2",)
CONVERSATION: FileFormat = "conversation"
MESSAGES: FileFormat = "messages"
PROMPT_COMPLETION: FileFormat = "prompt_completion"
FINE_TUNING: frozenset[Customization] = frozenset({"fine_tuning"})
TUNING_OR_DISTILLATION: frozenset[Customization] = frozenset({"fine_tuning", "distillation"})
REINFORCEMENT: frozenset[Customization] = frozenset({"reinforcement"})


@dataclass(frozen=True)
class RecordLimits:
    """How many records a job takes.

    ``together`` is whether training and validation records count as one number;
    ``most_validation`` bounds the validation file alone.
    """

    fewest: int
    most: int
    together: bool = True
    most_validation: int = 1_000


@dataclass(frozen=True)
class BaseModel:
    """A base model that can be customized.

    ``id`` is for the customization job alone; the base model answers under one of
    ``invocation_ids``, the first that the account may ask. No id is made out of another.
    ``record_tokens`` is the most that one record may have, and ``on_demand`` whether its custom
    models answer without provisioned throughput. ``teachers`` are those from which it may be
    distilled.
    """

    id: str
    invocation_ids: tuple[str, ...]
    family: str
    training_regions: tuple[str, ...]
    deployment_regions: tuple[str, ...]
    records: RecordLimits
    record_tokens: int
    file_format: FileFormat
    hyperparameters: Mapping[str, Range]
    takes_validation: bool = True
    on_demand: bool = True
    customizations: frozenset[Customization] = FINE_TUNING
    teachers: tuple[str, ...] = ()
    records_by: Mapping[Customization, RecordLimits] = field(default_factory=dict)

    @property
    def price_name(self) -> str | None:
        """What the price list's rows call its family, None where no row is known."""
        return price_name(self.id)

    def ranges(self, customization: Customization = "fine_tuning") -> Mapping[str, Range]:
        """Returns the hyperparameters that a job of this kind takes."""
        is_other = customization == "reinforcement"
        return hyperparameters.REINFORCEMENT if is_other else self.hyperparameters

    def limits(self, customization: Customization = "fine_tuning") -> RecordLimits:
        """Returns how many records a job of this kind takes."""
        return self.records_by.get(customization, self.records)


_NOVA_LIMITS = RecordLimits(8, 20_000)
_LLAMA_LIMITS = RecordLimits(100, 10_000)
_DISTILLATION: Mapping[Customization, RecordLimits] = {"distillation": RecordLimits(100, 15_000)}
_RFT_LIMITS = RecordLimits(100, 20_000)


def _nova(name: str, context: str, teachers: tuple[str, ...]) -> BaseModel:
    return BaseModel(
        id=f"{name}:{context}",
        invocation_ids=(name, f"us.{name}"),
        family="Nova",
        training_regions=NORTH_VIRGINIA,
        deployment_regions=NORTH_VIRGINIA,
        records=_NOVA_LIMITS,
        record_tokens=32_000,
        file_format=CONVERSATION,
        hyperparameters=hyperparameters.NOVA,
        customizations=TUNING_OR_DISTILLATION if teachers else FINE_TUNING,
        teachers=teachers,
        records_by=_DISTILLATION,
    )


def _llama(
    name: str, *, on_demand: bool = False, file_format: FileFormat = CONVERSATION
) -> BaseModel:
    return BaseModel(
        id=f"{name}:128k",
        invocation_ids=(name, f"us.{name}"),
        family="Llama",
        training_regions=OREGON,
        deployment_regions=OREGON if on_demand else (),
        records=_LLAMA_LIMITS,
        record_tokens=16_000,
        file_format=file_format,
        hyperparameters=hyperparameters.LLAMA,
        on_demand=on_demand,
    )


def _reinforced(name: str, invocation_id: str) -> BaseModel:
    return BaseModel(
        id=name,
        invocation_ids=(invocation_id,),
        family="open weights",
        training_regions=OREGON,
        deployment_regions=OREGON,
        records=_RFT_LIMITS,
        record_tokens=32_000,
        file_format=MESSAGES,
        hyperparameters={},
        takes_validation=False,
        customizations=REINFORCEMENT,
    )


_PRO = "amazon.nova-pro-v1:0"
_MODELS = (
    _nova("amazon.nova-micro-v1:0", "128k", (_PRO,)),
    _nova("amazon.nova-lite-v1:0", "300k", (_PRO,)),
    _nova(_PRO, "300k", ()),
    BaseModel(
        id="amazon.nova-2-lite-v1:0:256k",
        invocation_ids=("amazon.nova-2-lite-v1:0", "us.amazon.nova-2-lite-v1:0"),
        family="Nova 2",
        training_regions=NORTH_VIRGINIA,
        deployment_regions=NORTH_VIRGINIA,
        records=RecordLimits(200, 20_000),
        record_tokens=32_000,
        file_format=CONVERSATION,
        hyperparameters=hyperparameters.NOVA,
        takes_validation=False,
        customizations=TUNING_OR_DISTILLATION | REINFORCEMENT,
        teachers=(_PRO,),
        records_by={**_DISTILLATION, "reinforcement": _RFT_LIMITS},
    ),
    _llama("meta.llama3-3-70b-instruct-v1:0", on_demand=True),
    *(
        _llama(f"meta.llama3-1-{size}-instruct-v1:0", file_format=PROMPT_COMPLETION)
        for size in ("8b", "70b", "405b")
    ),
    *(_llama(f"meta.llama3-2-{size}-instruct-v1:0") for size in ("1b", "3b", "11b", "90b")),
    BaseModel(
        id="anthropic.claude-3-haiku-20240307-v1:0:200k",
        invocation_ids=(
            "anthropic.claude-3-haiku-20240307-v1:0",
            "us.anthropic.claude-3-haiku-20240307-v1:0",
        ),
        family="Haiku",
        training_regions=OREGON,
        deployment_regions=(),
        records=RecordLimits(32, 10_000, together=False),
        record_tokens=32_000,
        file_format=MESSAGES,
        hyperparameters=hyperparameters.HAIKU,
        on_demand=False,
    ),
    _reinforced("qwen.qwen3-32b", "qwen.qwen3-32b-v1:0"),
    _reinforced("openai.gpt-oss-20b", "openai.gpt-oss-20b-1:0"),
    BaseModel(
        id=LOCAL,
        invocation_ids=(LOCAL,),
        family=LOCAL_FAMILY,
        training_regions=(*NORTH_VIRGINIA, *OREGON),
        deployment_regions=(*NORTH_VIRGINIA, *OREGON),
        records=_NOVA_LIMITS,
        record_tokens=2_048,
        file_format=CONVERSATION,
        hyperparameters=hyperparameters.LOCAL,
    ),
)
BASE_MODELS: Mapping[str, BaseModel] = {model.id: model for model in _MODELS}

# No more on offer for customization, by how their ids begin, and since when.
_GONE = {
    "amazon.titan-text": "Titan Text is out of Bedrock's list of models; its price rows remain.",
    "amazon.titan-image": "Titan Image reached its end of life on 2026-06-30.",
    "cohere.command": "Bedrock ended the fine-tuning of Cohere's models on 2025-09-15.",
    "meta.llama2": "Llama 2 is out of Bedrock's list of models.",
}
_ENCODERS = ("bert", "electra", "minilm", "mpnet", "deberta", "e5-", "bge-", "xlnet", "albert")


def is_encoder(name: str) -> bool:
    """Whether a name is that of an encoder such as BERT, as far as names show it."""
    last = name.lower().rpartition("/")[2]
    return name in WELL_KNOWN or any(word in last for word in _ENCODERS)


def base_model(
    name: str, today: date, last_day_of: Callable[[str], date | None] = lambda _: None
) -> BaseModel:
    """Returns the base model of an id, with the suffix of its context where it has one.

    Args:
        name: as the run spec has it.
        today: no model is customized after its last day.
        last_day_of: the last day of a plain id, None where none is known.

    Raises:
        InvalidRunSpecError: Bedrock customizes none of this id, or not any more.
    """
    found = BASE_MODELS.get(name)
    if found is None:
        raise InvalidRunSpecError(f"bedrock.base_model: {_why_not(name)} Nothing was spent.")
    last_day = last_day_of(foundation_model(name) or name)
    if last_day is not None and last_day <= today:
        raise InvalidRunSpecError(
            f"bedrock.base_model: {name} reached its end of life on {last_day}; it is not "
            f"customized any more, and its custom models do not answer. Say {DEFAULT}. Nothing was "
            "spent."
        )
    return found


def _why_not(name: str) -> str:
    if is_encoder(name):
        return (
            f"{name} is an encoder of BERT's kind. Bedrock customizes models that write text, and "
            "imports no encoder either. Say trainer: sagemaker with base_model: "
            f"{name}, or take a base model such as {DEFAULT}."
        )
    for model in _MODELS:
        if name in model.invocation_ids:
            return f"{name} is the id by which the model is asked; to train it, say {model.id}."
    for beginning, sentence in _GONE.items():
        if name.startswith(beginning):
            return f"{sentence} Say {DEFAULT}."
    near = get_close_matches(name, BASE_MODELS, n=2, cutoff=0.6)
    wanted = f"did you mean {' or '.join(near)}?" if near else _one_of_the_offered()
    return f"Thriftline knows no base model {name!r} that Bedrock customizes; {wanted}"


def _one_of_the_offered() -> str:
    return f"say one of {', '.join(offered_ids())}."


def offered_ids(customization: Customization = "fine_tuning") -> tuple[str, ...]:
    """Returns what to take: base models of AWS with a kind of customization, asked on demand."""
    return tuple(
        model.id
        for model in _MODELS
        if customization in model.customizations
        and model.on_demand
        and model.family != LOCAL_FAMILY
    )
