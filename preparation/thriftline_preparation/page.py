"""The page of a preparation, ``index.html``: what was removed and why. One file, no script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from .page_style import STYLE
from .reasons import STAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

_SPLITS = ("train", "validation", "test")
_EXAMPLE_WORDS = {
    "text": "Text",
    "text_pair": "Second text",
    "kept": "Kept instead",
    "label": "Label",
    "labels": "Labels",
    "copies": "Copies",
    "rows": "Rows",
    "kept_rows": "Kept",
}
_MOST_LABELS = 100


def page(document: Mapping[str, Any]) -> str:
    """Returns the page of what preparation.json says."""
    read, written = document["rows_read"], document["rows_written"]
    share = f"{100 * written / read:.1f} %" if read else "none"
    parts = [
        f"<h1>Prepared data of {escape(document['run_id'])}</h1>",
        f'<p class="lead"><b>{written:,}</b> of {read:,} rows are in the data set ({share}). '
        f"{_sources(document['sources'])}</p>",
        _notes(document["notes"]),
        "<h2>What happened to the rows</h2>",
        _bars(document["stages"], read),
        *(_stage(stage) for stage in document["stages"]),
        "<h2>What is in the data set</h2>",
        _labels(document["labels"], document["splits"]),
        _lengths(document["characters"]),
    ]
    body = "\n".join(part for part in parts if part)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>Prepared data of {escape(document['run_id'])}</title>\n"
        f"<style>{STYLE}</style></head>\n<body><main>\n{body}\n</main></body></html>\n"
    )


def _sources(sources: Mapping[str, Any]) -> str:
    files = f"{sources['files']:,} file{'s' if sources['files'] != 1 else ''}"
    text = (
        f"They were read from {files} ({', '.join(sources['kinds'])}, {_size(sources['bytes'])})."
    )
    if sources["ignored_files"]:
        names = ", ".join(escape(name) for name in sources["ignored"][:3])
        text += (
            " One other file was passed over: "
            if sources["ignored_files"] == 1
            else f" {sources['ignored_files']:,} other files were passed over, such as "
        )
        text += f"{names}."
    return text


def _notes(notes: list[str]) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f'<ul class="notes">{items}</ul>' if items else ""


def _bars(stages: list[dict[str, Any]], read: int) -> str:
    """Rows that are left after each stage, as a table with bars."""
    rows = []
    for stage in stages:
        width = 100 * stage["rows_out"] / read if read else 0
        lost = stage["rows_in"] - stage["rows_out"]
        removed = f"-{lost:,}" if lost else ""
        rows.append(
            f'<tr><th scope="row">{STAGES[stage["name"]]}</th>'
            f'<td class="bar"><span style="width:{width:.2f}%"></span></td>'
            f'<td class="number">{stage["rows_out"]:,}</td>'
            f'<td class="number lost">{removed}</td></tr>'
        )
    head = (
        '<tr><th scope="col">Stage</th><th scope="col" class="bar"><span class="hidden">Share'
        '</span></th><th scope="col" class="number">Left</th>'
        '<th scope="col" class="number">Removed</th></tr>'
    )
    return f'<table class="stages"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>'


def _stage(stage: Mapping[str, Any]) -> str:
    parts = [_removal(removal) for removal in stage["removed"]]
    parts += [
        f"<p><b>{change['count']:,}</b> changed: {escape(change['why'])}</p>"
        for change in stage["changed"]
    ]
    if not parts:
        return ""
    return f"<section><h3>{STAGES[stage['name']]}</h3>{''.join(parts)}</section>"


def _removal(removal: Mapping[str, Any]) -> str:
    rows = f"{removal['rows']:,} row{'s' if removal['rows'] != 1 else ''}"
    said = f"<p><b>{rows}</b> removed: {escape(removal['why'])}</p>"
    examples = "".join(f"<li>{_example(example)}</li>" for example in removal["examples"])
    if not examples:
        return said
    return f"{said}<details><summary>Examples</summary><ul>{examples}</ul></details>"


def _example(example: Mapping[str, Any]) -> str:
    parts = []
    for name, word in _EXAMPLE_WORDS.items():
        if name in example:
            value = example[name]
            parts.append(f"<dt>{word}</dt><dd>{escape(_said(value))}</dd>")
    return f"<dl>{''.join(parts)}</dl>"


def _said(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return ", ".join(value) if isinstance(value, list) else value.strip() or "(nothing)"


def _labels(labels: list[dict[str, Any]], splits: Mapping[str, int]) -> str:
    cells = "".join(f'<th scope="col" class="number">{split.title()}</th>' for split in _SPLITS)
    rows = [
        f'<tr><th scope="row">{escape(one["label"])}</th>{_numbers(one)}</tr>'
        for one in labels[:_MOST_LABELS]
    ]
    if len(labels) > _MOST_LABELS:
        rows.append(f'<tr><td colspan="4">and {len(labels) - _MOST_LABELS:,} more labels</td></tr>')
    foot = f'<tr><th scope="row">All</th>{_numbers(splits)}</tr>'
    return (
        f'<table><thead><tr><th scope="col">Label</th>{cells}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody><tfoot>{foot}</tfoot></table>"
    )


def _numbers(counts: Mapping[str, int]) -> str:
    return "".join(f'<td class="number">{counts[split]:,}</td>' for split in _SPLITS)


def _lengths(lengths: Mapping[str, int]) -> str:
    return (
        f"<p>Half of the texts have {lengths['p50']:,} characters or fewer, 95 % have at most "
        f"{lengths['p95']:,}, 99 % at most {lengths['p99']:,}. The shortest has "
        f"{lengths['least']:,}, the longest {lengths['most']:,}.</p>"
    )


def _size(size: int) -> str:
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:,.1f} {unit}"
    return f"{size} bytes"
