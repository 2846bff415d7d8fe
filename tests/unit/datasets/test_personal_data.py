"""Personal data is found, counted, and never shown."""

import json

import pytest

from tests.unit.datasets.data_sets import finding, jsonl, prepare, rows, validate
from thriftline.datasets.engine.personal_data import find_personal_data
from thriftline.datasets.engine.reporting import rejection_message
from thriftline.datasets.personal_patterns import holds_personal_data
from thriftline.datasets.reports.dataset_page import dataset_page

CARD = "4111 1111 1111 1111"
IBAN = "DE89 3704 0044 0532 0130 00"


def codes(text: str) -> set[str]:
    return {code for code, places in find_personal_data(text.encode()).items() if places}


@pytest.mark.parametrize(
    "text",
    ["mail joe.doe+x@mail.example.com now", "<a@b.co>", "é joe@exämple.com".replace("ä", "a")],
)
def test_an_email_address_is_found(text: str) -> None:
    assert codes(text) == {"personal_data_email"}


@pytest.mark.parametrize("text", ["@home", "a @ b.com", "x@localhost", "me@ work.com", "@b.com"])
def test_what_only_looks_like_an_email_address_is_not(text: str) -> None:
    assert codes(text) == set()


@pytest.mark.parametrize(
    "text",
    [CARD, CARD.replace(" ", ""), CARD.replace(" ", "-"), "3782 822463 10005", "no 12 " + CARD],
)
def test_a_card_number_is_found(text: str) -> None:
    assert "personal_data_card" in codes(f"paid with {text}.")


@pytest.mark.parametrize(
    "text",
    ["4111 1111 1111 1112", "1234567890123456789", "14111111111111111", "2026-11-21 12:00:00.000"],
)
def test_digits_that_are_no_card_number_are_not_found(text: str) -> None:
    assert "personal_data_card" not in codes(text)


def test_an_iban_is_found_only_with_its_check_digits() -> None:
    assert "personal_data_iban" in codes(f"to {IBAN} please")
    assert "personal_data_iban" in codes("GB82WEST12345698765432")
    assert "personal_data_iban" not in codes(f"to {IBAN.replace('89', '88')} please")


@pytest.mark.parametrize(
    "text", ["+49 30 1234567", "+1 (555) 123-4567", "(555) 123-4567", "555-123-4567"]
)
def test_a_telephone_number_is_found(text: str) -> None:
    assert codes(f"call {text} today") == {"personal_data_phone"}


@pytest.mark.parametrize("text", ["2 + 2", "+1", "1,234,567,890", "1999-2000", "10.1.2.3"])
def test_other_numbers_are_no_telephone_numbers(text: str) -> None:
    assert codes(text) == set()


def test_what_stands_across_the_seams_of_the_search_is_found() -> None:
    for shift in range(0, 24, 3):
        text = "x" * ((1 << 16) - 12 + shift) + f" {CARD} and {IBAN} and 555-123-4567 "
        assert codes(text) == {"personal_data_card", "personal_data_iban", "personal_data_phone"}


def test_records_are_counted_once_and_named_by_line() -> None:
    records = [*rows(40), (f"é {CARD} {CARD} joe@example.com", "yes"), ("joe@example.com", "no")]

    report = validate({"a.jsonl": jsonl(records)})

    assert report.verdict == "accepted_with_warnings"
    assert finding(report, "personal_data_email").count == 2
    cards = finding(report, "personal_data_card")
    assert [(place.line, place.field) for place in cards.places] == [(41, "text")]


def test_no_value_is_ever_in_what_people_read() -> None:
    secret = "joe.doe@example.com"
    lines = [
        json.dumps({"text": f"{secret} {CARD} {i}", "label": secret if i % 2 else CARD})
        for i in range(20)
    ]
    lines += [
        json.dumps({"text": secret, "label": "odd"}),
        json.dumps({"text": secret, "label": CARD, secret: 1}),
        json.dumps({"text": {secret: CARD}, "label": [secret]}),
        f'{{"text": "{secret}" {CARD}',
        f'["{secret}"]',
    ]
    csv_file = f"text,{secret}\n{secret},{CARD}\n".encode()
    good_csv = f'text,label,{secret}\n"{secret}",{CARD}\n{secret}\n5" {secret},{CARD},1"\n'.encode()

    report = validate({"a.jsonl": "\n".join(lines).encode(), "b.csv": csv_file, "c.csv": good_csv})

    # The labels themselves are data: what is trained is compared with them.
    for_people = report.model_dump_json(exclude={"labels", "split_labels"})
    outputs = [for_people, dataset_page(report, "run"), rejection_message(report)]
    assert len(report.findings) >= 8
    for output in outputs:
        assert "example.com" not in output
        assert "4111" not in output
    assert "looks like personal data" in outputs[1]


def test_labels_that_look_like_personal_data_stay_what_they_are_in_the_data() -> None:
    labels = ("billing@example.com", "support@example.com")

    report = validate({"a.jsonl": jsonl(rows(60, labels))})
    prepared = prepare({"a.jsonl": jsonl(rows(60, labels))})

    assert set(report.labels) == set(labels)
    assert {label for rows in report.split_labels.values() for label in rows} == set(labels)
    assert {record["label"] for record in prepared["train"]} == set(labels)
    page = dataset_page(report, "run")
    assert "example.com" not in page
    assert page.count("looks like personal data") >= 2


def test_labels_that_look_like_personal_data_are_recognised() -> None:
    assert holds_personal_data("joe@example.com")
    assert not holds_personal_data("positive")
