"""Takes the picture of the audit's report that README shows, from the report of `make demo-audit`.

make demo-audit && make picture        (needs Debian's package chromium)
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
REPORT = ROOT / ".thriftline/audit/report.html"
PICTURE = ROOT / "docs/images/audit_report.png"
SIZE = "1180,760"
MOST_BYTES = 300_000


def main() -> int:
    """Returns 0 when the picture was written."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None or not REPORT.exists():
        sys.stderr.write("screenshot_report: run make demo-audit, and install chromium\n")
        return 1
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [
            browser,
            *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *("--blink-settings=preferredColorScheme=1", f"--window-size={SIZE}"),
            f"--screenshot={PICTURE}",
            REPORT.as_uri(),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=300,
    )
    size = PICTURE.stat().st_size
    if size > MOST_BYTES:
        sys.stderr.write(f"screenshot_report: {size:,} bytes are more than {MOST_BYTES:,}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
