"""Parses each text of a definition once: a machine is started more often than it changes."""

from functools import lru_cache
from typing import Any

from antlr4 import CommonTokenStream, InputStream
from moto.stepfunctions.parser.asl.antlr.runtime.ASLLexer import ASLLexer
from moto.stepfunctions.parser.asl.antlr.runtime.ASLParser import ASLParser
from moto.stepfunctions.parser.asl.parse.asl_parser import (
    AmazonStateLanguageParser,
    ASLParserException,
    SyntaxErrorListener,
)
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

from local_aws.hooks import Hooks

_TEXTS = 64


def install(hooks: Hooks) -> None:
    """Let executions share the tree of their definition; what runs is made of it for each."""
    hooks.replace(AmazonStateLanguageParser, "parse", staticmethod(_parse))


def parsed_texts() -> int:
    """Return how many texts were parsed in this process."""
    return _tree.cache_info().misses


def _parse(definition: str) -> tuple[Any, Any]:
    tree = _tree(definition)
    return Preprocessor().visit(tree), tree


@lru_cache(_TEXTS)
def _tree(definition: str) -> Any:
    """Return the tree, which nothing changes; a wrong definition is refused each time."""
    found = SyntaxErrorListener()
    parser = ASLParser(CommonTokenStream(ASLLexer(InputStream(definition))))
    parser.removeErrorListeners()
    parser.addErrorListener(found)
    tree = parser.state_machine()
    if found.errors:
        raise ASLParserException(errors=found.errors)
    return tree
