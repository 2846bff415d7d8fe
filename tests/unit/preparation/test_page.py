"""The page of a preparation."""

import re
from typing import Any

from preparation.thriftline_preparation.page import page
from preparation.thriftline_preparation.reasons import REASONS, STAGES


def document(**changes: Any) -> dict[str, Any]:
    removed = {
        "reason": "exact_duplicate",
        "rows": 1200,
        "why": "The same text with the same label is kept once.",
        "examples": [{"text": "<script>alert(1)</script>", "label": "a & b", "copies": 3}],
    }
    stages = [
        {"name": name, "rows_in": 5000, "rows_out": 5000, "removed": [], "changed": []}
        for name in STAGES
    ]
    stages[5] = {**stages[5], "rows_out": 3800, "removed": [removed]}
    stages[4]["changed"] = [{"what": "redacted.email", "count": 7, "why": "Values of email."}]
    return {
        "schema_version": "1.0",
        "run_id": "run-1",
        "config_sha256": "0",
        "rows_read": 5000,
        "rows_written": 3800,
        "sources": {
            "files": 2, "bytes": 1_234_567, "kinds": ["csv", "jsonl.gz"], "ignored": ["a<b.txt"],
            "ignored_files": 1,
        },
        "stages": stages,
        "splits": {"train": 3040, "validation": 380, "test": 380},
        "labels": [{"label": "<b>", "train": 3040, "validation": 380, "test": 380}],
        "characters": {"least": 1, "p5": 9, "p50": 70, "p95": 300, "p99": 900, "most": 1200},
        "notes": ["A note with <marks>."],
        **changes,
    }  # fmt: skip


def test_it_says_what_was_removed_and_why() -> None:
    html = page(document())

    assert "3,800</b> of 5,000 rows" in html
    assert "76.0 %" in html
    assert "1,200 rows</b> removed: The same text" in html
    assert "7</b> changed" in html
    assert "2 files (csv, jsonl.gz, 1.2 MB)" in html


def test_a_number_agrees_with_what_is_counted() -> None:
    assert "One other file was passed over: a&lt;b.txt." in page(document())
    more = {**document()["sources"], "ignored_files": 3}
    assert "3 other files were passed over, such as" in page(document(sources=more))


def test_no_value_is_markup() -> None:
    html = page(document())

    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "&lt;b&gt;" in html
    assert "a&lt;b.txt" in html
    assert "&lt;marks&gt;" in html


def test_it_loads_nothing_and_its_tags_close() -> None:
    html = page(document())

    assert "http" not in html.replace("http-equiv", "")
    assert "default-src 'none'" in html
    for tag in ("main", "section", "table", "details", "ul", "dl", "tr"):
        assert len(re.findall(rf"<{tag}[ >]", html)) == html.count(f"</{tag}>"), tag


def test_every_reason_has_a_stage() -> None:
    assert {reason.stage for reason in REASONS.values()} <= set(STAGES)


def test_without_any_removal_it_is_a_page_too() -> None:
    stages = [{**stage, "removed": [], "rows_out": 5000} for stage in document()["stages"]]

    assert "Examples" not in page(document(stages=stages, notes=[]))
