"""What is done to every text: one Unicode form, no control characters, plain white space."""

from __future__ import annotations

import re
import unicodedata

# What has no shape of its own and no meaning between letters; joiners (U+200C, U+200D) have one.
_DROPPED = "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\u2060\ufeff\ufff9-\ufffb\ud800-\udfff"
_DIRT = re.compile(f"[{_DROPPED}]")
_SPACES = re.compile(r"\s+")
# Anything that the two above could change.
_MAY_CHANGE = re.compile(
    f"[{_DROPPED}\t-\r\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]|  |^ | $"
)
_BREAKS = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# White space, and what shows nothing when it stands alone.
_INVISIBLE = re.compile(
    "[\\s\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202f\u205f-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffc"
    "\U000e0000-\U000e0fff]*"
)


def clean_text(text: str) -> str:
    """Returns a text in Unicode's NFC, without control characters and surrounding white space.

    A run of white space becomes one space, or one line break where it holds one.
    """
    if text.isascii():
        return _spaced(text) if _MAY_CHANGE.search(text) else text
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    if not _MAY_CHANGE.search(text):
        return text
    # What was between two characters may have kept them from being composed.
    return unicodedata.normalize("NFC", _spaced(text))


def clean_label(label: str) -> str:
    """Returns a label in one form and on one line."""
    return " ".join(clean_text(label).split())


def is_blank(text: str) -> bool:
    """Whether a text holds nothing that can be seen."""
    return _INVISIBLE.fullmatch(text) is not None


def _spaced(text: str) -> str:
    return _SPACES.sub(_one_space, _DIRT.sub("", text)).strip()


def _one_space(match: re.Match[str]) -> str:
    return "\n" if _BREAKS.search(match.group()) else " "
