"""Writes docs/openapi.json from the API's route table and models: `make docs` runs this."""

import json
import os
from pathlib import Path

OPENAPI = Path(__file__).parents[1] / "docs/openapi.json"


def openapi_text() -> str:
    """Return the document as it is kept."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    from thriftline.api.openapi import openapi_document

    return json.dumps(openapi_document(), indent=2) + "\n"


if __name__ == "__main__":
    OPENAPI.write_text(openapi_text(), encoding="utf-8")
