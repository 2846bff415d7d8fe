"""What SageMaker takes as the name of an endpoint."""

import re

_NAME = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}")


def is_endpoint_name(text: str) -> bool:
    """Whether an endpoint may be called so."""
    return bool(_NAME.fullmatch(text))
