"""What is wrong with the input, as opposed to the program or the cluster."""

from __future__ import annotations


class PreparationError(Exception):
    """The user's fault: what is wrong, where, and what to change. It ends with exit code 2."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


CODES = {
    "config": "a field of the configuration is wrong",
    "package_missing": "a Python package or Java is missing where the program runs",
    "no_files": "the sources hold no data file",
    "file_too_large": "one task would have to read a file that is too large for it",
    "columns": "a file lacks a column, or has it twice",
    "column_type": "a column of a Parquet file has a type that is no text or label",
    "unreadable": "a file is damaged, or cannot be read with the rights of the program",
    "unmapped_labels": "the label map leaves labels over, and they are to be refused",
    "conflicts": "equal or nearly equal texts have different labels, and they are to be refused",
    "empty": "no row is left, or a split would have none",
}
