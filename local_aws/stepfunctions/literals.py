"""Texts in a definition, unescaped as the JSON that they are.

moto's grammar takes some of them as they stand, so that a quote, a line break or a letter that
JSON writes as an escape would keep its backslash.
"""

import json
from typing import Any

from moto.stepfunctions.parser.asl.parse import preprocessor

from local_aws.hooks import Hooks


def install(hooks: Hooks) -> None:
    """Unescape every text once, when the definition is parsed."""
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
