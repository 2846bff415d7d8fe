"""S3 URIs in the answers of AWS."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

# Within a longer text a URI ends where a shell, a list or JSON would end it. What is cut short by
# that is a prefix of the URI, and so refers to more, never to less.
_URI = re.compile(r"s3[an]?://[^\s\"'<>,;|\\^`{}\[\]()]+")


def s3_uris(value: Any) -> Iterator[str]:
    """Yields every S3 URI in an answer, at any depth: what anything refers to is kept.

    Those within longer texts count too: lists with commas, JSON in a hyperparameter, arguments.
    """
    if isinstance(value, str):
        yield from _in_text(value)
    elif isinstance(value, Mapping):
        yield from s3_uris(list(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from s3_uris(one)


def _in_text(text: str) -> Iterator[str]:
    found = {"s3://" + uri.partition("://")[2] for uri in _URI.findall(text)}
    yield from found | ({text} if text.startswith("s3://") else set())
