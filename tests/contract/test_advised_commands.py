"""Every command that a message of the product advises is one that `thriftline` takes."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.contract.test_documented_commands import _PLACES
from tests.documents import PAGES
from thriftline_cli.options import COMMANDS, parsed

ROOT = Path(__file__).parents[2]
SOURCES = [
    path
    for folder in ("functions/thriftline", "cli/thriftline_cli", "laptop")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
_NAMES = "|".join(COMMANDS)
_ADVISED = re.compile(rf"(`?)thriftline ((?:{_NAMES})\b[^`\n]*)(`?)")
_MOST_WORDS = 10
# Written out of the parsers themselves.
_WRITTEN = ROOT / "docs/cli.md"


def messages(source: str) -> Iterator[str]:
    """Yields the texts of a program but for its docstrings; what is filled in is ``x``."""
    tree = ast.parse(source)
    within = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for inner in ast.walk(node)
        if inner is not node
    }
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in within or id(node) in docs:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values
            )


def advised(text: str) -> Iterator[tuple[str, bool]]:
    """Yields the commands of a text, and whether each is marked as one from end to end."""
    for opens, command, closes in _ADVISED.findall(text):
        yield command, bool(opens and closes)


@cache
def _takes(words: tuple[str, ...]) -> bool:
    try:
        parsed([_PLACES.get(word, word) for word in words])
    except SystemExit as end:
        return end.code == 0
    return True


@cache
def _is_path(words: tuple[str, ...]) -> bool:
    """Whether the words are a command's name alone, such as ``runs submit``."""
    return len(words) <= 2 and _takes((*words, "--help"))


@cache
def _is_group(words: tuple[str, ...]) -> bool:
    """Whether a command of its own must follow."""
    return len(words) == 1 and not _takes((*words, "nosuch", "--help"))


def refused(command: str, is_marked: bool) -> bool:
    """Returns whether the program would not take what a person is told to call."""
    words = tuple(re.sub(r"\{\w*\}", "x", command).split("   ")[0].split())
    if is_marked:
        return not (_is_path(words) or _takes(words))
    words = words[:_MOST_WORDS]
    if words[1:2] == ("x",) and _is_group(words[:1]):
        # The name of the command is filled in; its own tests see the whole.
        return False
    for end in range(len(words), 0, -1):
        tried = (*words[: end - 1], words[end - 1].rstrip(".,;:)\"'"))
        if _takes(tried) or _is_path(tried):
            # The sentence goes on; an option would still be the command's.
            after = words[end : end + 1]
            return bool(after) and (_is_group(tried) or after[0].startswith("--"))
    return True


def _wrong(text: str) -> list[str]:
    return [command for command, is_marked in advised(text) if refused(command, is_marked)]


def test_every_command_of_a_message_is_one_that_its_program_takes() -> None:
    wrong = {
        str(path.relative_to(ROOT)): found
        for path in SOURCES
        if "thriftline " in (source := path.read_text())
        and (found := [one for text in messages(source) for one in _wrong(text)])
    }
    assert wrong == {}


@pytest.mark.parametrize(
    "page", [one for one in PAGES if one != _WRITTEN], ids=lambda page: str(page.relative_to(ROOT))
)
def test_every_command_within_a_sentence_is_one_that_its_program_takes(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    marked = [" ".join(one.split()) for one in re.findall(r"`(thriftline [^`]+)`", prose)]
    assert [one for text in marked for one in _wrong(f"`{text}`")] == []


@pytest.mark.parametrize(
    "text",
    [
        "`thriftline prepare run.yaml --data DIR --output OUT` costs nothing",
        "Call thriftline runs lst",
        "thriftline runs watch x --evry 3s shows it",
        "`thriftline endpoints deploy PROJECT and see`",
    ],
)
def test_what_would_be_refused_is_found(text: str) -> None:
    assert _wrong(text)


def test_what_is_filled_in_is_a_word() -> None:
    source = '"""thriftline gone."""\nsay(f"see thriftline runs get {run} --save " f"{run}")\n'
    (text,) = messages(source)
    assert text == "see thriftline runs get x --save x"
    assert _wrong(text) == []
