"""Lists: filters are in the address, 50 rows a page, every state has words."""

from typing import TYPE_CHECKING

import pytest

from tests.browser import sample_names, sample_runs
from tests.browser.addresses import ADDRESSES, LISTS
from tests.browser.conftest import Opener
from tests.browser.fake_api import FakeApi, refusal
from tests.browser.test_every_page import settled, violations

if TYPE_CHECKING:
    from playwright.sync_api import Page


def rows(page: "Page") -> list[str]:
    """Returns the first cell of every row."""
    found: list[str] = page.locator("tbody th[scope=row] .value").all_inner_texts()
    return found


def test_filters_are_in_the_address_and_go_to_the_api(api: FakeApi, open_page: Opener) -> None:
    page = open_page("#/runs")
    page.get_by_label("Status").select_option("failed")
    page.wait_for_url("**/#/runs?status=failed")
    settled(page)

    assert rows(page) == ["reviews-00000004"]
    assert api.asked[-1].query["status"] == "failed"


def test_a_run_that_was_refused_has_no_dollars_and_none_that_are_unknown(
    open_page: Opener,
) -> None:
    page = open_page("#/runs?status=rejected")
    settled(page)
    shown = page.locator("tbody tr").inner_text()
    assert (shown.count("none"), shown.count("unknown")) == (4, 0), shown


def test_an_address_with_filters_opens_as_it_was(open_page: Opener) -> None:
    page = open_page("#/runs?project=claims&status=running")
    settled(page)

    assert rows(page) == [sample_names.TRAINING]
    assert page.get_by_label("Project").input_value() == "claims"
    page.get_by_role("link", name="Clear filters").click()
    page.wait_for_function("() => document.querySelectorAll('tbody th[scope=row]').length === 8")


def test_a_thousand_runs_come_fifty_at_a_time(api: FakeApi, open_page: Opener) -> None:
    api.runs = sample_runs.many_runs(1000)
    page = open_page("#/runs")
    seen: list[str] = []
    while True:
        settled(page)
        assert len(rows(page)) == 50
        seen += rows(page)
        following = page.get_by_role("link", name="Next 50")
        if following.count() == 0:
            break
        first = rows(page)[0]
        following.click()
        page.wait_for_function(
            "first => document.querySelector('tbody th .value')?.innerText !== first", arg=first
        )
    assert len(set(seen)) == 1000
    page.get_by_role("link", name="First page").click()
    page.wait_for_url("**/#/runs")


@pytest.mark.parametrize("name", LISTS)
def test_an_empty_list_says_what_to_do(name: str, api: FakeApi, open_page: Opener) -> None:
    api.is_empty = True
    page = open_page(ADDRESSES[name])
    settled(page)

    assert len(page.inner_text(".empty")) > 10
    assert violations(page) == []


def test_what_a_list_cannot_read_is_named_with_the_fix(api: FakeApi, open_page: Opener) -> None:
    unread = {"id": "reviews-9", "problem": "The item of run reviews-9 is odd.", "fix": "Update."}
    for items in (sample_runs.runs(), []):
        api.answers["/runs"] = {"items": items, "unreadable": [unread], "next_token": None}
        page = open_page("#/runs")
        settled(page)

        said = page.inner_text("main .stale")
        assert "Of 1 run not all can be read." in said
        assert "The item of run reviews-9 is odd. Update." in said
        assert len(rows(page)) == len(items)
        assert page.locator("main .empty").count() == 0
        assert violations(page) == []


def test_a_page_of_what_cannot_be_read_has_the_next_one(api: FakeApi, open_page: Opener) -> None:
    unread = [{"id": f"reviews-{one}", "problem": "Odd.", "fix": "Update."} for one in range(50)]
    api.answers["/runs"] = {"items": [], "unreadable": unread, "next_token": "50"}
    page = open_page("#/runs?project=reviews")
    settled(page)
    assert "Of 50 runs not all can be read." in page.inner_text("main .stale")
    assert page.locator("main .empty").count() == 0
    assert "0 runs on this page" in page.inner_text("main .pager")
    assert violations(page) == []

    api.answers["/runs"] = {"items": sample_runs.runs(), "unreadable": [], "next_token": None}
    page.get_by_role("link", name="Next 50").click()
    page.wait_for_url("**/#/runs?project=reviews&next_token=50")
    page.wait_for_function("() => document.querySelectorAll('tbody th[scope=row]').length > 0")
    assert len(rows(page)) == len(sample_runs.runs())
    page.get_by_role("link", name="First page").click()
    page.wait_for_url("**/#/runs?project=reviews")


def test_an_empty_page_before_the_last_has_the_next_one(api: FakeApi, open_page: Opener) -> None:
    api.answers["/runs"] = {"items": [], "unreadable": [], "next_token": "50"}
    page = open_page("#/runs")
    settled(page)
    assert page.locator("main .empty").count() == 0
    assert page.get_by_role("link", name="Next 50").count() == 1


def test_a_filter_without_runs_offers_the_way_back(open_page: Opener) -> None:
    page = open_page("#/runs?project=nobody")

    assert "Clear the filters" in page.inner_text(".empty")


@pytest.mark.parametrize("name", ADDRESSES)
def test_not_allowed_says_what_to_ask_for(name: str, api: FakeApi, open_page: Opener) -> None:
    api.refusals["*"] = refusal(403, "Not allowed", "User ada may not call execute-api:Invoke.")
    page = open_page(ADDRESSES[name])
    page.wait_for_selector("main [role=alert]")

    text = page.inner_text("main [role=alert]")
    assert "User ada may not call" in text
    assert "read policy" in text
    assert "Dollars are unknown" in page.inner_text(".money-line")


def test_a_refused_page_has_no_violations(api: FakeApi, open_page: Opener) -> None:
    api.refusals["*"] = refusal(403, "Not allowed")
    for dark in (False, True):
        page = open_page("#/runs", dark=dark)
        page.wait_for_selector("main [role=alert]")
        assert violations(page) == []


@pytest.mark.parametrize("name", ["runs", "run", "endpoint", "budget"])
def test_a_failure_can_be_tried_again(name: str, api: FakeApi, open_page: Opener) -> None:
    api.refusals["*"] = refusal(500, "The API failed", "The log has it.")
    page = open_page(ADDRESSES[name])
    page.wait_for_selector("main [role=alert]")
    api.refusals.clear()
    page.locator("main").get_by_role("button", name="Try again").first.click()

    page.wait_for_selector("main .badge, main .gauge")


@pytest.mark.parametrize(
    "answer",
    [
        "<html>a proxy's log-in page</html>",
        "[1, 2",
        "null",
        '"text"',
        '[{"run_id": 1}]',
        '{"a": 1}',
    ],
)
def test_nonsense_is_called_so(answer: str, api: FakeApi, open_page: Opener) -> None:
    api.refusals["/runs"] = (200, answer)
    page = open_page("#/runs")
    page.wait_for_selector("main [role=alert]")

    assert "cannot be read" in page.inner_text("main [role=alert]")


@pytest.mark.parametrize("name", ADDRESSES)
def test_members_of_the_wrong_kind_break_no_frame(
    name: str, api: FakeApi, open_page: Opener
) -> None:
    def broken(document: dict[str, object]) -> dict[str, object]:
        kept = ("items", "run_id", "endpoint", "status", "next_token")
        return {key: value if key in kept else 7 for key, value in document.items()}

    api.change = broken
    page = open_page(ADDRESSES[name])
    settled(page)

    assert page.locator("nav.menu a").count() == 8
    assert page.inner_text("h1") != ""


def test_rows_of_the_wrong_kind_are_nonsense(api: FakeApi, open_page: Opener) -> None:
    api.answers["/runs"] = {"items": [None, 1], "next_token": None}
    page = open_page("#/runs")
    page.wait_for_selector("main [role=alert]")

    assert "cannot be read" in page.inner_text("main [role=alert]")
    page.get_by_role("link", name="Budget").click()
    page.wait_for_selector(".gauge")


def test_a_slow_answer_is_waited_for_with_words(api: FakeApi, open_page: Opener) -> None:
    api.late["/runs"] = 4.0
    page = open_page("#/runs")
    page.wait_for_selector("main [aria-busy=true]")
    assert page.inner_text(".menu") != ""
    page.wait_for_selector("text=This takes longer than usual")
    settled(page)
    assert len(rows(page)) == 8


def test_a_server_that_is_gone_says_how_to_start_it(open_page: Opener) -> None:
    page = open_page("#/runs")
    settled(page)
    page.route("**/api/**", lambda route: route.abort("connectionrefused"))
    page.evaluate("location.hash = '#/budget'")
    page.wait_for_selector("main [role=alert]")

    assert "thriftline ui" in page.inner_text("main [role=alert]")


def test_what_is_shown_stays_while_a_later_look_fails(api: FakeApi, open_page: Opener) -> None:
    page = open_page(ADDRESSES["run that trains"])
    settled(page)
    api.refusals[f"/runs/{sample_names.TRAINING}"] = refusal(503, "The stack is busy")
    page.wait_for_selector(".stale")

    assert "What is shown may be old" in page.inner_text(".stale")
    assert page.locator(".badge", has_text="running").count() > 0
    api.refusals.clear()
    page.wait_for_selector(".stale", state="detached")
