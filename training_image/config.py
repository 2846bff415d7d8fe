"""The hyperparameters of a training job, and nothing else: what each means and may be."""

import difflib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, asdict, dataclass, field, fields
from typing import Any, cast

from training_image.job import JobError

SWEPT = (
    "learning_rate",
    "batch_tokens",
    "epochs",
    "warmup_fraction",
    "lr_schedule",
    "layer_decay",
    "weight_decay",
    "label_smoothing",
)
"""What a sweep may vary: neither the data nor the measure, and not the luck of a seed."""
MOST_TRIALS = 16
SIZES = {"trials": (2, MOST_TRIALS), "rungs": (1, 4)}
"""What a sweep may say beside values, from the least to the most."""


def whole(least: int, most: int) -> dict[str, Any]:
    """A field that takes a whole number from least to most."""

    def read(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise ValueError
        return value

    return {"read": read, "allowed": f"a whole number from {least} to {most}"}


def whole_or_none(least: int, most: int) -> dict[str, Any]:
    """A field that takes `none`, or a whole number from least to most."""
    each = whole(least, most)

    def read(text: str) -> int | None:
        return None if text == "none" else int(each["read"](text))

    return {"read": read, "allowed": f"none or {each['allowed']}"}


def number(least: float, most: float, *, open_start: bool = False) -> dict[str, Any]:
    """A field that takes a number from least to most, least itself excluded when open."""

    def read(text: str) -> float:
        value = float(text)
        if (
            not math.isfinite(value)
            or not least <= value <= most
            or (open_start and value == least)
        ):
            raise ValueError
        return value

    start = f"above {least:g} and at most" if open_start else f"from {least:g} to"
    return {"read": read, "allowed": f"a number {start} {most:g}"}


def one_of(**choices: Any) -> dict[str, Any]:
    """A field that takes one of a few words."""
    return {"read": choices.__getitem__, "allowed": " or ".join(choices)}


def words() -> dict[str, Any]:
    """A field that takes any text but blanks."""

    def read(text: str) -> str:
        if not text.strip():
            raise ValueError
        return text.strip()

    return {"read": read, "allowed": "a text that is not empty"}


def commit_or_none() -> dict[str, Any]:
    """A field that takes `none`, or the whole hash of a commit."""

    def read(text: str) -> str | None:
        if text != "none" and not re.fullmatch(r"[0-9a-f]{40}", text):
            raise ValueError
        return None if text == "none" else text

    return {"read": read, "allowed": "none or a commit's hash of 40 hexadecimal digits"}


def label_weights() -> dict[str, Any]:
    """A field that takes `none`, `balanced`, or a JSON object of labels and weights."""

    def read(text: str) -> str | dict[str, float]:
        if text in {"none", "balanced"}:
            return text
        weights = json.loads(text)
        if not isinstance(weights, dict) or not weights:
            raise ValueError
        if not all(_is_number(each) and 0 < each < math.inf for each in weights.values()):
            raise ValueError
        return {label: float(weight) for label, weight in weights.items()}

    allowed = "none, balanced, or a JSON object that gives each label a weight above 0"
    return {"read": read, "allowed": allowed}


def choices() -> dict[str, Any]:
    """A field that takes `none`, or a JSON object with a list of values for each name in it.

    Which names and values there may be is for `_read_sweep` to say.
    """

    def read(text: str) -> dict[str, Any] | None:
        if text == "none":
            return None
        wanted = json.loads(text)
        if not isinstance(wanted, dict) or not wanted:
            raise ValueError
        return wanted

    return {
        "read": read,
        "allowed": 'none, or a JSON object such as {"learning_rate": [1e-5, 3e-5]}',
    }


def halvings(trials: int) -> int:
    """Returns how many halvings leave one of so many trials."""
    return (trials - 1).bit_length()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True)
class TrainConfig:
    """One training run. The defaults fine-tune a BERT-size encoder reasonably."""

    base_model: str = field(metadata=words())
    """Name of the pretrained encoder: a model hub id, unless the channel `model` has its files."""

    base_model_revision: str | None = field(default=None, metadata=commit_or_none())
    """Commit of the model hub at which the base model is fetched; None for what its main branch
    holds when the job starts. A branch or a tag is refused: it can be another model tomorrow."""

    run_id: str = field(default="local", metadata=words())
    """The run that this job belongs to; it is printed, and changes nothing."""

    method: str = field(
        default="finetune",
        metadata=one_of(finetune="finetune", head_first="head_first", linear_head="linear_head"),
    )
    """What is trained: all weights; a linear head on the frozen encoder's mean-pooled vectors, for
    few rows (`linear_head.py`); or that head first and then all weights
    (`head_first_training.py`)."""

    epochs: int = field(default=3, metadata=whole(1, 100))
    """Passes over the training split; early stopping may end them sooner."""

    learning_rate: float = field(default=5e-5, metadata=number(0, 0.1, open_start=True))
    """Peak learning rate of AdamW."""

    batch_tokens: int = field(default=4096, metadata=whole(64, 1_048_576))
    """Tokens in one optimiser step, on the average: it sets the rows of a step, the same
    number all through the run, so that long texts do not weigh more or less than short ones."""

    batch_rows: int | None = field(default=None, metadata=whole_or_none(1, 65_536))
    """Rows in one optimiser step, in place of `batch_tokens`, so that their number is known before
    the texts are tokenised; None where `batch_tokens` sets it."""

    max_length: int = field(default=256, metadata=whole(8, 8192))
    """Tokens of a record that are read; the rest of a longer text is cut off."""

    warmup_fraction: float = field(default=0.06, metadata=number(0, 0.99))
    """Share of the steps in which the learning rate rises to its peak, before it falls to 0."""

    lr_schedule: str = field(default="linear", metadata=one_of(linear="linear", cosine="cosine"))
    """How the learning rate falls from its peak to 0."""

    layer_decay: float = field(default=1.0, metadata=number(0.1, 1))
    """A layer's learning rate as a share of that of the layer above it; 1 for one rate."""

    weight_decay: float = field(default=0.01, metadata=number(0, 1))
    """Decoupled weight decay of AdamW; biases and norms are spared."""

    label_smoothing: float = field(default=0.0, metadata=number(0, 0.99))
    """Share of the training target that is spread evenly over all labels."""

    eval_metric: str = field(
        default="accuracy", metadata=one_of(accuracy="accuracy", macro_f1="macro_f1")
    )
    """The validation metric that picks the weights to keep."""

    patience: int = field(default=2, metadata=whole(1, 100))
    """Epochs in a row without a better `eval_metric` before training stops."""

    seed: int = field(default=42, metadata=whole(0, 2**32 - 1))
    """Seeds the head's weights, the order of the rows and the dropout."""

    sharding: str = field(
        default="auto",
        metadata=one_of(auto="auto", replicate="replicate", shard="shard"),
    )
    """Whether each GPU has the whole model (DDP) or a part of it (FSDP); `auto` looks at whether
    the whole fits. With one GPU there is nothing to share."""

    text_pair: bool = field(default=False, metadata=one_of(true=True, false=False))
    """Whether each record holds two texts, `text` and `text_pair`."""

    multi_label: bool = field(default=False, metadata=one_of(true=True, false=False))
    """Whether each record has any number of labels, under `labels`, in place of one `label`."""

    class_weights: str | dict[str, float] = field(default="none", metadata=label_weights())
    """How much each label counts in the training loss: alike (`none`), rare ones as much as
    frequent ones together (`balanced`), or as said by a JSON object; see `losses.py`."""

    export: str = field(default="none", metadata=one_of(none="none", int8="int8"))
    """What is written beside the plain model: nothing, or a form with 8-bit matrices that serves
    texts faster on a CPU, if it gives nearly all test records the same label (`exporting.py`)."""

    sweep: dict[str, Any] | None = field(default=None, metadata=choices())
    """Values to try, by the name of the hyperparameter, and perhaps how many of their combinations
    (`trials`) and how often they are compared (`rungs`); the best in a search by successive halving
    (`sweep.py`) is trained to its end."""

    @property
    def spec(self) -> dict[str, Any]:
        """What decides the result: a checkpoint of other values is another run's."""
        return {
            name: value
            for name, value in asdict(self).items()
            if name not in {"run_id", "sharding", "export", "sweep"}
        }


def read_config(hyperparameters: Mapping[str, object]) -> TrainConfig:
    """Reads SageMaker's hyperparameters, which are all strings.

    Raises:
        JobError: some are unknown, impossible or missing; the message names every one.
    """
    known = {each.name: each for each in fields(TrainConfig)}
    problems: list[str] = []
    values: dict[str, Any] = {}
    for name, text in hyperparameters.items():
        if name in known:
            _read(known[name], text, values, problems)
        else:
            problems.append(_unknown(name, list(known)))
    if "base_model" not in hyperparameters:
        problems.append("base_model is missing")
    if values.get("sweep"):
        values["sweep"] = _read_sweep(values["sweep"], known, problems)
        if (method := values.get("method", "finetune")) != "finetune":
            problems.append(f"sweep is for method finetune; {method} tries its own penalties")
    if problems:
        raise JobError(f"Hyperparameters: {'; '.join(problems)}.")
    return TrainConfig(**values)


def _read(each: "Field[Any]", text: object, values: dict[str, Any], problems: list[str]) -> None:
    read = cast("Callable[[str], Any]", each.metadata["read"])
    try:
        if not isinstance(text, str):
            raise ValueError
        values[each.name] = read(text)
    except (ValueError, KeyError):
        problems.append(f"{each.name} is {text!r} but must be {each.metadata['allowed']}")


def _read_sweep(
    wanted: Mapping[str, Any], known: Mapping[str, "Field[Any]"], problems: list[str]
) -> dict[str, Any]:
    """Reads a sweep's values as the hyperparameters themselves are read."""
    read: dict[str, Any] = {}
    wrong: list[str] = []
    for name, given in wanted.items():
        if name in SIZES:
            _read_size(name, given, read, wrong)
        elif name not in SWEPT:
            wrong.append(_unknown(name, [*SWEPT, *SIZES]))
        elif not isinstance(given, list) or not given:
            wrong.append(f"{name} is {given!r} but must be a list of values")
        else:
            read[name] = [_read_value(known[name], each, wrong) for each in given]
            if len(set(read[name])) < len(given):
                wrong.append(f"{name} has a value twice")
    if not wrong:
        _check_size(read, wrong)
    problems += [f"sweep: {each}" for each in wrong]
    return read


def _read_size(name: str, given: object, values: dict[str, Any], problems: list[str]) -> None:
    least, most = SIZES[name]
    if isinstance(given, int) and not isinstance(given, bool) and least <= given <= most:
        values[name] = given
    else:
        problems.append(f"{name} is {given!r} but must be a whole number from {least} to {most}")


def _read_value(each: "Field[Any]", given: object, problems: list[str]) -> Any:
    values: dict[str, Any] = {}
    _read(each, given if isinstance(given, str) else json.dumps(given), values, problems)
    return values.get(each.name, json.dumps(given))


def _check_size(sweep: Mapping[str, Any], problems: list[str]) -> None:
    combinations = math.prod(len(each) for name, each in sweep.items() if name not in SIZES)
    trials = min(combinations, sweep.get("trials", combinations))
    if combinations < 2:
        problems.append("there is one combination of its values, which needs no search")
    elif sweep.get("rungs", 1) > halvings(trials):
        problems.append(f"rungs must be at most {halvings(trials)} for {trials} trials")
    elif combinations > MOST_TRIALS and "trials" not in sweep:
        problems.append(
            f"there are {combinations} combinations of its values, but {MOST_TRIALS} trials at "
            'most; "trials" says how many of them to draw'
        )


def _unknown(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f", did you mean {close[0]}?" if close else ","
    return f"{name!r} is unknown{hint} (allowed: {', '.join(known)})"
