"""Reads ``run.yaml`` into a run spec, or says line by line what is wrong with it."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import InvalidRunSpecError
from thriftline.core.spec_documents import plain_values, problems_of, read_document
from thriftline.runs.domain.encoders import PINNED
from thriftline.runs.schemas.run_spec import (
    ALLOWED_TRAINERS,
    ENCODER_TRAINER,
    NAMES_ENCODER,
    TRAINERS,
    RunSpec,
)

_PATTERN_RULES = {
    "base_model": "must be a hub id such as org/name, or s3://bucket/prefix/ with the last slash",
    "base_model_revision": "must be a commit's hash of 40 hexadecimal digits, since a branch or a "
    "tag can be another model tomorrow; the hub lists the commits with a model's files",
    "instance_type": "must be a SageMaker type such as ml.g5.xlarge",
    "bucket": "must be a directory bucket such as training--use1-az4--x-s3: your own name for it, "
    "the id of its zone, and --x-s3",
}


@dataclass(frozen=True)
class Defaults:
    """Defaults that the stack's parameters set, for keys that ``run.yaml`` leaves out.

    ``trainers`` are the registered ways to train, and ``allowed_trainers`` those of them that the
    file may name; None allows all. ``base_model_revision`` is the commit of ``base_model``, None
    for the one that comes with this version, if any.
    """

    base_model: str
    instance_type: str
    max_usd: Decimal
    trainers: tuple[str, ...]
    allowed_trainers: tuple[str, ...] | None = None
    base_model_revision: str | None = None

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
        if "base_model" not in given and "base_model_revision" not in given:
            # A base model that the file names has no commit but the one that it names.
            filled["base_model_revision"] = self.base_model_revision or PINNED.get(self.base_model)
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


def _names_encoder(given: Mapping[str, Any]) -> bool:
    return "base_model" in given or "base_model_revision" in given


def _means_sagemaker(given: Mapping[str, Any]) -> bool:
    """Whoever names an encoder, or what SageMaker alone has, wants that and not the cheapest."""
    training = given.get("training")
    named = set(training) if isinstance(training, Mapping) else set()
    return _names_encoder(given) or bool(named & {"training_plan", "keep_alive_seconds"})


def parse_run_yaml(text: bytes | None, defaults: Defaults) -> RunSpec:
    """Returns the run spec that ``run.yaml`` and the stack's defaults make together.

    Args:
        text: the file's bytes; None when there is none.
        defaults: what the stack's parameters say.

    Raises:
        InvalidRunSpecError: with a line for each problem that names line, key, what was given
            and what is allowed.
    """
    document = read_document(text, "run.yaml", tuple(RunSpec.model_fields), InvalidRunSpecError)
    given = plain_values(document)
    try:
        return RunSpec.model_validate_json(
            json.dumps(defaults.under(given)),
            strict=True,
            context={**defaults.context, NAMES_ENCODER: _names_encoder(given)},
        )
    except ValidationError as error:
        sentences = problems_of(error, document, "run.yaml", RunSpec, _PATTERN_RULES)
        raise InvalidRunSpecError(sentences) from error
