"""A real browser, the real local server, and an API that answers what a test wants."""

import fcntl
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.complaints import keep_complaints
from tests.browser.fake_api import FakeApi
from thriftline_cli.ui.files import Files, page_folder
from thriftline_cli.ui.guard import Guard
from thriftline_cli.ui.server import Page as ServedPage
from thriftline_cli.ui.server import PageServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).parents[2]
PACKAGES = ROOT / ".thriftline/browser/packages"
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-dev-shm-usage",
)
ABOUT = {"stack": "thriftline", "region": "us-east-1", "is_embedded": False}


def missing() -> str | None:
    """Returns what keeps these tests from running."""
    if not (PACKAGES / "playwright").is_dir():
        return "the browser tests are left out: playwright is missing; run make setup-browser"
    if not CHROMIUM.exists():
        return "the browser tests are left out: chromium is missing; run make setup-browser"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves the folder's tests out with a reason where there is no browser."""
    reason = missing()
    if reason is None:
        sys.path.insert(0, str(PACKAGES))
        return
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Debian's chromium; one run at a time on this machine, for each browser takes a core."""
    from playwright.sync_api import sync_playwright

    # Those of one run work side by side.
    kind = fcntl.LOCK_SH if "PYTEST_XDIST_WORKER" in os.environ else fcntl.LOCK_EX
    with Path("/tmp/chromium.lock").open("w") as lock:
        fcntl.flock(lock, kind)
        with sync_playwright() as driver:
            chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
            yield chromium
            chromium.close()


class Served:
    """The page as it is served to one test, and what the browser complained of."""

    def __init__(self, api: FakeApi) -> None:
        self.api = api
        self.server = PageServer(0)
        self.guard = Guard(self.server.port)
        self.server.page = ServedPage(self.guard, Files(page_folder()), api, ABOUT)
        self.complaints: list[str] = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def origin(self) -> str:
        """The server's own address."""
        return f"http://127.0.0.1:{self.server.port}"

    def watch(self, page: "Page") -> "Page":
        """Keeps what a page complains of, but for answers that a test wants to be bad."""
        keep_complaints(page, self.complaints)
        return page

    def close(self) -> None:
        """Ends the server."""
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def api() -> FakeApi:
    """What the API answers; a test changes it before it opens a page."""
    return FakeApi()


@pytest.fixture
def served(api: FakeApi) -> Iterator[Served]:
    """The page's server over the test's API; nothing may be complained of."""
    one = Served(api)
    yield one
    one.close()
    assert one.complaints == []


Opener = Callable[..., "Page"]


@pytest.fixture
def open_page(browser: "Browser", served: Served) -> Iterator[Opener]:
    """Opens an address of the page: ``open_page("#/runs", width=320, dark=True)``."""
    contexts: list[BrowserContext] = []

    def opened(address: str = "", *, width: int = 1280, dark: bool = False, **more: Any) -> "Page":
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            **more,
        )
        contexts.append(context)
        page = served.watch(context.new_page())
        # A browser that has just started may be slow beside others; nothing here waits for long.
        page.set_default_timeout(60_000)
        page.goto(served.guard.address)
        page.wait_for_selector("main")
        if address:
            page.goto(f"{served.origin}/{address}")
        return page

    yield opened
    for context in contexts:
        context.close()
