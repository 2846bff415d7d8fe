"""Column names: which may be shown, whether a header is one, and which columns would fit."""

import json
import re
from collections.abc import Sequence
from typing import Final

from thriftline.datasets.engine.rules import DatasetRules
from thriftline.datasets.personal_patterns import holds_personal_data

_NAME: Final = re.compile(r"(?=.*[^\W\d])[\w.\-/()#:]{1,40}(?: [\w.\-/()#:]{1,40}){0,2}")
_PLAIN: Final = re.compile(r"[^\W\d][\w.-]*(?: [\w.-]+)*")
_MOST_CHARACTERS: Final = 64
_SHOWN: Final = 20
_TEXT_NAMES: Final = (
    "text", "sentence", "review", "message", "content", "body", "comment", "document", "utterance",
    "description", "question", "query", "tweet", "title", "subject", "input", "premise",
    "sentence1", "question1", "ticket",
)  # fmt: skip
_LABEL_NAMES: Final = (
    "label", "labels", "class", "category", "categories", "target", "sentiment", "intent", "topic",
    "tag", "tags", "y", "gold", "output", "rating", "stars", "answer", "queue", "department",
    "verdict",
)  # fmt: skip
_PAIRS: Final = (
    ("premise", "hypothesis"), ("sentence1", "sentence2"), ("question1", "question2"),
    ("text1", "text2"), ("text_a", "text_b"), ("question", "passage"), ("query", "document"),
)  # fmt: skip


def looks_like_name(name: str) -> bool:
    """Whether a column's name may be shown: one to three words, and nothing personal."""
    return (
        len(name) <= _MOST_CHARACTERS
        and _NAME.fullmatch(name) is not None
        and not holds_personal_data(name)
    )


def looks_like_row(header: Sequence[str]) -> bool:
    """Whether a header is rather a row of the data, whose texts must not be shown."""
    return any(name and not looks_like_name(name) for name in header)


def columns_found(names: Sequence[str], rules: DatasetRules, under: str = "") -> str:
    """Says which columns there are where some are missing, and what would fit in run.yaml.

    Args:
        names: the columns that there are.
        rules: what is wanted.
        under: the section of run.yaml that names them, with its dot.
    """
    if looks_like_row(names):
        return "the names of the columns look like data and are not shown"
    shown = ", ".join(names[:_SHOWN]) or "none"
    if len(names) > _SHOWN:
        shown += f" and {len(names) - _SHOWN} more"
    fitting = fitting_columns(names, rules)
    advice = f"; in run.yaml this would fit: {under}columns: {fitting}" if fitting else ""
    return f"the columns are {shown}{advice}"


def fitting_columns(names: Sequence[str], rules: DatasetRules) -> str | None:
    """The value of ``columns`` in run.yaml, where one can be guessed."""
    text = _choose(names, rules.text_column, _TEXT_NAMES, ())
    label = _choose(names, rules.label_column, _LABEL_NAMES, (text,))
    if len(names) == 2 and (text is None) != (label is None):
        other = next(name for name in names if name not in (text, label))
        text, label = text or other, label or other
    if text is None or label is None or text == label:
        return None
    pair = rules.text_pair_column
    if pair is not None and pair not in names:
        return None
    if pair is None and text != rules.text_column:
        pair = _second_text(names, text, label)
    chosen = {"text": text, "text_pair": pair, "label": label}
    named = [f"{key}: {_quoted(name)}" for key, name in chosen.items() if name is not None]
    return "{" + ", ".join(named) + "}"


def _second_text(names: Sequence[str], text: str, label: str) -> str | None:
    """The column that a data set of pairs has beside this text, by their usual names."""
    known = {name.casefold(): name for name in names if name not in (text, label)}
    second = dict(_PAIRS).get(text.casefold())
    return known.get(second) if second else None


def _quoted(name: str) -> str:
    """A name as YAML writes it between braces."""
    return name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _choose(
    names: Sequence[str], wanted: str, usual: Sequence[str], taken: Sequence[str | None]
) -> str | None:
    if wanted in names:
        return wanted
    known = {name.casefold(): name for name in reversed(names) if name not in taken}
    return next((known[one] for one in (wanted.casefold(), *usual) if one in known), None)
