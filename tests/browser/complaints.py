"""What a page complains of while a test looks at it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


def keep_complaints(page: "Page", complaints: list[str]) -> None:
    """Keeps errors and the console's, but for answers that a test wants to be bad."""
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda line: (
            complaints.append(line.text)
            if line.type == "error" and "Failed to load resource" not in line.text
            else None
        ),
    )
