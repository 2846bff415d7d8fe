"""What was removed and why, with counts and examples: ``preparation.json``.

Examples are shortened, and personal data in them is replaced whether or not it is in the data set.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pyspark.sql import Window
from pyspark.sql import functions as F

from . import SCHEMA_VERSION
from .errors import PreparationError
from .file_faults import check_files
from .lengths import percentiles
from .reading import first_lines
from .reasons import CHANGES, REASONS, STAGES, stage_of
from .redaction import Redaction
from .shards import SPLITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame

    from .config import Config
    from .listing import Listing

MOST_EXAMPLES = 5
_SHOWN_CHARACTERS = 160
_NAMED = 10
_NO_VALUES = frozenset({"nan", "null", "none", "n/a", "na", "nil", "<na>", "#n/a", "-", "?"})


class Report:
    """Collects what each stage did."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._redaction = Redaction(config.patterns)
        self._removed: dict[str, int] = {}
        self._examples: dict[str, list[dict[str, Any]]] = {}
        self._changed: dict[str, int] = {}
        self._notes: list[str] = []
        self._conflicts = 0
        self._rows_read = 0
        self._listing: Listing | None = None
        self._result: dict[str, Any] = {}

    def take_listing(self, listing: Listing) -> None:
        """Takes which files are read."""
        self._listing = listing

    def take_rows(self, rows: DataFrame) -> None:
        """Takes what became of each raw row.

        Raises:
            PreparationError: a file has none of the columns or cannot be read, labels are left
                over that are to be refused, or no row is left.
        """
        counts = rows.groupBy("file", "reason", "notes").count().collect()
        by_file: dict[int, dict[str, int]] = {}
        for row in counts:
            self._rows_read += row["count"]
            of_file = by_file.setdefault(row.file, {})
            of_file[row.reason or ""] = of_file.get(row.reason or "", 0) + row["count"]
            if row.reason is not None:
                self._count(row.reason, row["count"])
            self._add_notes(row.notes, row["count"])
        assert self._listing is not None
        files, spark = self._listing.files, rows.sparkSession
        check_files(files, by_file, self._config, lambda file: first_lines(spark, file))
        self._note_files([file.name for file in files if not by_file.get(file.number)])
        if self._removed:
            self._take_examples(rows.filter("reason IS NOT NULL"))
        if "unmapped_label" in self._removed:
            self._take_unmapped(rows.filter("reason = 'unmapped_label'"))
        if self.rows_left <= 0:
            raise self.empty_error()

    @property
    def rows_left(self) -> int:
        """How many rows there still are."""
        return self._rows_read - sum(self._removed.values())

    def take_distinct(self, rows: DataFrame) -> None:
        """Takes the rows that are left after exact duplicates."""
        total = rows.agg(F.count("*"), F.sum("copies")).collect()[0]
        if total[1] > total[0]:
            self._count("exact_duplicate", total[1] - total[0])
            most = rows.filter("copies > 1").orderBy(F.desc("copies"), "row_id", "label")
            for row in most.limit(MOST_EXAMPLES).collect():
                self._example("exact_duplicate", row, copies=row.copies)

    def next_conflicts(self) -> int:
        """Returns the number of this look for conflicts."""
        self._conflicts += 1
        return self._conflicts

    def take_conflicts(self, inside: DataFrame, removed: DataFrame) -> None:
        """Takes rows whose cluster has several labels, and those of them that are removed."""
        self._count("conflict", removed.count())
        for labels, row in self._conflict_examples(inside):
            self._example("conflict", row, labels=labels)

    def conflicts_error(self, inside: DataFrame) -> PreparationError:
        """Returns the error of conflicts that are to be refused."""
        clusters = inside.select("cluster_id").distinct().count()
        shown = "; ".join(
            f"\u201c{self._shown(row.text, 60)}\u201d is {' and '.join(labels)}"
            for labels, row in self._conflict_examples(inside)[:3]
        )
        return PreparationError(
            "conflicts",
            f"conflicts: {clusters:,} of the texts, or groups of nearly equal ones, have more than "
            f"one label: {shown}. Correct them, or choose `drop` or `majority`.",
        )

    def take_near_duplicates(self, before: DataFrame, kept: DataFrame) -> None:
        """Takes rows that are like others, and those of them that stay."""
        removed = before.join(kept.select("row_id"), "row_id", "left_anti")
        count = removed.count()
        if not count:
            return
        self._count("near_duplicate", count)
        of = kept.select("cluster_id", F.col("text").alias("kept"))
        some = removed.orderBy("row_id").limit(MOST_EXAMPLES).join(of, "cluster_id")
        for row in some.orderBy("row_id").collect():
            self._example("near_duplicate", row, kept=self._shown(row.kept))

    def take_balanced(self, before: DataFrame, kept: DataFrame) -> None:
        """Takes what the limit of rows a label has removed."""
        counts = {row.label: row["count"] for row in before.groupBy("label").count().collect()}
        left = {row.label: row["count"] for row in kept.groupBy("label").count().collect()}
        for label in sorted(counts):
            if counts[label] > left.get(label, 0):
                self._count("over_quota", counts[label] - left.get(label, 0))
                examples = self._examples.setdefault("over_quota", [])
                shown = {
                    "label": self._shown(label),
                    "rows": counts[label],
                    "kept_rows": left.get(label, 0),
                }
                examples[len(examples) :] = [shown] if len(examples) < MOST_EXAMPLES else []

    def take_result(self, rows: DataFrame) -> dict[str, int]:
        """Takes the rows that are written; returns how many each split has.

        Raises:
            PreparationError: none is left to train on.
        """
        counts = rows.groupBy("label", "split").count().collect()
        labels: dict[str, dict[str, int]] = {}
        for row in counts:
            labels.setdefault(row.label, {})[row.split] = row["count"]
        sizes = {split: sum(each.get(split, 0) for each in labels.values()) for split in SPLITS}
        if not sizes["train"]:
            raise self.empty_error()
        lengths = rows.groupBy("characters").count().collect()
        self._result = {
            "splits": sizes,
            "labels": [
                {"label": label, **{split: labels[label].get(split, 0) for split in SPLITS}}
                for label in sorted(labels, key=lambda one: (-sum(labels[one].values()), one))
            ],
            "characters": percentiles({row.characters: row["count"] for row in lengths}),
        }
        self._note_result(labels, sizes)
        return sizes

    def empty_error(self) -> PreparationError:
        """Returns the error of a preparation that leaves no row."""
        parts = [
            f"{rows:,} {REASONS[reason].short}"
            for reason, rows in sorted(self._removed.items(), key=lambda item: -item[1])
        ]
        lost = f": {'; '.join(parts)}" if parts else ""
        return PreparationError(
            "empty",
            f"No row is left to train on, of {self._rows_read:,} that were read{lost}. Loosen the "
            "rule that removes the most, or give other files.",
        )

    def document(self) -> dict[str, Any]:
        """Returns what preparation.json says. The same input gives the same document."""
        return {
            "schema_version": SCHEMA_VERSION,
            "run_id": self._config.run_id,
            "config_sha256": self._config.sha256,
            "rows_read": self._rows_read,
            "rows_written": self.rows_left,
            "sources": self._sources(),
            "stages": self._stages(),
            **self._result,
            "notes": self._notes,
        }

    @staticmethod
    def as_json(document: dict[str, Any]) -> str:
        """Returns the document's text."""
        return json.dumps(document, indent=1, ensure_ascii=False)

    def _sources(self) -> dict[str, Any]:
        assert self._listing is not None
        files = self._listing.files
        kinds = sorted({f"{file.kind}{'.gz' if file.gzipped else ''}" for file in files})
        return {
            "files": len(files),
            "bytes": self._listing.bytes,
            "kinds": kinds,
            "ignored": list(self._listing.ignored[:_NAMED]),
            "ignored_files": len(self._listing.ignored),
        }

    def _stages(self) -> list[dict[str, Any]]:
        stages = []
        left = self._rows_read
        for name in STAGES:
            reasons = [reason for reason in self._removed if stage_of(reason) == name]
            reasons.sort(key=lambda reason: (-self._removed[reason], reason))
            rows_in, left = left, left - sum(self._removed[reason] for reason in reasons)
            removed = [self._removal(reason) for reason in reasons]
            stage = {"name": name, "rows_in": rows_in, "rows_out": left, "removed": removed}
            stages.append({**stage, "changed": self._changes(name)})
        return stages

    def _removal(self, reason: str) -> dict[str, Any]:
        return {
            "reason": reason,
            "rows": self._removed[reason],
            "why": REASONS[reason].sentence(self._config),
            "examples": self._examples.get(reason, []),
        }

    def _changes(self, stage: str) -> list[dict[str, Any]]:
        found = []
        for what, rows in sorted(self._changed.items()):
            kind, _, name = what.partition(".")
            if CHANGES[kind].stage == stage:
                found.append({"what": what, "count": rows, "why": CHANGES[kind].said(name)})
        return found

    def _count(self, reason: str, rows: int) -> None:
        self._removed[reason] = self._removed.get(reason, 0) + rows

    def _add_notes(self, notes: str | None, rows: int) -> None:
        for note in (notes or "").split(";"):
            name, _, number = note.partition("=")
            if name:
                self._changed[name] = self._changed.get(name, 0) + int(number) * rows

    def _take_examples(self, removed: DataFrame) -> None:
        kinds = removed.select("reason", "row_id", "text", "text_pair", "label").distinct()
        order = Window.partitionBy("reason").orderBy("row_id", "text", "label")
        first = kinds.withColumn("_number", F.row_number().over(order))
        first = first.filter(F.col("_number") <= MOST_EXAMPLES)
        for row in first.orderBy("reason", "_number").collect():
            self._example(row.reason, row)

    def _take_unmapped(self, rows: DataFrame) -> None:
        counts = rows.groupBy("label").count().orderBy(F.desc("count"), "label")
        first = counts.limit(_NAMED + 1).collect()
        shown = [
            f"\u201c{self._shown(row.label, 60)}\u201d ({row['count']:,} rows)" for row in first
        ]
        listed = ", ".join(shown[:_NAMED]) + (" and others" if len(first) > _NAMED else "")
        if self._config.labels.unmapped == "refuse":
            raise PreparationError(
                "unmapped_labels",
                f"labels: the map has no label for {listed}. Add them to `labels`, or set "
                "`unmapped_labels` to `keep` or `drop`.",
            )
        self._notes.append(f"The label map has nothing for {listed}: these rows were removed.")

    def _conflict_examples(self, inside: DataFrame) -> list[tuple[list[str], Any]]:
        labels = F.sort_array(F.collect_set("label")).alias("labels")
        text = F.min("text").alias("text")
        grouped = inside.groupBy("cluster_id").agg(labels, text)
        some = grouped.orderBy("cluster_id").limit(MOST_EXAMPLES).collect()
        return [([self._shown(label, 60) for label in row.labels], row) for row in some]

    def _example(self, reason: str, row: Any, **more: Any) -> None:
        examples = self._examples.setdefault(reason, [])
        if len(examples) >= MOST_EXAMPLES:
            return
        values = row.asDict()
        names = [name for name in ("text", "text_pair", "label") if values.get(name) is not None]
        examples.append({**{name: self._shown(values[name]) for name in names}, **more})

    def _shown(self, text: str, most: int = _SHOWN_CHARACTERS) -> str:
        """A text that may be shown. It is cut last, so that half an address is not left."""
        redacted, _ = self._redaction.redacted(text[: 4 * most])
        return redacted if len(redacted) <= most else f"{redacted[: most - 1]}\u2026"

    def _note_files(self, without_rows: Sequence[str]) -> None:
        """Notes files from which nothing came, and those that Spark does not see."""
        assert self._listing is not None
        for names, what in (
            ((*self._listing.empty, *without_rows), "no record is in"),
            (
                self._listing.hidden,
                "not read, as Spark reads no file or folder whose name begins "
                "with _ or . (rename them to have them read):",
            ),
        ):
            if names:
                more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
                self._notes.append(
                    f"{what[0].upper()}{what[1:]} {', '.join(names[:_NAMED])}{more}."
                )

    def _note_result(self, labels: dict[str, dict[str, int]], sizes: dict[str, int]) -> None:
        folded: dict[str, list[str]] = {}
        for label in sorted(labels):
            folded.setdefault(label.casefold(), []).append(label)
        for some in folded.values():
            if len(some) > 1:
                shown = ", ".join(f"\u201c{self._shown(label, 60)}\u201d" for label in some)
                self._notes.append(f"{shown} differ only in case: `labels` can make them one.")
        if len(labels) == 1:
            self._notes.append("All rows have one label: a classifier needs two or more.")
        missing = [label for label in sorted(labels) if label.casefold() in _NO_VALUES]
        if missing:
            shown = ", ".join(f"\u201c{label}\u201d" for label in missing)
            self._notes.append(f"{shown} may stand for a missing value, and is a label here.")
        for split, wanted in (
            ("validation", self._config.split.validation_fraction),
            ("test", self._config.split.test_fraction),
        ):
            if wanted and not sizes[split]:
                self._notes.append(f"There are too few rows for a {split} split.")
