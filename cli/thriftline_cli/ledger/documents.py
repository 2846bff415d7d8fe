"""The ledger as a table for a spreadsheet, and as a page."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from html import escape

from thriftline_cli.callers import name_of
from thriftline_cli.ledger.entries import COLUMNS, Entry

# What makes a spreadsheet take a text for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
# Spreadsheets take a file without it for a legacy encoding.
_BYTE_ORDER_MARK = "\ufeff"
# A spreadsheet takes no more in a cell.
_LONGEST = 32_000
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:90rem;padding:0 1rem;"
    "color:#1b1b1b;background:#fff}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #ddd;"
    "overflow-wrap:anywhere}th{position:sticky;top:0;background:#fff}td.usd{text-align:right}"
    "@media(prefers-color-scheme:dark){body,th{background:#161616;color:#eee}"
    "th,td{border-color:#444}}"
)


def as_csv(entries: Sequence[Entry]) -> str:
    """Returns the table; no cell of it is a formula, and what is unknown is empty."""
    out = io.StringIO()
    out.write(_BYTE_ORDER_MARK)
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        writer.writerow([_safe(cell) for cell in _cells(entry)])
    return out.getvalue()


def _cells(entry: Entry) -> Iterator[str]:
    row = entry.row
    for name in COLUMNS:
        yield "" if row[name] is None else str(row[name])


def _read(entry: Entry) -> Iterator[str]:
    """The cells as people read them; the spreadsheet has the ARN of whom."""
    for name, text in zip(COLUMNS, _cells(entry), strict=True):
        yield name_of(text) if name == "who" and text else text


def _safe(text: str) -> str:
    cut = text[:_LONGEST]
    # Blanks before it do not keep a spreadsheet from it.
    return f"'{cut}" if cut.lstrip(" ").startswith(_FORMULA) or cut[:1] in _FORMULA else cut


def billed_usd(entries: Sequence[Entry]) -> tuple[Decimal, int]:
    """Returns what the ended runs were billed together, and of how many that is not known."""
    ended = [one for one in entries if one.what in ("ended", "stopped")]
    known = [Decimal(one.cost_usd) for one in ended if one.cost_usd is not None]
    return sum(known, Decimal(0)), len(ended) - len(known)


def as_page(entries: Sequence[Entry], title: str, now: datetime) -> str:
    """Returns a page that needs nothing else, the newest first; every text of it is escaped."""
    usd, unknown = billed_usd(entries)
    bill = f"{usd:,.2f} USD billed to ended runs"
    if unknown:
        bill += f"; of {unknown} more the bill is not known"
    rows = "".join(_row(entry) for entry in reversed(entries))
    head = "".join(f"<th scope=col>{escape(name.replace('_', ' '))}</th>" for name in COLUMNS)
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1>"
        f"<p>{len(entries):,} entries, {escape(bill)}. Read {now:%Y-%m-%d %H:%M} UTC.</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></body></html>\n"
    )


def _row(entry: Entry) -> str:
    cells = zip(COLUMNS, _read(entry), strict=True)
    return (
        "<tr>"
        + "".join(
            f"<td{' class=usd' if name == 'cost_usd' else ''}>{escape(text)}</td>"
            for name, text in cells
        )
        + "</tr>"
    )
