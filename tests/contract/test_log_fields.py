"""Fields of log lines: none has a name that Python's own record of a line has."""

import ast
import logging
from pathlib import Path

ROOT = Path(__file__).parents[2]
METHODS = {"debug", "info", "warning", "error", "exception", "critical"}
# `makeRecord` raises KeyError for these, in the middle of what was to be reported.
TAKEN = {*vars(logging.makeLogRecord({})), "message", "asctime"} - {"exc_info", "stack_info"}


def fields_of(code: str) -> set[str]:
    """Return the names of the fields of all lines that some code logs."""
    return {
        str(keyword.arg)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in METHODS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"logger", "LOG", "log"}
        for keyword in node.keywords
    }


def test_no_field_has_a_name_that_the_record_of_a_line_has() -> None:
    files = sorted((ROOT / "functions").rglob("*.py"))
    fields = {field for path in files for field in fields_of(path.read_text(encoding="utf-8"))}
    assert len(fields) > 10
    assert fields & TAKEN == set()
    assert fields_of('logger.info("said", name=1)') & TAKEN == {"name"}
