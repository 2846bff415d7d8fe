"""Edits ``audits/accepted_findings.yaml``; what people wrote in it stays."""

import io
from collections.abc import Collection
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from thriftline.audit.domain.history import Acceptance
from thriftline.audit.schemas.accepted_findings import parse_accepted_findings


def with_acceptance(text: bytes, entry: Acceptance) -> bytes:
    """Returns the file with an entry, in place of one of the same finding.

    Raises:
        AcceptedFindingsError: the file has a mistake, or the entry breaks a rule of it; nothing is
            to be written then.
    """
    parse_accepted_findings(text)
    document = _yaml().load(text.decode())
    values = {
        "finding": entry.finding,
        # A sentence is one line; some line breaks do not come back from YAML as they were.
        "reason": " ".join(entry.reason.split()),
        "until": entry.until,
        "accepted_by": entry.accepted_by,
        "on": entry.on,
    }
    item = CommentedMap({key: value for key, value in values.items() if value is not None})
    if document is None:
        # Of a file without an entry ruamel keeps nothing, and its comments are to stay.
        return _written(text.rstrip() + b"\n" if text.strip() else b"", CommentedSeq([item]))
    found = next((one for one in document if one["finding"] == entry.finding), None)
    if found is None:
        document.fa.set_block_style()
        document.append(item)
    else:
        found.update(item)
    return _written(b"", document)


def without_acceptances(text: bytes, findings: Collection[str]) -> bytes:
    """Returns the file without the entries of some findings.

    Raises:
        AcceptedFindingsError: the file has a mistake; nothing is to be written then.
    """
    parse_accepted_findings(text)
    document = _yaml().load(text.decode()) or CommentedSeq()
    for index in reversed(range(len(document))):
        if document[index]["finding"] in findings:
            del document[index]
    return _written(b"", document)


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 100_000
    return yaml


def _written(head: bytes, document: Any) -> bytes:
    out = io.BytesIO()
    _yaml().dump(document, out)
    text = head + out.getvalue()
    parse_accepted_findings(text)
    return text
