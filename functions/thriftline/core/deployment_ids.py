"""What a deployment is called: by when it was asked for first, and by the token of the request."""

import hashlib
import re
from datetime import UTC, datetime

DEPLOYMENT_ID = re.compile(r"d-\d{8}T\d{6}-[0-9a-f]{8}")


def deployment_id(token: str, first_asked: datetime) -> str:
    """Returns the id of a deployment, which is also the name of its execution."""
    ending = hashlib.sha256(token.encode()).hexdigest()[:8]
    return f"d-{first_asked.astimezone(UTC):%Y%m%dT%H%M%S}-{ending}"
