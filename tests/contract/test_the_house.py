"""The rooms that the documents name exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "functions/thriftline"
# Rooms of capabilities that are still to be built; the documents say so.
TO_COME = {"functions/thriftline/api/", "runs/trainers/NAME/"}


def _places(document: str) -> set[str]:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = re.findall(r"`([\w/.]+)`", text)
    return {name for name in named if "/" in name} - TO_COME


def test_every_place_that_the_recipes_name_exists() -> None:
    for name in _places("CONTRIBUTING.md"):
        if name.startswith("steps/verb_noun") or "verb_noun" in name:
            continue
        assert _exists(name), name


def test_every_place_that_the_architecture_names_exists() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    table = text[text.index("| you look for |") : text.index("## Where things lie")]
    for name in set(re.findall(r"`([\w/.]+/[\w/.]*)`", table)) - TO_COME:
        assert _exists(name), name


def _exists(name: str) -> bool:
    rooms = (ROOT, FUNCTIONS, FUNCTIONS / "runs", FUNCTIONS / "audit", FUNCTIONS / "core")
    return any((room / name).exists() for room in rooms)
