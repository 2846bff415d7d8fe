"""The documents that a run has written, and how they are sent."""

import re

from thriftline.api.schemas.runs import RunDocument
from thriftline.core.aws.buckets import Bucket
from thriftline.runs.domain.layout import run_prefix

MOST_DOCUMENTS = 100
_NAME = re.compile(r"[A-Za-z0-9._-]{1,128}")
# Text alone: a body that is binary would not pass API Gateway as it is.
_TYPES = {
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "yaml": "text/plain; charset=utf-8",
    "svg": "image/svg+xml",
}


def content_type_of(name: str) -> str | None:
    """Returns the type that a document is sent with; None for one that is not sent."""
    if not _NAME.fullmatch(name):
        return None
    return _TYPES.get(name.rpartition(".")[2])


def documents_of(run_id: str, artifacts: Bucket) -> tuple[RunDocument, ...]:
    """Returns the run's documents, in order of their names."""
    found: list[RunDocument] = []
    for stored in artifacts.list(run_prefix(run_id)):
        name = stored.key.removeprefix(run_prefix(run_id))
        kind = content_type_of(name)
        if kind is not None and len(found) < MOST_DOCUMENTS:
            found.append(
                RunDocument(
                    name=name,
                    href=f"/runs/{run_id}/documents/{name}",
                    content_type=kind,
                    size_bytes=stored.size,
                )
            )
    return tuple(found)
