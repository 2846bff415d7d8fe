"""Reads ``run.yaml`` into a run spec, or says line by line what is wrong with it."""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml.comments import CommentedMap

from thriftline.core.errors import InvalidRunSpecError
from thriftline.core.text import plain
from thriftline.core.wording import counted
from thriftline.core.yaml_documents import YamlProblemError, line_of, load_yaml
from thriftline.runs.schemas.run_spec import (
    ALLOWED_TRAINERS,
    ENCODER_TRAINER,
    NAMES_ENCODER,
    TRAINERS,
    RunSpec,
)

MAX_BYTES = 65_536
_SHOWN = 80
_MOST_PROBLEMS = 20
_PATTERN_RULES = {
    "base_model": "must be a hub id such as org/name, or s3://bucket/prefix/ with the last slash",
    "instance_type": "must be a SageMaker type such as ml.g5.xlarge",
}


@dataclass(frozen=True)
class Defaults:
    """Defaults that the stack's parameters set, for keys that ``run.yaml`` leaves out.

    ``trainers`` are the registered ways to train, and ``allowed_trainers`` those of them that the
    file may name; None allows all.
    """

    base_model: str
    instance_type: str
    max_usd: Decimal
    trainers: tuple[str, ...]
    allowed_trainers: tuple[str, ...] | None = None

    @property
    def may_name(self) -> tuple[str, ...]:
        """The trainers that the file may name."""
        return self.trainers if self.allowed_trainers is None else self.allowed_trainers

    @property
    def context(self) -> dict[str, tuple[str, ...]]:
        """What the validation of a run spec knows of trainers."""
        return {TRAINERS: self.trainers, ALLOWED_TRAINERS: self.may_name}

    def under(self, given: dict[str, Any]) -> dict[str, Any]:
        """Returns ``given`` with these defaults where it is silent."""
        filled = {"base_model": self.base_model, **given}
        if _means_sagemaker(given) and "trainer" not in given and ENCODER_TRAINER in self.may_name:
            filled["trainer"] = ENCODER_TRAINER
        for section, key, value in (
            ("training", "instance_type", self.instance_type),
            ("budget", "max_usd", str(self.max_usd)),
        ):
            inner = filled.get(section, {})
            # A ladder says itself where it trains.
            if isinstance(inner, dict) and not (section == "training" and inner.get("ladder")):
                filled[section] = {key: value, **inner}
        return filled


def _means_sagemaker(given: Mapping[str, Any]) -> bool:
    """Whoever names an encoder, or what SageMaker alone has, wants that and not the cheapest."""
    training = given.get("training")
    named = set(training) if isinstance(training, Mapping) else set()
    return "base_model" in given or bool(named & {"training_plan", "keep_alive_seconds"})


def parse_run_yaml(text: bytes | None, defaults: Defaults) -> RunSpec:
    """Returns the run spec that ``run.yaml`` and the stack's defaults make together.

    Args:
        text: the file's bytes; None when there is none.
        defaults: what the stack's parameters say.

    Raises:
        InvalidRunSpecError: with a line for each problem that names line, key, what was given
            and what is allowed.
    """
    document = CommentedMap() if text is None else _load(text)
    given = json.loads(json.dumps(document, default=str))
    try:
        return RunSpec.model_validate_json(
            json.dumps(defaults.under(given)),
            strict=True,
            context={**defaults.context, NAMES_ENCODER: "base_model" in given},
        )
    except ValidationError as error:
        details = error.errors(include_url=False)
        problems = [_sentence(detail, document) for detail in details[:_MOST_PROBLEMS]]
        if len(details) > _MOST_PROBLEMS:
            problems.append(
                f"run.yaml: and {counted(len(details) - _MOST_PROBLEMS, 'more problem')}."
            )
        raise InvalidRunSpecError("\n".join(problems)) from error


def _load(text: bytes) -> CommentedMap:
    if len(text) > MAX_BYTES:
        raise InvalidRunSpecError(
            f"run.yaml has {len(text):,} bytes; {MAX_BYTES:,} are allowed. Does it hold data?"
        )
    try:
        document = load_yaml(text, "run.yaml")
    except YamlProblemError as error:
        raise InvalidRunSpecError(str(error)) from error
    if document is None:
        return CommentedMap()
    if not isinstance(document, CommentedMap):
        raise InvalidRunSpecError(
            "run.yaml line 1: the file holds a list or a single value; it must hold keys such as "
            f"{', '.join(RunSpec.model_fields)}."
        )
    return document


def _sentence(detail: ErrorDetails, document: CommentedMap) -> str:
    path = [part for part in detail["loc"] if not str(part).startswith("function-")]
    takes_auto = path[-1:] == ["value"]  # the tag of what is not `auto`
    path = path[:-1] if takes_auto else path
    path += detail.get("ctx", {}).get("at", ())
    key = plain(".".join(str(part) for part in path), _SHOWN)
    line = line_of(path, document)
    place = f"run.yaml line {line}" if line else "run.yaml"
    if detail["type"] == "extra_forbidden":
        return f"{place}: unknown key {key}; {_allowed_keys(path)}"
    given = json.dumps(detail["input"], default=str)
    if len(given) > _SHOWN:
        given = given[:_SHOWN] + "…"
    rule = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    pattern = key.rpartition(".")[2]
    rule = (
        _PATTERN_RULES.get(pattern, rule) if detail["type"] == "string_pattern_mismatch" else rule
    )
    rule = f"{rule}, or auto" if takes_auto else rule
    where = f"{place}: {key}" if key else place
    return f"{where}: {plain(rule)}; given was {given}."


def _allowed_keys(path: list[int | str]) -> str:
    model: type[BaseModel] = RunSpec
    for part in path[:-1]:
        model = _model_of(model.model_fields, str(part)) or model
    allowed = list(model.model_fields)
    near = difflib.get_close_matches(str(path[-1]), allowed, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"allowed are {', '.join(allowed)}.{hint}"


def _model_of(fields: Mapping[str, Any], name: str) -> type[BaseModel] | None:
    return _model_in(fields[name].annotation) if name in fields else None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Returns the section that a key holds, itself or a list of such."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
