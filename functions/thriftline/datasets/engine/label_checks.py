"""Checks of the labels of a data set as a whole: classes that nobody meant."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from thriftline.datasets.engine.totals import Totals
from thriftline.datasets.shown import Masks

SHOWN: Final = 5
_LIKE_MISSING: Final = frozenset(
    ("nan", "-nan", "none", "null", "nil", "na", "n/a", "#n/a", "<na>", "nat", "\\n", "?", "-")
)
_WHOLE: Final = re.compile(r"[+-]?\d+(?:\.0*)?(?:e\+?0*\d)?", re.IGNORECASE)
_DECIMAL: Final = re.compile(r"[+-]?(?:\d+\.\d*|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE)
_REFUSED: Final = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]"
)
# Letters of the Cyrillic and Greek scripts that look like Latin ones.
_LATIN: Final = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u0458\u04bb\u0501\u03bf\u03bd\u03c1\u03b9",
    "aeopcyxisjhdovpi",
)
_SHORTEST, _LONGEST = 4, 64
_MOST_ALIKE: Final = 20


def check_names(totals: Totals, masks: Masks) -> None:
    """Adds what the labels' names say to the tallies."""
    labels = totals.labels
    _add_all(totals, "unprintable_label", filter(_REFUSED.search, labels), masks)
    _add_all(totals, "label_like_missing_value", filter(_like_missing, labels), masks)
    _add_all(totals, "padded_label", (one for one in labels if one != one.strip(" ")), masks)
    decimals = list(filter(_DECIMAL.fullmatch, labels))
    if 2 * len(decimals) > len(labels):
        _add_all(totals, "decimal_labels", decimals, masks)
    similar = [names for names in _groups(labels) if len(names) > 1]
    _add_pairs(totals, "similar_labels", similar, masks)
    known = {frozenset(names) for names in similar}
    apart = [pair for pair in one_edit_apart(labels) if frozenset(pair) not in known]
    _add_pairs(totals, "labels_one_edit_apart", apart, masks)


def _like_missing(name: str) -> bool:
    return name.strip().casefold() in _LIKE_MISSING


def _add_all(totals: Totals, code: str, names: Iterable[str], masks: Masks) -> None:
    found = {name: totals.labels[name] for name in names}
    if found:
        totals.tally(code, sum(found.values()), [])
        totals.tallies[code].detail = label_list(found, masks)


def _add_pairs(totals: Totals, code: str, groups: list[list[str]], masks: Masks) -> None:
    if not groups:
        return
    totals.tally(code, len(groups), [])
    shown = [
        " and ".join(
            f"“{name}” ({totals.labels[label]:,})"
            for name, label in zip(masks.show_pair(labels), labels, strict=True)
        )
        for labels in groups[:SHOWN]
    ]
    more = len(groups) - len(shown)
    totals.tallies[code].detail = "; ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def label_list(labels: Mapping[str, int], masks: Masks) -> str:
    """The first labels with their rows."""
    shown = [f"{masks.show(name)} ({n:,})" for name, n in sorted(labels.items())[:SHOWN]]
    more = len(labels) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _groups(labels: Iterable[str]) -> Iterator[list[str]]:
    """Labels that are the same but for case, spaces, marks and the way that letters are coded."""
    alike: dict[str, list[str]] = {}
    for name in sorted(labels):
        alike.setdefault(look_of(name), []).append(name)
    yield from alike.values()


def look_of(name: str) -> str:
    """What two labels have in common that a reader takes for the same."""
    shaped = unicodedata.normalize("NFKC", name)
    marks = (mark for mark in shaped if unicodedata.category(mark) not in ("Cf", "Cc", "Cn"))
    words = re.split(r"[\s_\-\u2010-\u2015]+", "".join(marks).casefold())
    plain = " ".join(filter(None, words)).translate(_LATIN) or name
    bare = "".join(shaped.split())
    return f"number {int(float(bare))}" if _is_short_number(bare) else plain


def _is_short_number(text: str) -> bool:
    return len(text) <= 15 and text.isascii() and _WHOLE.fullmatch(text) is not None


def one_edit_apart(labels: Iterable[str]) -> list[list[str]]:
    """Pairs that differ in one letter: left out, put in, exchanged, or swapped with the next.

    A digit that differs is no misspelling, and neither is a letter of a short name, or one in
    which many names differ.
    """
    names = [name for name in sorted(labels) if _SHORTEST <= len(name) <= _LONGEST]
    by_rest: dict[str, list[str]] = {}
    for name in names:
        for rest in {name, *(name[:i] + name[i + 1 :] for i in range(len(name)))}:
            by_rest.setdefault(rest, []).append(name)
    pairs = {
        (first, second)
        for group in by_rest.values()
        if len(group) <= _MOST_ALIKE
        for place, first in enumerate(group)
        for second in group[place + 1 :]
    }
    return [[first, second] for first, second in sorted(pairs) if _is_misspelt(first, second)]


def _is_misspelt(first: str, second: str) -> bool:
    """Whether one edit makes the one of the other; ``first`` and ``second`` share a rest."""
    start = 0
    while start < min(len(first), len(second)) and first[start] == second[start]:
        start += 1
    end = 0
    most = min(len(first), len(second)) - start
    while end < most and first[-1 - end] == second[-1 - end]:
        end += 1
    left, right = first[start : len(first) - end], second[start : len(second) - end]
    if any(mark.isdigit() for mark in left + right):
        return False
    return max(len(left), len(right)) == 1 or (len(left) == 2 and left == right[::-1])
