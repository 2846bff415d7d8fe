"""The checks by code, and the collector of what they found and where."""

from collections.abc import Iterable
from dataclasses import field
from typing import Any, Literal, NamedTuple

from thriftline.core.dataclass import dataclass

Severity = Literal["error", "warning"]
MAX_PLACES = 20


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its stable code, what it says, and what the reader does about it."""

    code: str
    severity: Severity
    title: str
    fix: str


_ERRORS = (
    Check("unsupported_file_type", "error", "The file type is not supported",
          "Upload .jsonl, .ndjson, .csv or .parquet, each optionally with .gz."),
    Check("wrong_content", "error", "The file is not what its name says",
          "Write the data as JSON Lines, CSV or Parquet, and name the file so."),
    Check("empty_file", "error", "The file holds no records",
          "Upload the file again with its rows, or remove it."),
    Check("malformed_gzip", "error", "The compressed file is damaged",
          "Compress the file again and check it with gzip -t."),
    Check("malformed_parquet", "error", "The Parquet file cannot be read",
          "Write the Parquet file again."),
    Check("decompression_bomb", "error", "The file grows beyond all measure when decompressed",
          "Upload the file uncompressed, or cut it into several files."),
    Check("undecodable_bytes", "error", "Bytes are not UTF-8",
          "Save the file as UTF-8; the column is the byte's."),
    Check("malformed_json", "error", "A line is not a JSON object",
          "Write one complete JSON object on each line."),
    Check("malformed_csv", "error", "A row is not well-formed CSV",
          "Quote fields that hold commas, quotes or line breaks, and double the quotes in them."),
    Check("over_long_record", "error", "A record is too long",
          "Shorten or split the record; a quote that is never closed has the same effect."),
    Check("missing_column", "error", "A required column is missing",
          "Add the column, or name the right one under columns in run.yaml."),
    Check("duplicate_column", "error", "A column occurs twice",
          "Keep one column of the name, or name another under columns in run.yaml."),
    Check("empty_text", "error", "A text is empty",
          "Fill in the text or remove the row."),
    Check("unsupported_value_type", "error", "A value has a type that cannot be used",
          "Texts must be strings; labels must be strings, whole numbers or booleans."),
    Check("missing_label", "error", "A label is missing",
          "Fill in the label or remove the row."),
    Check("mixed_label_types", "error", "Labels are of different types",
          "Write every label the same way, for example all as strings."),
    Check("over_long_label", "error", "A label is too long to be a class name",
          "Check that columns.label in run.yaml names the label column."),
    Check("too_few_labels", "error", "There are fewer than two labels",
          "A classifier needs examples of at least two labels."),
    Check("too_many_labels", "error", "There are too many labels",
          "Check that columns.label in run.yaml names the label column."),
    Check("repeated_header", "error", "A header line stands among the rows",
          "Take the line out: files were put together with their headers."),
    Check("duplicate_class_name", "error", "Two class numbers have the same name",
          "Give each class of the schema a name of its own: their rows would be one label."),
    Check("unprintable_label", "error", "A label holds control characters",
          "Write the label without them; they are shown as ␀, ␊ or ⟨U+202E⟩."),
    Check("conflicting_labels", "error", "The same text has different labels",
          "Decide which label each of these texts has."),
    Check("split_leakage", "error", "The same text is in more than one split",
          "Remove the texts of the test and validation files from the others."),
    Check("label_vanishes", "error", "No row of a label is left",
          "Every row of the label repeats or contradicts another one: correct or remove them."),
    Check("too_many_label_sets", "error", "There are too many different sets of labels",
          "Use fewer labels, or check that columns.label in run.yaml names the label column."),
    Check("label_too_rare", "error", "A label has too few different texts to be split",
          "Add examples of the label, merge it with another, or remove its rows."),
    Check("label_not_in_train", "error", "A label is evaluated that is never trained",
          "Add examples of the label to the training files."),
    Check("train_split_missing", "error", "There are no training rows",
          "Add a file whose name begins with train."),
    Check("empty_split", "error", "A split has no rows",
          "Training needs validation rows and the gate needs test rows: add a file, or let "
          "dataset.validation_fraction and dataset.test_fraction be above 0."),
)  # fmt: skip
_WARNINGS = (
    Check("reading_stopped", "warning", "Reading stopped early",
          "Correct the errors first: what follows was not read, and may hold more of them."),
    Check("extra_column", "warning", "A column is not used",
          "Nothing to do: only the columns of the run spec are read."),
    Check("exact_duplicate", "warning", "A row repeats an earlier one",
          "Nothing to do: repeated rows are left out of the training data."),
    Check("control_characters", "warning", "A text holds control characters",
          "Remove them if they mean nothing; they are trained on as they are."),
    Check("label_imbalance", "warning", "Labels are very unevenly frequent",
          "Judge the model by macro-F1, or add examples of the rare labels."),
    Check("label_missing_in_split", "warning", "A split has no examples of a label",
          "Add examples, or expect no measure of this label."),
    Check("repeated_label", "warning", "A record names a label twice",
          "Nothing to do: it counts once."),
    Check("similar_labels", "warning", "Labels look the same and are different",
          "They are trained as different labels: write the label the same way everywhere."),
    Check("labels_one_edit_apart", "warning", "Labels differ in one letter",
          "If one is misspelt, correct it; they are trained as different labels."),
    Check("label_like_missing_value", "warning", "A label looks like a missing value",
          "If it means that the label is not known, remove its rows: it is trained as a label."),
    Check("padded_label", "warning", "A label begins or ends with a space",
          "The space (␠) is part of the label; remove it if it means nothing."),
    Check("decimal_labels", "warning", "Labels are decimal numbers",
          "Each number is a label of its own; to predict a quantity, cut it into named ranges."),
    Check("test_split_too_small", "warning", "The test split is too small for the gate",
          "The model will not be approved: add test rows, or lower gate.minimum_test_size."),
    Check("unassigned_file", "warning", "A file names no split beside files that do",
          "Its rows are used as training data; name it train… to say so."),
    Check("personal_data_email", "warning", "Texts hold e-mail addresses",
          "Remove or mask them unless the model needs them and you may use them."),
    Check("personal_data_card", "warning", "Texts hold payment card numbers",
          "Remove or mask them."),
    Check("personal_data_iban", "warning", "Texts hold bank account numbers (IBAN)",
          "Remove or mask them."),
    Check("personal_data_phone", "warning", "Texts hold telephone numbers",
          "Remove or mask them unless the model needs them and you may use them."),
)  # fmt: skip

# A few of these do not spoil a data set: their rows are left out and the rest is used.
TOLERATED: dict[str, Check] = {
    "conflicting_labels": Check(
        "conflicting_labels", "warning", "Some texts have different labels",
        "Decide which label each has; until then all rows with such a text are left out."),
    "split_leakage": Check(
        "split_leakage", "warning", "Some texts are in more than one split",
        "Nothing to do: a text stays in test first, then validation, and is left out "
        "of the other splits."),
}  # fmt: skip

CHECKS: dict[str, Check] = {check.code: check for check in (*_ERRORS, *_WARNINGS)}
CODES: tuple[str, ...] = tuple(CHECKS)


class FindingPlace(NamedTuple):
    """A place within a range: lines count from 0 there; None is the file as a whole."""

    line: int | None
    column: int | None = None
    field: str | None = None
    rule: str | None = None


@dataclass(slots=True)
class CheckFailures:
    """How often one check failed, and the first places in order."""

    count: int = 0
    spots: list[FindingPlace] = field(default_factory=list)


class Findings:
    """Counts by code; keeps the first places only, so its size does not grow with the data."""

    def __init__(self) -> None:
        self.by_code: dict[str, CheckFailures] = {}

    def add(
        self,
        code: str,
        line: int | None,
        column: int | None = None,
        field_name: str | None = None,
        rule: str | None = None,
    ) -> None:
        """Counts one failure at a place."""
        self.add_many(code, 1, [FindingPlace(line, column, field_name, rule)])

    def add_many(self, code: str, count: int, spots: Iterable[FindingPlace]) -> None:
        """Counts failures whose first places are ``spots``, in the order of the file."""
        if not count:
            return
        found = self.by_code.setdefault(code, CheckFailures())
        found.count += count
        room = MAX_PLACES - len(found.spots)
        if room > 0:
            found.spots.extend(list(spots)[:room])

    @property
    def errors(self) -> int:
        """Failures that reject the data set."""
        return sum(
            found.count for code, found in self.by_code.items() if CHECKS[code].severity == "error"
        )

    def wants_places(self, code: str) -> bool:
        """Whether a place of this code would still be kept."""
        found = self.by_code.get(code)
        return found is None or len(found.spots) < MAX_PLACES

    def to_json(self) -> dict[str, Any]:
        """What a partial holds."""
        return {
            code: {"count": found.count, "spots": [list(spot) for spot in found.spots]}
            for code, found in self.by_code.items()
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Findings":
        """The reverse of ``to_json``."""
        findings = cls()
        for code, found in document.items():
            findings.by_code[code] = CheckFailures(
                found["count"], [FindingPlace(*s) for s in found["spots"]]
            )
        return findings
