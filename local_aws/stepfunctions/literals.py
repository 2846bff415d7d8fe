"""Texts and numbers in a definition, taken as the JSON that they are.

moto's grammar takes some texts as they stand, so that a quote, a line break or a letter that
JSON writes as an escape would keep its backslash; and it takes no whole number for a percentage.
"""

import json
import re
from typing import Any

from moto.stepfunctions.parser.asl.parse import preprocessor
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from local_aws.hooks import Hooks

_WHOLE_PERCENTAGE = re.compile(r'("ToleratedFailurePercentage"\s*:\s*\d+)(?=\s*[,}])')


def install(hooks: Hooks) -> None:
    """Unescape every text once, and give every percentage a point, when a definition is parsed."""
    parse = AmazonStateLanguageParser.parse
    hooks.replace(
        AmazonStateLanguageParser,
        "parse",
        staticmethod(lambda definition: parse(_WHOLE_PERCENTAGE.sub(r"\1.0", definition))),
    )
    original = preprocessor.Preprocessor._inner_string_of

    def inner_string_of(parser_rule_context: Any) -> Any:
        text = original(parser_rule_context)
        return unescape(text) if _is_quoted(parser_rule_context.getText()) else text

    def from_string_literal(parser_rule_context: Any) -> Any:
        text = parser_rule_context.getText()
        return unescape(text[1:-1]) if _is_quoted(text) else text

    hooks.replace(preprocessor.Preprocessor, "_inner_string_of", staticmethod(inner_string_of))
    hooks.replace(preprocessor, "from_string_literal", from_string_literal)


def _is_quoted(text: str) -> bool:
    return len(text) > 1 and text.startswith('"') and text.endswith('"')


def unescape(inner: Any) -> Any:
    """Return what a JSON text with the content `inner` means."""
    return json.loads(f'"{inner}"', strict=False) if isinstance(inner, str) else inner
