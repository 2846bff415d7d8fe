"""One word for one thing: API, command line and page say those of the product's table of words.

The table is `WORDS` below: each thing's word, and second names that others have for it.
"""

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from thriftline_cli.options import COMMANDS, parser_for

ROOT = Path(__file__).parents[2]
# A word of the product, and second names that none of the three says for it.
WORDS = {
    "dataset or data set": r"corpus|corpora|data ?source",
    "run": r"experiment runs?|training runs?|pipelines?|workflow runs?",
    "run.yaml": r"run spec(?:ification)? files?|config(?:uration)? files? of runs?|recipes?",
    "trainer": r"back-?ends?|training engines?",
    "quote": r"bids?|offers?",
    "worst case": r"maximum costs?|max costs?|upper bounds?",
    "plan": r"blueprints?|proposals?",
    "ladder, rung": r"fall-?back (?:chains?|lists?)|instance (?:chains?|sequences?)",
    "allowance": r"spending limits?|dollar quotas?",
    "attempt": r"retry number|re-?runs?|tries of the job",
    "held": r"encumbered|earmarked",
    "settlement": r"true-?ups?|final billings?",
    "action": r"remediat\w+|countermeasures?",
    "champion": r"incumbents?|baseline models?|production models?",
    "deployment": r"releases? of (?:a|the) model|model push(?:es)?",
    "roll back": r"revert(?:s|ed)?|undeploy",
    "comparison": r"a/b tests?|bake-?offs?",
    "finding": r"recommendations?|insights?|violations?",
    "accept": r"suppress(?:es|ed|ions?)?|mut(?:es?|ed|ing)|snooz(?:es?|ed|ing)",
    "restore": r"undelete|resurrect",
    "approval": r"sign-?offs?",
}
_SECOND = {word: re.compile(rf"\b(?:{names})\b", re.IGNORECASE) for word, names in WORDS.items()}


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


@pytest.mark.parametrize(
    "word", ["run", "deployment", "finding", "restore", "approval", "audit", "comparison"]
)
def test_each_of_the_three_says_the_word(word: str) -> None:
    for said in (of_api, of_command_line, of_page):
        assert any(re.search(rf"\b{word}s?\b", text, re.IGNORECASE) for _, text in said()), said


def test_a_second_name_would_be_found() -> None:
    assert _SECOND["finding"].search("Two recommendations of the audit")
    assert _SECOND["accept"].search("Mute it")
    assert not any(names.search("The champion serves run 3") for names in _SECOND.values())
