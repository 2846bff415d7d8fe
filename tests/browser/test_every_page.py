"""What holds for every page: axe, both colours, every width, words of strangers, the keyboard."""

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import sample_endpoints
from tests.browser.addresses import ADDRESSES
from tests.browser.conftest import ROOT, Opener, Served
from tests.browser.fake_api import FakeApi

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = ROOT / "node_modules/axe-core/axe.min.js"
HOSTILE = "<script>document.title='hacked'</script>\"'><img src=x onerror=alert(1)>\u202e\u2066abc"
# What the page decides by, or what is a figure, is not a name.
_FIXED = re.compile(r"[a-z]+(_[a-z]+)*|[A-Z][A-Za-z]+|-?[\d.]+|\d{4}-\d\d(-.*)?")
_KEPT = ("status", "href", "next_token", "id", "key", "run_id", "endpoint", "audit_id", "project")


def settled(page: "Page") -> None:
    """Waits until nothing is loading."""
    page.wait_for_function("() => !document.querySelector('[aria-busy=true]')")
    page.wait_for_function("() => !document.querySelector('.money-line')?.innerText.includes('…')")


def violations(page: "Page") -> list[str]:
    """Returns what axe finds, with the element."""
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def hostile(document: Any, name: str = "") -> Any:
    """Puts a script, quotes and marks of direction into every name of an answer."""
    if isinstance(document, dict):
        return {key: hostile(value, key) for key, value in document.items()}
    if isinstance(document, list):
        return [hostile(one, name) for one in document]
    if not isinstance(document, str) or name in _KEPT or _FIXED.fullmatch(document):
        return document
    return f"{document} {HOSTILE}"


def wider_than(page: "Page", width: int) -> list[str]:
    """Returns what makes a page scroll sideways."""
    if page.evaluate("document.documentElement.scrollWidth") <= width:
        return []
    found: list[str] = page.evaluate(
        """width => [...document.querySelectorAll('main *')]
            .filter(one => one.getBoundingClientRect().right > width + 1)
            .map(one => `${one.tagName}.${one.className}: ${one.textContent.slice(0, 60)}`)""",
        width,
    )
    return found


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(name: str, dark: bool, open_page: Opener) -> None:
    page = open_page(ADDRESSES[name], dark=dark)
    settled(page)

    assert violations(page) == []


def test_no_page_scrolls_sideways_at_320_px(open_page: Opener) -> None:
    page = open_page(width=320)
    for name, address in ADDRESSES.items():
        page.goto(f"{page.url.partition('#')[0]}{address}")
        settled(page)
        assert wider_than(page, 320) == [], name


def test_a_narrow_page_has_no_violations_either(open_page: Opener) -> None:
    page = open_page(ADDRESSES["endpoint"], width=320)
    settled(page)

    assert violations(page) == []


def test_names_of_strangers_stay_text(api: FakeApi, open_page: Opener) -> None:
    api.change = hostile
    page = open_page(width=320)
    alerts: list[str] = []
    page.on("dialog", lambda dialog: alerts.append(dialog.message))
    for name, address in ADDRESSES.items():
        page.goto(f"{page.url.partition('#')[0]}{address}")
        settled(page)
        text = page.inner_text("body")
        assert page.locator("main script, main img").count() == 0, name
        assert page.title().endswith("Thriftline"), name
        assert "\u202e" not in text, name
        assert "\u2066" not in text, name
        assert wider_than(page, 320) == [], name
    assert alerts == []


def test_strangers_words_are_shown_as_they_were_written(api: FakeApi, open_page: Opener) -> None:
    api.change = hostile
    page = open_page(ADDRESSES["findings"])
    settled(page)

    assert "<script>document.title='hacked'</script>" in page.inner_text("main")


def test_every_page_is_reached_by_the_keyboard_alone(open_page: Opener) -> None:
    page = open_page()
    settled(page)
    names = page.locator("nav.menu a").all_inner_texts()
    for name in names:
        # The focus is at the top at first, and on the heading of a page that was opened.
        for _ in range(20):
            page.keyboard.press("Tab" if name == names[0] else "Shift+Tab")
            if page.evaluate("document.activeElement.innerText") == name:
                break
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", f"the focus is not seen on {name}"
        page.keyboard.press("Enter")
        settled(page)
        if name != names[0]:
            page.wait_for_function("() => document.activeElement.tagName === 'H1'")
            assert page.inner_text("h1") == name.split()[0]
    assert len(names) == 8


def test_the_first_tab_skips_to_the_content(open_page: Opener) -> None:
    page = open_page()
    settled(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.evaluate("document.activeElement.id") == "main"
    assert "#" not in page.url


def test_the_first_line_has_the_dollars(open_page: Opener) -> None:
    page = open_page()
    settled(page)

    line = " ".join(page.inner_text(".money-line").split())
    assert line == (
        "Spent this month $182.45 of $500.00 Running now $1.41/hour runs and endpoints "
        "Reserved $41.20 held for runs At risk $38.75 worst case of what runs"
    )


def test_no_table_has_more_than_eight_columns(open_page: Opener) -> None:
    page = open_page()
    for name, address in ADDRESSES.items():
        page.goto(f"{page.url.partition('#')[0]}{address}")
        settled(page)
        rows = page.locator("thead tr").all()
        assert all(row.locator("> *").count() <= 8 for row in rows), name


def test_an_unknown_address_says_so(open_page: Opener) -> None:
    page = open_page("#/secrets/1/2")

    assert page.inner_text("h1") == "There is no such page"


def test_policy_forbids_what_the_page_does_not_need(served: Served, open_page: Opener) -> None:
    page = open_page()
    answer = page.goto(f"{served.origin}/")

    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    page.evaluate(
        "() => { const one = document.createElement('script'); one.textContent = 'window.ran = 1';"
        " document.body.append(one); }"
    )
    assert page.evaluate("window.ran") is None
    page.wait_for_timeout(200)
    assert served.complaints
    assert all("Content Security Policy" in one for one in served.complaints)
    served.complaints.clear()
    assert json.dumps(page.context.cookies()).count('"httpOnly": true') == 1


@pytest.mark.parametrize("late", [0.0, 0.6])
def test_a_page_keeps_its_order_whatever_comes_late_or_was_shown_before(
    api: FakeApi, open_page: Opener, late: float
) -> None:
    alone = sample_endpoints.endpoint_detail("thriftline-reviews") | {"experiment_id": None}
    path = next(one for one in ADDRESSES["endpoint"].split("#/") if one.startswith("endpoints"))
    api.answers[f"/{path}"] = alone
    api.late = {f"/{path}": late, "/runs": late}
    page = open_page(ADDRESSES["endpoint"])
    for address in (ADDRESSES["endpoint"], *ADDRESSES.values()):
        for one in (address, ADDRESSES["runs"], address):
            page.evaluate("address => { location.hash = address }", one)
            page.wait_for_function("() => document.querySelector('main h1')")
            settled(page)
        headings = page.locator("main :is(h1, h2)").all_inner_texts()
        first = page.locator("main :is(h1, h2)").first.evaluate("one => one.tagName")
        assert first == "H1", (address, headings)
