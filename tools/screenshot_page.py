"""Takes the picture of the page in README, of the sample that its tests have.

make picture-page        (needs make setup-browser)
"""

import sys
import threading
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs/images/page.png"
MOST_BYTES = 200_000
SIZE = {"width": 1180, "height": 860}


def main() -> int:
    """Returns 0 when the picture was written."""
    sys.path[:0] = [str(ROOT / ".thriftline/browser/packages")]
    from playwright.sync_api import sync_playwright

    from tests.browser import sample_names
    from tests.browser.conftest import ABOUT, ARGUMENTS, CHROMIUM
    from tests.browser.fake_api import FakeApi
    from thriftline_cli.ui.files import Files, page_folder
    from thriftline_cli.ui.guard import Guard
    from thriftline_cli.ui.server import Page, PageServer

    server = PageServer(0)
    server.page = Page(Guard(server.port), Files(page_folder()), FakeApi(), ABOUT)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        page = browser.new_page(viewport=SIZE)
        page.goto(server.page.guard.address)
        page.wait_for_selector("main")
        page.goto(f"http://127.0.0.1:{server.port}/#/runs/{sample_names.RUN}")
        page.wait_for_selector("figure.chart svg")
        page.wait_for_function(
            "() => !document.querySelector('.money-line').innerText.includes('…')"
        )
        page.screenshot(path=str(PICTURE))
        browser.close()
    size = PICTURE.stat().st_size
    if size > MOST_BYTES:
        sys.stderr.write(f"screenshot_page: {size:,} bytes are more than {MOST_BYTES:,}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
