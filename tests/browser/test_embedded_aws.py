"""The page over the real API of the whole application, on the embedded AWS."""

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from botocore.credentials import Credentials

from tests.browser.test_acts import ask
from tests.browser.test_every_page import settled
from tests.integration.api import conftest as api_fixtures
from tests.integration.api.world import ApiWorld
from thriftline_cli.ui.server import PageServer
from thriftline_cli.ui.serving import page_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

world = api_fixtures.world
LISTS = ("runs", "approvals", "models", "endpoints", "audits", "findings", "restores", "budget")


@pytest.fixture(scope="module")
def server(world: ApiWorld) -> Iterator[PageServer]:
    """The page as `thriftline ui` serves it."""
    about = {"stack": "thriftline", "region": world.aws.region, "is_embedded": True}
    keys = Credentials("test", "test")
    one = page_server(world.base, world.aws.region, lambda: keys, port=0, about=about)
    threading.Thread(target=one.serve_forever, daemon=True).start()
    yield one
    one.shutdown()
    one.server_close()


@pytest.fixture
def page(browser: "Browser", server: PageServer) -> Iterator["Page"]:
    """The page, opened by its address."""
    context = browser.new_context()
    one = context.new_page()
    one.set_default_timeout(60_000)
    one.goto(server.page.guard.address)
    one.wait_for_selector("main")
    yield one
    context.close()


def test_a_run_that_waits_is_approved_in_the_browser(world: ApiWorld, page: "Page") -> None:
    waiting = world.waiting("page")
    page.goto(f"{page.url}#/approvals")
    ask(page, f"Approve {waiting.run_id}")
    assert "$" in page.inner_text("dialog .dollars")
    page.locator("dialog button[type=submit]").click()
    page.wait_for_selector("dialog", state="detached")

    approval = world.root("GET", f"/runs/{waiting.run_id}").json["approval"]
    assert approval["standing"] == "approved"
    page.goto(f"{page.url.partition('#')[0]}#/runs/{waiting.run_id}")
    page.wait_for_selector("main .badge:not(:has-text('waiting'))")


def test_a_second_answer_is_refused_with_who_was_first(world: ApiWorld, page: "Page") -> None:
    waiting = world.waiting("page2")
    page.goto(f"{page.url}#/approvals")
    ask(page, f"Reject {waiting.run_id}")
    bob = world.session("Operators", "bob")
    assert bob("POST", f"/approvals/{waiting.run_id}/approve", waiting.yes()).status == 200
    page.locator("dialog button[type=submit]").click()
    page.wait_for_selector("dialog [role=alert]")

    assert "Operators/bob approved" in page.inner_text("dialog [role=alert]")


@pytest.mark.parametrize("name", LISTS)
def test_every_list_is_answered_by_the_api(name: str, page: "Page") -> None:
    page.goto(f"{page.url}#/{name}")
    settled(page)

    assert page.locator("main [role=alert]").count() == 0, page.inner_text("main")


def test_a_page_of_what_is_not_there_says_so(page: "Page") -> None:
    page.goto(f"{page.url}#/runs/reviews-nothing")
    page.wait_for_selector("main [role=alert]")

    assert "may have been deleted" in page.inner_text("main [role=alert]")
