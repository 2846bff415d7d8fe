"""Where a stack's API answers: on AWS, and on the embedded AWS."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from thriftline_cli.exits import CommandError, Exit

OUTPUT = "ApiUrl"
_EMBEDDED_PATH = "_aws/execute-api"


def api_base(outputs: Mapping[str, str], endpoint_url: str | None) -> str:
    """Returns the address that a route's path is appended to.

    Args:
        outputs: of the stack; ApiUrl is the address on AWS.
        endpoint_url: of an embedded AWS, where the API has a path instead of a host; else None.

    Raises:
        CommandError: the stack has no API.
    """
    url = outputs.get(OUTPUT)
    if not url:
        raise CommandError(
            f"the stack has no output {OUTPUT}; deploy its newest template", Exit.NOT_FOUND
        )
    if endpoint_url is None:
        return url.rstrip("/")
    parts = urlsplit(url)
    api_id, stage = (parts.hostname or "").partition(".")[0], parts.path.strip("/")
    return f"{endpoint_url.rstrip('/')}/{_EMBEDDED_PATH}/{api_id}/{stage}"
