"""When the page paints the first rows of its list of runs, in a real browser.

make bench-page

The page is served as ``thriftline ui`` serves it; the API behind it answers from memory, so that
the time is that of the page and of the browser. A trace of the browser has the paint.
"""

import argparse
import json
import statistics
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / ".thriftline/browser/packages"))

from playwright.sync_api import Browser, sync_playwright  # noqa: E402

from tests.browser import sample_runs  # noqa: E402
from tests.browser.conftest import ABOUT, ARGUMENTS, CHROMIUM  # noqa: E402
from tests.browser.fake_api import FakeApi  # noqa: E402
from thriftline_cli.ui.files import Files, page_folder  # noqa: E402
from thriftline_cli.ui.guard import Guard  # noqa: E402
from thriftline_cli.ui.server import Page, PageServer  # noqa: E402

# Set by the page's own clock when a row is in the document, then read at the next paint.
_FIRST_ROWS = """() => new Promise(done => {
    const look = () => document.querySelector('tbody tr')
        ? requestAnimationFrame(() => setTimeout(() => done(performance.now()), 0))
        : requestAnimationFrame(look);
    look();
})"""


def main() -> int:
    """Prints a row for each length of the list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=9)
    given = parser.parse_args()
    print("runs | first rows painted, median ms | worst ms | first paint in the trace, ms")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        for number in (10, 1_000, 10_000):
            rows, paints = _measured(browser, number, given.repeats)
            median = statistics.median(rows)
            traced = statistics.median(paints)
            print(f"{number:,} | {median:.0f} | {max(rows):.0f} | {traced:.0f}")
        browser.close()
    return 0


def _measured(browser: Browser, number: int, repeats: int) -> tuple[list[float], list[float]]:
    server = PageServer(0)
    api = FakeApi(runs=sample_runs.many_runs(number))
    server.page = Page(Guard(server.port), Files(page_folder()), api, ABOUT)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    rows, paints = [], []
    for _ in range(repeats):
        one, paint = _opened(browser, server)
        rows.append(one)
        paints.append(paint)
    server.shutdown()
    server.server_close()
    return rows, paints


def _opened(browser: Browser, server: PageServer) -> tuple[float, float]:
    """Opens the page with an empty cache; returns both times since the navigation began."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.page.guard.address)
    page.wait_for_selector("main")
    page.goto("about:blank")
    with tempfile.NamedTemporaryFile(suffix=".json") as trace:
        browser.start_tracing(page=page, path=trace.name)
        page.goto(f"http://127.0.0.1:{server.port}/#/runs", wait_until="commit")
        rows = float(page.evaluate(_FIRST_ROWS))
        browser.stop_tracing()
        paint = _first_paint(json.loads(Path(trace.name).read_text()))
    context.close()
    return rows, paint


def _first_paint(trace: dict[str, Any]) -> float:
    """Returns milliseconds from the navigation to the first contentful paint."""
    events = [one for one in trace["traceEvents"] if one.get("ts")]
    starts = [
        one["ts"]
        for one in events
        if one["name"] == "navigationStart" and "127.0.0.1" in json.dumps(one.get("args", {}))
    ]
    paints = [one["ts"] for one in events if one["name"] == "firstContentfulPaint"]
    return (max(paints) - min(starts)) / 1000 if paints and starts else float("nan")


if __name__ == "__main__":
    sys.exit(main())
