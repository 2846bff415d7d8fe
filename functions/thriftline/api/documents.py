"""The documents that a run has written, and how they are sent."""

import re
from http import HTTPStatus

from thriftline.api.answers import RawDocument
from thriftline.api.problems import Problem, not_found
from thriftline.api.schemas.runs import RunDocument
from thriftline.core.aws.buckets import Bucket
from thriftline.runs.domain.layout import run_prefix

MOST_DOCUMENTS = 100
# Lambda answers with 6 MB at the most, and JSON grows where it is escaped.
LARGEST_DOCUMENT = 4_000_000
# Thriftline's pages have styles and pictures within them, and run nothing.
_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox"
)
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


def read_document(run_id: str, name: str, artifacts: Bucket) -> RawDocument:
    """Returns one document.

    Raises:
        Problem: 404 where the run has none of this name, 413 for one that is too large to send.
    """
    kind, key = content_type_of(name), f"{run_prefix(run_id)}{name}"
    found = artifacts.read_current(key, LARGEST_DOCUMENT + 1) if kind else None
    if kind is None or found is None:
        raise not_found(f"The document {name} of run {run_id}")
    if len(found.body) > LARGEST_DOCUMENT:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"{name} has more than {LARGEST_DOCUMENT:,} bytes; read {artifacts.uri(key)}.",
        )
    headers = {"Content-Security-Policy": _PAGE_POLICY} if kind.startswith("text/html") else {}
    return RawDocument(found.body, kind, headers)
