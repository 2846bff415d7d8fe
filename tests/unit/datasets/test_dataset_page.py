"""dataset.html shows everything and executes nothing."""

import json

from tests.unit.datasets.data_sets import jsonl, rows, validate
from thriftline.datasets.engine.reporting import rejection_message
from thriftline.datasets.reports.dataset_page import dataset_page

SCRIPT = "<script>alert(1)</script>"


def test_hostile_names_are_shown_as_text() -> None:
    line = json.dumps({"text": SCRIPT, "label": f"<img src=x onerror={SCRIPT}>", SCRIPT: 1})
    report = validate({f"{SCRIPT}.jsonl": jsonl(rows(20)) + line.encode()})

    page = dataset_page(report, "run-1")

    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_a_page_needs_nothing_from_elsewhere() -> None:
    page = dataset_page(validate({"a.jsonl": jsonl(rows(500))}), "run-1")

    assert "<svg" in page
    assert "src=" not in page
    assert "href=" not in page


def test_the_page_of_a_rejected_data_set_says_what_to_mend_and_where() -> None:
    report = validate({"a.jsonl": jsonl(rows(20)) + b"oops\n"})

    page = dataset_page(report, "run-1")

    assert "Rejected" in page
    assert "malformed_json" in page
    assert "Write one complete JSON object on each line." in page
    assert "21:1" in page


def test_the_page_of_an_accepted_data_set_shows_labels_and_splits() -> None:
    page = dataset_page(validate({"a.jsonl": jsonl(rows(1000))}), "run-1")

    assert "Accepted" in page
    assert "80.0%" in page
    assert "train" in page


def test_an_empty_file_has_a_page_too() -> None:
    assert "The file holds no records" in dataset_page(validate({"a.csv": b""}), "run-1")


def test_the_message_of_a_rejection_names_problem_place_and_mend() -> None:
    message = rejection_message(validate({"a.jsonl": jsonl(rows(20)) + b"oops\n"}))

    assert message == (
        "A line is not a JSON object in a.jsonl, line 21, column 1: unexpected character, "
        "expected a JSON value. Write one complete JSON object on each line."
    )
