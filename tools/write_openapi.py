"""Writes docs/openapi.json and the routes of docs/api.md: `make docs` runs this."""

import json
import os
import re
from pathlib import Path

from thriftline.api.openapi import openapi_document
from thriftline.api.routes import ROUTES

DOCS = Path(__file__).parents[1] / "docs"
OPENAPI = DOCS / "openapi.json"
PAGE = DOCS / "api.md"
_BLOCK = re.compile(r"(<!-- routes -->\n).*?(<!-- /routes -->)", re.DOTALL)


def openapi_text() -> str:
    """Return the document as it is kept."""
    return json.dumps(openapi_document(), indent=2) + "\n"


def page_text() -> str:
    """Return the page with the table of routes as it is now."""
    rows = [
        f"| `{route.method} {route.path}` | {route.summary} | {int(route.status)} |"
        for route in ROUTES
    ]
    table = "\n".join(["| route | what | answers |", "|---|---|---|", *rows])
    kept = PAGE.read_text(encoding="utf-8")
    return _BLOCK.sub(lambda found: f"{found[1]}{table}\n{found[2]}", kept)


if __name__ == "__main__":
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    OPENAPI.write_text(openapi_text(), encoding="utf-8")
    PAGE.write_text(page_text(), encoding="utf-8")
