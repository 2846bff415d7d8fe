"""Reads ``serve.yaml`` into a serve spec, or says line by line what is wrong with it."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from ruamel.yaml.comments import CommentedMap

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import InvalidServeSpecError
from thriftline.core.spec_documents import place_of, plain_values, problems_of, read_document
from thriftline.serving.domain.combinations import refusals
from thriftline.serving.domain.kinds import ServingWish
from thriftline.serving.domain.refusal import Refusal
from thriftline.serving.schemas.serve_spec import ServeSpec, named_keys

NAME = "serve.yaml"
_PATTERN_RULES = {
    "endpoint": "must be 1 to 63 letters, digits and inner hyphens",
    "type": "must be a SageMaker type such as ml.m5.large",
    "on": "must be cron(...) with six fields, such as cron(0 8 ? * MON-FRI *)",
    "off": "must be cron(...) with six fields, such as cron(0 19 ? * MON-FRI *)",
    "kms_key": "must be the ARN or the id of a key",
}


@dataclass(frozen=True)
class ReadServeSpec:
    """A spec that was read, with the places of its keys and what the domain decides by."""

    spec: ServeSpec
    wish: ServingWish
    document: CommentedMap

    def sentence_of(self, refusal: Refusal) -> str:
        """Returns a refusal with the line of the file that it is about."""
        place = place_of(refusal.field.split("."), self.document, NAME)
        return f"{place}: {refusal.sentence}."


def parse_serve_yaml(
    text: bytes | None, overrides: Mapping[str, Any] | None = None
) -> ReadServeSpec:
    """Returns the serve spec that ``serve.yaml`` and a command's wishes make together.

    Args:
        text: the file's bytes; None when there is none: the defaults hold.
        overrides: parts of the file that a command says otherwise, section by section.

    Raises:
        InvalidServeSpecError: with a line for each problem that names line, key, what was given
            and what is allowed, or the combination that AWS refuses and the fix.
    """
    document = read_document(text, NAME, tuple(ServeSpec.model_fields), InvalidServeSpecError)
    given = _under(plain_values(document), overrides or {})
    try:
        spec = ServeSpec.model_validate_json(json.dumps(given), strict=True)
    except ValidationError as error:
        sentences = problems_of(error, document, NAME, ServeSpec, _PATTERN_RULES)
        raise InvalidServeSpecError(sentences) from error
    read = ReadServeSpec(spec, spec.wish(named_keys(given)), document)
    found = refusals(read.wish)
    if found:
        raise InvalidServeSpecError("\n".join(read.sentence_of(one) for one in found))
    return read


def _under(given: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(given)
    for key, value in overrides.items():
        inner = merged.get(key)
        if isinstance(inner, dict) and isinstance(value, Mapping):
            merged[key] = {**inner, **value}
        else:
            merged[key] = value
    return merged
