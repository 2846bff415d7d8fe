"""S3 URIs in the answers of AWS."""

from collections.abc import Iterator, Mapping
from typing import Any


def s3_uris(value: Any) -> Iterator[str]:
    """Yields every S3 URI in an answer, at any depth: what anything refers to is kept."""
    if isinstance(value, str):
        if value.startswith("s3://"):
            yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from s3_uris(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from s3_uris(one)
