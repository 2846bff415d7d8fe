"""What people read is plain English: no word of ours where the field has a usual one.

Read are the pages of documentation, the templates, and the texts in code that are not docstrings.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COLUMNS = 100

# What is written in place of each is behind it.
BANNED = {
    r"tells?|telling|told": "report, say, show",
    r"mend(?:s|ed|ing)?": "fix",
    r"dear(?:er|est)?": "expensive, costs more",
    r"what there is(?: not)?": "the name of the thing",
    r"has not got|have not got": "has no",
    r"no (?:one|body) used it since": "nobody has used it since",
    r"(?:it|is) (?:runs|marked) since": "has run since, has been marked since",
    r"runs without a stop since": "has run without a stop since",
    r"1 (?:invocations|records|epochs|requests|jobs|findings|rows|days|files|labels)": "counted()",
}
PATTERN = re.compile("|".join(rf"\b(?:{words})\b" for words in BANNED), re.IGNORECASE)

# A text that may keep such a word, and why.
ALLOWED = {
    "`mend`": "the changelog names the field that former documents have",
    "mend": "the key that former documents have, which is still read",
    "audits/told_of_endpoints.json": "a key in S3: a new name would report every endpoint again",
    "first_told": "a field of report.json, which other programs read",
    "dearer_usd": "a field of report.json, which other programs read",
}

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TEMPLATES = sorted((ROOT / "functions").rglob("*.j2"))
CODE = sorted(
    path for room in ("functions", "laptop", "cli") for path in (ROOT / room).rglob("*.py")
)

_SPAN = re.compile(r"`[^`]*`")
_TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)


def prose(page: Path) -> Iterator[tuple[int, str]]:
    """Yields the lines of a page that are no code, with their numbers."""
    in_code = False
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if line.lstrip().startswith("```"):
            in_code = not in_code
        elif not in_code:
            yield number, line


def texts(source: str) -> Iterator[tuple[int, str]]:
    """Yields the string literals of a module that are no docstrings, with their lines."""
    tree = ast.parse(source)
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in docstrings:
            continue
        if isinstance(node.value, str):
            yield node.lineno, node.value


def banned_in(text: str) -> list[str]:
    """Returns the words of a text that are banned, but for those that are allowed."""
    for allowed in ALLOWED:
        if text == allowed or len(allowed.split("_")) > 1 or allowed.startswith("`"):
            text = text.replace(allowed, "")
    return [found.group(0) for found in PATTERN.finditer(text)]


def test_the_words_are_found_and_other_words_are_not() -> None:
    assert banned_in("It tells you. Mend it: it is dearer, 1 records.") == [
        "tells",
        "Mend",
        "dearer",
        "1 records",
    ]
    assert banned_in("Fix it; 21 records, retold and endearing, first_told, `mend`") == []
    assert list(texts('"""told"""\nx = "told"\n')) == [(2, "told")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_documentation_is_plain(page: Path) -> None:
    wrong = [
        f"{page.relative_to(ROOT)}:{number}: {words}"
        for number, line in prose(page)
        if (words := banned_in(_SPAN.sub("", line)))
    ]
    assert wrong == []


def test_templates_are_plain() -> None:
    wrong = []
    for template in TEMPLATES:
        # What the tags name is code; their text is not read.
        text = _TAG.sub(lambda tag: "\n" * tag.group(0).count("\n"), template.read_text())
        for number, line in enumerate(text.splitlines(), 1):
            if words := banned_in(line):
                wrong.append(f"{template.relative_to(ROOT)}:{number}: {words}")
    assert wrong == []


def test_texts_in_code_are_plain() -> None:
    wrong = [
        f"{module.relative_to(ROOT)}:{number}: {words}"
        for module in CODE
        for number, text in texts(module.read_text())
        if (words := banned_in(text))
    ]
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_prose_fits_its_columns(page: Path) -> None:
    # Tables, headings and what cannot be broken may be longer.
    wrong = [
        f"{page.relative_to(ROOT)}:{number}: {len(line)} columns"
        for number, line in prose(page)
        if len(line) > COLUMNS
        and not line.lstrip().startswith(("|", "#", "<"))
        and not re.search(r"\]\(|`", line)
    ]
    assert wrong == []
