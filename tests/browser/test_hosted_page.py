"""The hosted page: signs in at Cognito, signs its calls, and may what its person's role may."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.complaints import keep_complaints
from tests.browser.hosted import CloudFront, Cognito
from tests.browser.test_acts import ask
from tests.browser.test_every_page import settled, violations
from tests.integration.api import conftest as api_fixtures
from tests.integration.api.world import ApiWorld

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

world = api_fixtures.world
BOB = ("bob@example.com", "Operators")


class Site:
    """The page as its readers find it."""

    def __init__(self, world: ApiWorld) -> None:
        self.world = world
        self.front = CloudFront(world.base)
        self.cognito = Cognito(self._assume, self.front.server.origin)
        self.front.publish(self.cognito.server.origin)
        self.complaints: list[str] = []

    def _assume(self, role: str) -> Any:
        answer = self.world.aws.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::123456789012:role/{role}",
            RoleSessionName="CognitoIdentityCredentials",
        )
        return answer["Credentials"]

    @property
    def address(self) -> str:
        return f"{self.front.server.origin}/"

    def watch(self, page: "Page") -> None:
        keep_complaints(page, self.complaints)

    def close(self) -> None:
        self.front.close()
        self.cognito.server.close()


@pytest.fixture
def site(world: ApiWorld) -> Iterator[Site]:
    one = Site(world)
    yield one
    one.close()
    # A policy for content that is broken is an error on the console.
    assert one.complaints == []


@pytest.fixture
def page(browser: "Browser", site: Site) -> Iterator["Page"]:
    context = browser.new_context(accept_downloads=True)
    one = context.new_page()
    site.watch(one)
    one.set_default_timeout(60_000)
    one.goto(site.address)
    one.wait_for_selector("h1:has-text('Sign in')")
    yield one
    context.close()


def sign_in(page: "Page") -> None:
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector(".who")


def test_nobody_sees_anything_before_the_sign_in(site: Site, page: "Page") -> None:
    assert site.front.forwarded == []
    assert page.get_by_role("button", name="Sign in").count() == 1


def test_a_reader_signs_in_looks_and_is_refused_to_act(
    site: Site, world: ApiWorld, page: "Page"
) -> None:
    waiting = world.waiting("hosted1")
    page.goto(f"{site.address}#/approvals")
    sign_in(page)
    settled(page)

    assert "code=" not in page.url
    assert page.url.endswith("#/approvals"), "the page that was asked for"
    assert "ann@example.com" in page.inner_text(".who")
    ask(page, f"Approve {waiting.run_id}")
    page.locator("dialog button[type=submit]").click()
    page.wait_for_selector("dialog [role=alert]")
    assert "operators" in page.inner_text("dialog [role=alert]")
    approval = world.root("GET", f"/runs/{waiting.run_id}").json["approval"]
    assert approval["standing"] != "approved"
    assert f"POST /approvals/{waiting.run_id}/approve" in site.front.forwarded


def test_an_operator_approves(site: Site, world: ApiWorld, page: "Page") -> None:
    waiting = world.waiting("hosted2")
    site.cognito.person = BOB
    sign_in(page)
    page.goto(f"{site.address}#/approvals")
    ask(page, f"Approve {waiting.run_id}")
    page.locator("dialog button[type=submit]").click()
    page.wait_for_selector("dialog", state="detached")

    approval = world.root("GET", f"/runs/{waiting.run_id}").json["approval"]
    assert approval["standing"] == "approved"
    assert ":assumed-role/Operators/" in approval["answered_by"]


def test_a_document_is_saved_and_a_filter_with_signs_is_signed(
    site: Site, world: ApiWorld, page: "Page"
) -> None:
    waiting = world.waiting("hosted3")
    sign_in(page)
    page.goto(f"{site.address}#/runs?project=hosted3&status=waiting_for_approval")
    page.wait_for_selector(f"main a:has-text('{waiting.run_id}')")
    page.goto(f"{site.address}#/runs?project=a%20b%2B'*!")
    settled(page)
    assert page.locator("main [role=alert]:has-text('signature')").count() == 0
    page.goto(f"{site.address}#/runs/{waiting.run_id}")
    with page.expect_download() as started:
        page.get_by_role("button", name="Save plan.json").click()

    assert started.value.suggested_filename == "plan.json"
    assert b'"rungs"' in started.value.path().read_bytes()


def test_a_reload_asks_for_no_password_and_signing_out_forgets(site: Site, page: "Page") -> None:
    sign_in(page)
    page.reload()
    page.wait_for_selector(".who")
    assert site.cognito.asked.count("authorization_code") == 1

    lasting = page.evaluate("JSON.parse(sessionStorage['thriftline-tokens']).refresh_token")
    with page.expect_request(f"{site.cognito.server.origin}/oauth2/revoke") as asked:
        page.get_by_role("button", name="Sign out").click()
    assert lasting in (asked.value.post_data or "")
    page.wait_for_selector("h1:has-text('Sign in')")
    assert (
        page.evaluate("Object.keys(sessionStorage).length + Object.keys(localStorage).length") == 0
    )


def test_what_ends_soon_is_asked_for_anew_and_a_sign_in_that_ended_says_so(
    site: Site, page: "Page"
) -> None:
    site.cognito.token_seconds = site.cognito.key_seconds = 60
    sign_in(page)
    settled(page)
    assert "refresh_token" in site.cognito.asked
    site.cognito.takes_refresh = False
    page.goto(f"{site.address}#/budget")

    page.wait_for_selector("h1:has-text('Sign in')")
    assert page.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize("started", [None, {"state": "own", "verifier": "v", "hash": ""}])
def test_an_answer_that_this_tab_did_not_ask_for_is_not_taken(
    started: dict[str, str] | None, site: Site, page: "Page"
) -> None:
    if started:
        page.evaluate(
            "one => sessionStorage.setItem('thriftline-sign-in-started', JSON.stringify(one))",
            started,
        )
    page.goto(f"{site.address}?code=stolen&state=guessed")
    page.wait_for_selector("main [role=alert]")

    assert "did not ask" in page.inner_text("main [role=alert]")
    assert "authorization_code" not in site.cognito.asked


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_before_the_sign_in_and_320_px_are_enough(
    scheme: Any, page: "Page"
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 320, "height": 700})

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 320
