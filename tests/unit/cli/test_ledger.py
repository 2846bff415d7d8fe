"""`thriftline ledger`: who did what, out of the API's documents; exports that are only text."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.cli.fake_api import FakeApi, page
from thriftline_cli.callers import name_of
from thriftline_cli.exits import Exit
from thriftline_cli.ledger.documents import as_csv, as_page, billed_usd
from thriftline_cli.ledger.entries import COLUMNS, Entry, of_run, of_version

ANN, BOB = "arn:aws:iam::123456789012:user/ann", "arn:aws:iam::123456789012:user/bob"
RUN: dict[str, Any] = {
    "run_id": "shop-1",
    "project": "shop",
    "status": "succeeded",
    "opened_at": "2026-11-20T10:00:00+00:00",
    "ended_at": "2026-11-20T11:00:00+00:00",
    "requested_by": ANN,
    "key": "datasets/shop/data.csv",
    "model_version": 3,
    "cost_usd": "1.234567",
    "summary": "The gate approved it.",
    "approval": {
        "standing": "approved",
        "answered_at": "2026-11-20T10:05:00+00:00",
        "answered_by": BOB,
        "worst_case_usd": "12.00",
    },
}
VERSION = {
    "version": 3,
    "run_id": "shop-1",
    "created_at": "2026-11-20T10:59:00+00:00",
    "registered_by": None,
    "reason": "better by 0.02",
    "approval_status": "Rejected",
    "approval_reason": f"{BOB}: it is too slow",
}
DEPLOYMENT = {
    "deployment_id": "d-1",
    "endpoint": "thriftline-shop",
    "project": "shop",
    "action": "deploy",
    "registry_version": 3,
    "requested_by": ANN,
    "why": "the first",
    "opened_at": "2026-11-21T10:00:00+00:00",
    "ended_at": "2026-11-21T10:30:00+00:00",
    "ending": "rolled_back",
    "reason": "an alarm",
    "aborted_by": None,
}


def api() -> FakeApi:
    return FakeApi(
        {
            "GET /runs": page({**RUN, "approval": None}),
            "GET /runs/shop-1": RUN,
            "GET /projects": page({"project": "shop"}),
            "GET /projects/shop/models": page(VERSION),
            "GET /endpoints": page({"endpoint": "thriftline-shop", "project": "shop"}),
            "GET /endpoints/thriftline-shop/deployments": page(DEPLOYMENT),
            "GET /restores": page(
                {
                    "endpoint": "old",
                    "project": None,
                    "saved_at": "2026-11-19T10:00:00+00:00",
                    "restored_at": None,
                }
            ),
        }
    )


def test_everything_that_was_done_stands_there_in_the_order_of_time() -> None:
    stack = api()
    assert stack.command("ledger --output json") == Exit.DONE

    told = [(row["what"], row["who"], row["status"]) for row in stack.answer]
    assert told == [
        ("endpoint ended", None, None),
        ("uploaded", ANN, None),
        ("spending approved", BOB, None),
        ("registered", None, None),
        ("version rejected", BOB, None),
        ("ended", None, "succeeded"),
        ("deploy asked for", ANN, None),
        ("deploy ended", None, "rolled_back"),
    ]
    (ended,) = [row for row in stack.answer if row["what"] == "ended"]
    assert (ended["cost_usd"], ended["model_version"]) == ("1.234567", 3)
    assert [row["why"] for row in stack.answer if row["what"] == "version rejected"] == [
        "it is too slow"
    ]
    assert stack.changes == []


def test_a_stop_has_its_caller_and_the_reason_that_was_given() -> None:
    why = f"Stopped: {ANN} stopped the run: it is too slow"
    *_, ended = of_run({**RUN, "status": "failed", "summary": why})
    assert (ended.what, ended.who, ended.why) == ("stopped", ANN, "it is too slow")
    *_, silent = of_run({**RUN, "status": "failed", "summary": f"{BOB} stopped the run."})
    assert (silent.who, silent.why) == (BOB, f"{BOB} stopped the run.")


def test_the_table_and_the_page_have_names_and_the_newest_first(tmp_path: Path) -> None:
    stack = api()
    html = tmp_path / "ledger.html"
    assert stack.command(f"ledger --page {html}") == Exit.DONE
    assert "arn:" not in stack.out
    assert stack.out.index("deploy ended") < stack.out.index("uploaded")
    text = html.read_text("utf-8")
    assert "<td>ann</td>" in text
    assert text.index("deploy ended") < text.index("uploaded")


@pytest.mark.parametrize(
    ("caller", "name"),
    [
        (ANN, "ann"),
        ("arn:aws:sts::123456789012:assumed-role/Operators/ann", "ann"),
        ("arn:aws:sts::123456789012:federated-user/ann", "ann"),
        ("arn:aws:iam::123456789012:root", "root of account 123456789012"),
        ("123456789012", "account 123456789012"),
        ("ann", "ann"),
        (None, "-"),
    ],
)
def test_one_person_has_one_name(caller: str | None, name: str) -> None:
    assert name_of(caller) == name


def test_a_day_and_a_project_bound_it() -> None:
    stack = api()
    stack.command("ledger --since 2026-11-21 --output json")
    assert [row["what"] for row in stack.answer] == ["deploy asked for", "deploy ended"]
    started = {**RUN, "ended_at": None}
    stack.routes |= {"GET /runs": page({**started, "approval": None}), "GET /runs/shop-1": started}
    answered = datetime.fromisoformat(RUN["approval"]["answered_at"])
    stack.command(f"ledger --since {answered:%Y-%m-%dT%H:%M:%S} --output json")
    assert "spending approved" in [row["what"] for row in stack.answer]
    with pytest.raises(SystemExit) as refused:
        stack.command("ledger --since yesterday")
    assert refused.value.code == Exit.USAGE


def test_a_run_that_goes_on_and_what_nobody_is_known_of_say_so() -> None:
    started = {**RUN, "ended_at": None, "approval": None, "requested_by": None}
    (entry,) = of_run(started)
    assert (entry.what, entry.who) == ("uploaded", None)
    gate = {**VERSION, "approval_status": "Approved", "approval_reason": "better by 0.02"}
    assert [one.what for one in of_version("shop", gate)] == ["registered"]


def test_files_are_written_for_a_spreadsheet_and_a_reader(tmp_path: Path) -> None:
    stack = api()
    table, html = tmp_path / "ledger.csv", tmp_path / "ledger.html"
    assert stack.command(f"ledger --csv {table} --page {html} --output json") == Exit.DONE

    rows = list(csv.DictReader(io.StringIO(table.read_text("utf-8-sig"))))
    assert len(rows) == 8
    assert tuple(rows[0]) == COLUMNS
    text = html.read_text("utf-8")
    assert "1.23 USD billed to ended runs" in text
    assert "Ledger of thriftline" in text
    assert stack.command(f"ledger --csv {tmp_path / 'none' / 'x.csv'}") == Exit.USAGE


def entry(**facts: Any) -> Entry:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    return Entry(**{"when": at, "what": "ended", "who": None, "project": "p", **facts})


@given(st.text(max_size=60))
def test_no_cell_is_a_formula_and_every_text_comes_back(text: str) -> None:
    shown = as_csv([entry(why=text, who=text)])
    assert shown.startswith("\ufeff")
    row = next(csv.DictReader(io.StringIO(shown.removeprefix("\ufeff"), newline="")))
    for name in ("why", "who"):
        cell = row[name]
        assert cell in (text, f"'{text}")
        assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "|", "%"))


class Texts(HTMLParser):
    """What a browser would show, and the tags that it would make."""

    def __init__(self) -> None:
        super().__init__()
        self.shown, self.tags = "", set[str]()

    def handle_data(self, data: str) -> None:
        self.shown += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=y>', "a & b"])
def test_a_text_stays_a_text_on_the_page(text: str) -> None:
    found = Texts()
    found.feed(as_page([entry(why=text)], f"Ledger of {text}", datetime(2026, 1, 1, tzinfo=UTC)))

    assert found.shown.count(text) == 3
    assert not found.tags & {"script", "img"}


def test_an_unknown_bill_is_not_nothing() -> None:
    known = [entry(cost_usd="1.10"), entry(cost_usd=None), entry(what="uploaded")]

    assert billed_usd(known) == (Decimal("1.10"), 1)
    text = as_page(known, "x", datetime(2026, 1, 1, tzinfo=UTC))
    assert "of 1 more the bill is not known" in text
