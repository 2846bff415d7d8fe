"""What a person may do: each is asked for twice, with its dollars, and acts once."""

from typing import TYPE_CHECKING

import pytest

from tests.browser import sample_endpoints, sample_names
from tests.browser.addresses import ADDRESSES
from tests.browser.conftest import Opener
from tests.browser.fake_api import FakeApi, refusal
from tests.browser.test_every_page import settled, violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

ENDPOINT = f"/endpoints/{sample_names.ENDPOINT}"
ACTS = [
    # page, button, dollars in the confirmation, method, path, fields to fill in, body
    ("run that waits", "Approve", "$41.20", "POST",
     f"/approvals/{sample_names.WAITING}/approve", {}, {"worst_case_usd": "41.20"}),
    ("approvals", f"Reject {sample_names.WAITING}", "$41.20", "POST",
     f"/approvals/{sample_names.WAITING}/reject", {}, {}),
    ("run that trains", "Stop this run", "$0.0633", "POST", f"/runs/{sample_names.TRAINING}/stop",
     {"why": "wrong data"}, {"why": "wrong data"}),
    ("models", "Reject version 4", "Nothing is billed", "POST",
     "/projects/reviews/models/4/approval", {"why": "bad"}, {"status": "Rejected", "why": "bad"}),
    ("endpoint", "Roll back", "$0.092", "POST", f"{ENDPOINT}/rollback", {"why": "errors"},
     {"why": "errors"}),
    ("endpoint", "Roll back to 1", "$167.90", "POST", f"{ENDPOINT}/rollback", {"why": "errors"},
     {"why": "errors", "to_version": 1}),
    ("endpoint", "Deploy a version", "$167.90", "POST", f"{ENDPOINT}/deployments",
     {"version": "2", "why": "labels"}, {"project": "reviews", "version": 2, "why": "labels"}),
    ("endpoint", "Change the schedule", "$0.23", "PUT", f"{ENDPOINT}/schedule",
     {"timezone": "UTC"},
     {"on": "cron(0 7 ? * MON-FRI *)", "off": "cron(0 19 ? * MON-FRI *)", "timezone": "UTC"}),
    ("endpoint", "Clear the schedule", "$335.80", "DELETE", f"{ENDPOINT}/schedule", {}, None),
    ("endpoint", "End the comparison", "unknown", "POST",
     f"{ENDPOINT}/experiments/{sample_names.EXPERIMENT}/stop", {"why": "enough"},
     {"why": "enough"}),
    ("canary", "Abort what is under way", "$0.23", "POST", "/endpoints/thriftline-claims/abort",
     {"why": "errors"}, {"why": "errors"}),
    ("audits", "Audit the account now", "0.01 USD", "POST", "/audits", {}, {"mode": "report"}),
    ("findings", "Accept Endpoint without requests of sentiment-old", "$412.30", "POST",
     "/findings/bWwuc2FnZW1ha2Vy/accept", {"reason": "needed", "until": "2027-02-03"},
     {"reason": "needed", "until": "2027-02-03"}),
    ("restores", "Restore sentiment-old", "$412.30", "POST", "/restores", {},
     {"endpoint": "sentiment-old", "account": "123456789012", "region": "us-east-1",
      "created": "2026-01-02T00:00:00Z"}),
]  # fmt: skip


def ask(page: "Page", button: str) -> "Page":
    """Presses a button, and waits until the confirmation has its dollars."""
    settled(page)
    page.locator("main").get_by_role("button", name=button, exact=True).first.click()
    page.wait_for_selector("dialog[open] .dollars")
    return page


@pytest.mark.parametrize(
    ("name", "button", "dollars", "method", "path", "fields", "body"),
    ACTS,
    ids=[f"{one[0]}: {one[1]}" for one in ACTS],
)
def test_a_change_is_confirmed_with_its_dollars(
    name: str,
    button: str,
    dollars: str,
    method: str,
    path: str,
    fields: dict[str, str],
    body: dict[str, object] | None,
    api: FakeApi,
    open_page: Opener,
) -> None:
    page = ask(open_page(ADDRESSES[name]), button)
    assert dollars in page.inner_text("dialog .dollars")
    assert api.changes() == []
    for field, value in fields.items():
        page.locator(f"dialog [name={field}]").fill(value)
    page.wait_for_selector("dialog button[type=submit]:enabled")
    page.locator("dialog button[type=submit]").click()
    page.wait_for_selector("dialog", state="detached")

    (asked,) = api.changes()
    assert (asked.method, asked.path, asked.body) == (method, path, body)
    assert len(asked.headers["Idempotency-Key"]) == 36
    page.wait_for_function("() => document.getElementById('announcements').innerText !== ''")


def test_nothing_happens_when_it_is_cancelled(api: FakeApi, open_page: Opener) -> None:
    page = ask(open_page(ADDRESSES["run that waits"]), "Approve")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")

    assert api.changes() == []
    assert page.evaluate("document.activeElement.innerText") == "Approve"


def test_a_confirmation_is_done_by_the_keyboard_alone(api: FakeApi, open_page: Opener) -> None:
    page = open_page(ADDRESSES["endpoint"])
    settled(page)
    page.evaluate("document.activeElement.blur()")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == "Roll back":
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open] .dollars")
    # The focus is in the dialog, at its first field; it stays inside.
    assert page.evaluate("document.activeElement.name") == "why"
    page.keyboard.type("errors since noon")
    page.wait_for_selector("dialog button[type=submit]:enabled")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog", state="detached")

    (asked,) = api.changes()
    assert asked.body == {"why": "errors since noon"}


def test_a_refusal_is_shown_in_the_confirmation_and_a_repeat_has_the_same_key(
    api: FakeApi, open_page: Opener
) -> None:
    path = f"POST /approvals/{sample_names.WAITING}/approve"
    api.refusals[path] = refusal(409, "It was answered", "bob approved it at 05:12 UTC.")
    page = ask(open_page(ADDRESSES["run that waits"]), "Approve")
    page.get_by_role("button", name="Approve and start").click()
    page.wait_for_selector("dialog [role=alert]")
    assert "bob approved it at 05:12 UTC." in page.inner_text("dialog [role=alert]")
    api.refusals.clear()
    page.get_by_role("button", name="Approve and start").click()
    page.wait_for_selector("dialog", state="detached")

    first, second = api.changes()
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]


def test_a_second_press_while_it_is_sent_is_none(api: FakeApi, open_page: Opener) -> None:
    api.late[f"/approvals/{sample_names.WAITING}/approve"] = 1.0
    page = ask(open_page(ADDRESSES["run that waits"]), "Approve")
    page.locator("dialog button[type=submit]").dblclick()
    page.wait_for_selector("dialog", state="detached")

    assert len(api.changes()) == 1


def test_a_failed_check_blocks_the_rollout(api: FakeApi, open_page: Opener) -> None:
    api.answers[f"{ENDPOINT}/rollback"] = sample_endpoints.previewed(would_deploy=False)
    page = ask(open_page(ADDRESSES["endpoint"]), "Roll back")

    assert "uses 4" in page.inner_text("dialog .checks")
    assert page.locator("dialog button[type=submit]").is_disabled()


def test_an_unpriced_rollout_says_unknown_and_never_zero(api: FakeApi, open_page: Opener) -> None:
    price = {"rollout_usd": None, "month_usd": None, "seconds": None}
    api.answers[f"{ENDPOINT}/rollback"] = {**sample_endpoints.previewed(), "price": price}
    page = ask(open_page(ADDRESSES["endpoint"]), "Roll back")

    assert page.inner_text("dialog .dollars").count("unknown") == 2
    assert "$0" not in page.inner_text("dialog .dollars")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_in_a_confirmation(dark: bool, open_page: Opener) -> None:
    page = ask(open_page(ADDRESSES["endpoint"], dark=dark), "Roll back")

    assert violations(page) == []


def test_the_confirmation_fits_320_px(open_page: Opener) -> None:
    page = ask(open_page(ADDRESSES["endpoint"], width=320), "Roll back")
    box = page.locator("dialog").bounding_box()

    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320
