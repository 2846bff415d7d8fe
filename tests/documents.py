"""The commands that README and the documents show: those of blocks, and whole ones in sentences."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "cli/README.md")),
    *(ROOT / f"{name}/README.md" for name in ("local_aws", "training_image", "preparation")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "deploy").rglob("*.md")),
]
# A drawing in a fence of its own, and no commands.
DRAWINGS = ("docs/architecture.md",)
# What was decided once may be a command of that day.
DATED = ("docs/decisions.md",)
# Its spans are the forms of commands.
FORMS = ("docs/cli.md",)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SHELL = ("", "sh", "bash", "shell", "console")
_SPAN = re.compile(r"`([^`]+)`")
_SEPARATORS = {"|", "&&", "||", ";", "&"}
Command = tuple[str, list[str]]


def commands() -> Iterator[Command]:
    """Yields each command of each block with its page, as words."""
    for page in PAGES:
        name = str(page.relative_to(ROOT))
        if name in DRAWINGS:
            continue
        for language, block in FENCE.findall(page.read_text()):
            if language in _SHELL:
                for line in block.replace("\\\n", " ").splitlines():
                    yield from ((name, words) for words in parts(line))


def spans(*programs: str) -> Iterator[Command]:
    """Yields what sentences have in code quotes and begins with one of these programs."""
    for page in PAGES:
        name = str(page.relative_to(ROOT))
        if name in (*DATED, *FORMS):
            continue
        for span in _SPAN.findall(FENCE.sub("", page.read_text())):
            line = " ".join(span.split())
            if Path(line.partition(" ")[0]).name in programs:
                yield from ((name, words) for words in parts(line))


def parts(line: str) -> Iterator[list[str]]:
    """Yields the commands of a line, those within $( ) too, without what sets variables."""
    for inner in re.findall(r"\$\(([^()]+)\)", line):
        yield from parts(inner)
    plain = re.sub(r"\$\([^()]+\)", "VALUE", line)
    reader = shlex.shlex(plain, posix=True, punctuation_chars=";|&")
    reader.whitespace_split, reader.commenters = True, "#"
    words: list[str] = []
    for word in [*reader, ";"]:
        if word not in _SEPARATORS:
            words.append(word)
            continue
        while words and re.fullmatch(r"\w+=.*", words[0], re.DOTALL):
            words = words[1:]
        if words:
            yield words
        words = []
