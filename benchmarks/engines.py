"""The same counts by four engines; each is imported only in the process that runs it."""

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

Answers = dict[str, Any]

EMAIL = r"[A-Za-z0-9_%+-]@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+"
CARD = (
    r"\b(?:3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}"
    r"|[2-6][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{1,7})\b"
)
PHONE = r"\+[1-9](?:[ ().-]{0,2}[0-9]){7,14}|\b[0-9]{3}\)?[ .-]{1,2}[0-9]{3}[ .-][0-9]{4}\b"


@dataclass(frozen=True)
class Engine:
    """How an engine is called in the table, what it imports, and how it counts."""

    title: str
    modules: tuple[str, ...]
    count: Callable[[Path], Answers]

    def load(self) -> None:
        """Imports, so that it is not measured."""
        for module in self.modules:
            importlib.import_module(module)


def luhn(text: str) -> bool:
    """Whether any card number in the text has its check digit."""
    for match in re.finditer(CARD, text):
        digits = [int(mark) for mark in match.group() if mark.isdigit()]
        odd, even = digits[-1::-2], digits[-2::-2]
        total = sum(odd) + sum(2 * digit - 9 * (digit > 4) for digit in even)
        if 13 <= len(digits) <= 19 and total % 10 == 0:
            return True
    return False


def by_thriftline(path: Path) -> Answers:
    """The engine that Validate dataset runs, the disk in place of S3."""
    from thriftline.datasets.engine.rules import DataFile, DatasetRules, WorkLimits
    from thriftline.datasets.engine.scratch import LocalScratch
    from thriftline.datasets.engine.sources import LocalSource
    from thriftline.datasets.engine.validation import WorkContext, validate_files

    with TemporaryDirectory() as folder:
        shop = WorkContext(lambda _: LocalSource(path), WorkLimits(), LocalScratch(Path(folder)))
        files = [DataFile(path.name, path.stat().st_size)]
        report = validate_files(files, DatasetRules(), shop)
    counts = {finding.code: finding.count for finding in report.findings}
    return {
        "rows": report.rows,
        "labels": dict(sorted(report.labels.items())),
        "empty": counts["empty_text"],
        "repeated": counts["exact_duplicate"],
        "conflicting": counts["conflicting_labels"],
        "emails": counts["personal_data_email"],
        "cards": counts["personal_data_card"],
        "phones": counts["personal_data_phone"],
        "characters": report.characters,
        "median": report.text_length_median,
        "p95": report.text_length_p95,
        "longest": report.text_length_max,
    }


def by_duckdb(path: Path) -> Answers:
    """One scan into a table of the two columns, then three queries."""
    import duckdb

    db = duckdb.connect()
    db.execute("set threads = 1")
    db.execute(
        "create temp table rows as select text, label from read_json(?, "
        "format = 'newline_delimited', columns = {text: 'VARCHAR', label: 'VARCHAR'})",
        [str(path)],
    )
    # Written as DuckDB runs it fastest: cheap tests before dear ones, and no count(distinct).
    blank = "(text = '' or starts_with(text, ' ')) and trim(text) = ''"
    counts = db.execute(
        f"""select count(*), count(*) filter (blank),
            count(*) filter (regexp_matches(text, '{PHONE}')),
            sum(length) filter (not blank), quantile_disc(length, [0.5, 0.95]) filter (not blank),
            max(length) filter (not blank)
        from (select text, length(text) length, {blank} blank from rows)"""
    ).fetchone()
    emails = db.execute(
        f"""select count(*) from rows
            where contains(text, '@') and regexp_matches(text, '{EMAIL}')"""
    ).fetchone()[0]
    cards = db.execute(f"select text from rows where regexp_matches(text, '{CARD}')").fetchall()
    labels = db.execute("select label, count(*) from rows group by label order by label").fetchall()
    repeated, conflicting = db.execute(
        f"""select sum(n) - sum(labels), sum(n) filter (labels > 1) from (
            select text, sum(n) n, count(*) labels from (
                select text, label, count(*) n from rows where not ({blank}) group by all)
            group by text)"""
    ).fetchone()
    rows, empty, phones, characters, (median, p95), longest = counts
    return {
        "rows": rows,
        "labels": dict(labels),
        "empty": empty,
        "repeated": int(repeated),
        "conflicting": int(conflicting),
        "emails": emails,
        "cards": sum(luhn(text) for (text,) in cards),
        "phones": phones,
        "characters": int(characters),
        "median": median,
        "p95": p95,
        "longest": longest,
    }


def by_polars(path: Path) -> Answers:
    """Everything in memory, expressions on columns."""
    import polars as pl

    rows = pl.read_ndjson(path, schema={"text": pl.String, "label": pl.String})
    text = pl.col("text")
    rows = rows.with_columns(length=text.str.len_chars(), blank=text.str.strip_chars() == "")
    full = rows.filter(~pl.col("blank"))
    flags = rows.select(
        emails=text.str.contains(EMAIL).sum(), phones=text.str.contains(PHONE).sum()
    ).row(0, named=True)
    groups = full.group_by("text").agg(n=pl.len(), labels=pl.col("label").n_unique())
    lengths = full["length"]
    cards = rows.filter(text.str.contains(CARD))["text"].to_list()
    labels = rows.group_by("label").len().sort("label").rows()
    return {
        "rows": rows.height,
        "labels": dict(labels),
        "empty": rows.height - full.height,
        "repeated": full.height - int(groups["labels"].sum()),
        "conflicting": int(groups.filter(pl.col("labels") > 1)["n"].sum()),
        "emails": flags["emails"],
        "cards": sum(map(luhn, cards)),
        "phones": flags["phones"],
        "characters": int(lengths.sum()),
        "median": int(lengths.quantile(0.5, "lower")),
        "p95": int(lengths.quantile(0.95, "higher")),
        "longest": int(lengths.max()),
    }


def by_pandas(path: Path) -> Answers:
    """As its documentation reads large JSON Lines: in chunks."""
    import pandas as pd

    chunks = pd.read_json(path, lines=True, chunksize=200_000, dtype={"text": str, "label": str})
    rows = pd.concat([chunk[["text", "label"]] for chunk in chunks], ignore_index=True)
    text = rows["text"]
    blank = text.str.strip() == ""
    full = rows[~blank]
    lengths = full["text"].str.len()
    labels_of_text = full.groupby("text", sort=False)["label"].nunique()
    several = labels_of_text[labels_of_text > 1].index
    cards = text[text.str.contains(CARD, regex=True)]
    counts = rows["label"].value_counts().sort_index()
    return {
        "rows": len(rows),
        "labels": {name: int(count) for name, count in counts.items()},
        "empty": int(blank.sum()),
        "repeated": int(full.duplicated(["text", "label"]).sum()),
        "conflicting": int(full["text"].isin(several).sum()),
        "emails": int(text.str.contains(EMAIL, regex=True).sum()),
        "cards": sum(map(luhn, cards)),
        "phones": int(text.str.contains(PHONE, regex=True).sum()),
        "characters": int(lengths.sum()),
        "median": int(lengths.quantile(0.5, interpolation="lower")),
        "p95": int(lengths.quantile(0.95, interpolation="higher")),
        "longest": int(lengths.max()),
    }


ENGINES = {
    "thriftline": Engine("Thriftline", ("thriftline.datasets.engine.validation",), by_thriftline),
    "duckdb": Engine("DuckDB", ("duckdb",), by_duckdb),
    "polars": Engine("polars", ("polars",), by_polars),
    "pandas": Engine("pandas", ("pandas",), by_pandas),
}
