"""One word for one thing: API, command line and page say those of the table in docs/words.md."""

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from thriftline_cli.options import COMMANDS, parser_for

ROOT = Path(__file__).parents[2]


class Word(NamedTuple):
    """A row of the table; of a word in bold, each of the three says it."""

    word: str
    means: str
    others: tuple[str, ...]
    is_said_by_all: bool


def read_words() -> tuple[Word, ...]:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (ROOT / "docs/words.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("|") and not line.startswith("| ---")
    ]
    assert rows[0] == ["word", "what it is", "not said for it"]
    return tuple(
        Word(
            word.strip("*"),
            means,
            tuple(one.strip() for one in others.split(",")),
            word.startswith("**"),
        )
        for word, means, others in rows[1:]
    )


def pattern_of(others: tuple[str, ...]) -> re.Pattern[str]:
    """Finds second names, as one word or several, in the singular and the plural."""
    spelled = ("[ -]?".join(map(re.escape, re.split("[ -]", one))) for one in others)
    return re.compile(rf"\b(?:{'|'.join(spelled)})(?:e?s)?\b", re.IGNORECASE)


WORDS = read_words()
_SECOND = {one.word: pattern_of(one.others) for one in WORDS}


def of_api() -> Iterator[tuple[str, str]]:
    """Yields what the API's document says to a reader: paths, summaries, descriptions, names."""

    def walk(place: str, value: object) -> Iterator[tuple[str, str]]:
        if isinstance(value, dict):
            for name, one in value.items():
                if name in ("summary", "description", "title") and isinstance(one, str):
                    yield f"{place}/{name}", one
                else:
                    yield f"{place}/{name}", str(name).replace("_", " ")
                    yield from walk(f"{place}/{name}", one)
        elif isinstance(value, list):
            for one in value:
                yield from walk(place, one)

    document = json.loads((ROOT / "docs/openapi.json").read_text())
    yield from walk("", {name: document[name] for name in ("info", "paths")})
    yield from walk("/schemas", document["components"]["schemas"])


def of_command_line() -> Iterator[tuple[str, str]]:
    """Yields the help of every command."""

    def walk(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
        yield parser.prog, parser.format_help()
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for one in action.choices.values():
                    yield from walk(one)

    yield from walk(parser_for(list(COMMANDS)))


def of_page() -> Iterator[tuple[str, str]]:
    """Yields the texts of the page: what is in quotation marks or between tags."""
    for module in sorted((ROOT / "web").rglob("*.js")):
        if "vendor" in module.parts:
            continue
        for number, line in enumerate(module.read_text().splitlines(), 1):
            for text in re.findall(r"\"[^\"]*\"|`[^`]*`?|>[^<>{}$]+<", line):
                yield f"{module.name}:{number}", text


@pytest.mark.parametrize("said", [of_api, of_command_line, of_page], ids=["api", "cli", "page"])
def test_nothing_has_a_second_name(said: object) -> None:
    texts = list(said())  # type: ignore[operator]
    assert len(texts) > 40
    wrong = [
        f"{place}: {found.group(0)!r} is {word}"
        for place, text in texts
        for word, names in _SECOND.items()
        if (found := names.search(text))
    ]
    assert wrong == []


@pytest.mark.parametrize("word", [one.word for one in WORDS if one.is_said_by_all])
def test_each_of_the_three_says_the_word(word: str) -> None:
    for said in (of_api, of_command_line, of_page):
        assert any(re.search(rf"\b{word}s?\b", text, re.IGNORECASE) for _, text in said()), said


def test_a_second_name_would_be_found() -> None:
    assert _SECOND["finding"].search("Two recommendations of the audit")
    assert _SECOND["accept"].search("Mute it")
    assert _SECOND["ladder, rung"].search("two fallback chains")
    assert not any(names.search("The champion serves run 3") for names in _SECOND.values())


def test_the_table_says_what_each_word_is_and_gives_no_word_to_two_things() -> None:
    words = [name for one in WORDS for name in one.word.split(", ")]
    others = [name for one in WORDS for name in one.others]
    assert len(WORDS) >= 20
    assert all(one.means and all(one.others) for one in WORDS)
    assert sum(one.is_said_by_all for one in WORDS) >= 7
    assert len(set(words)) == len(words)
    assert len(set(others)) == len(others)
    assert not set(words) & set(others)
