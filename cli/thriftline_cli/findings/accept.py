"""Accepts a finding of the cost audit: it stays quiet, and is not acted on, until a day is over.

A finding is an id as the report has it: rule|account|region|resource. The list is
audits/accepted_findings.yaml in the stack's artifacts bucket; its comments stay when this edits it.
"""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

from botocore.exceptions import ClientError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from thriftline_cli.findings.accepted_findings import (
    Acceptance,
    parse_accepted_findings,
    schema,
)

_MISSING = {"NoSuchKey", "404"}
_CHANGED = {"PreconditionFailed", "ConditionalRequestConflict"}


class AcceptError(Exception):
    """It cannot be accepted as asked; the message says why and what to do."""


@dataclass(frozen=True)
class StoredFile:
    """The file as it is; ``etag`` is None where there is none."""

    text: bytes
    etag: str | None


def checked(finding: str, reason: str, until: str, today: date) -> Acceptance:
    """Returns what is to be accepted.

    Raises:
        AcceptError: there is no such rule, no reason, or the day is over.
    """
    parts = finding.split("|", 3)
    if len(parts) < 4 or not all(parts):
        raise AcceptError(
            f"{finding!r} is not a finding; a finding is rule|account|region|resource."
        )
    ids = schema()["x-rules"]
    if parts[0] not in ids:
        near = get_close_matches(parts[0], ids, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise AcceptError(f"There is no rule {parts[0]}.{hint}")
    if not reason.strip():
        raise AcceptError("Give a reason: whoever reads the report wants to know it.")
    try:
        last = date.fromisoformat(until)
    except ValueError as error:
        raise AcceptError(f"--until {until} is not a day such as 2026-12-31.") from error
    if last < today:
        raise AcceptError(f"--until {until} is over; today is {today}.")
    return Acceptance(finding, reason.strip(), last)


def with_entry(text: bytes, entry: Acceptance) -> bytes:
    """Returns the file with an entry, in place of one of the same finding.

    Raises:
        AcceptedFindingsError: the file has a mistake; nothing is changed then.
    """
    parse_accepted_findings(text)
    yaml = _yaml()
    document = yaml.load(text.decode())
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
        return _renewed(text.rstrip() + b"\n" if text.strip() else b"", CommentedSeq([item]), yaml)
    found = next((one for one in document if one["finding"] == entry.finding), None)
    if found is None:
        document.fa.set_block_style()
        document.append(item)
    else:
        found.update(item)
    return _renewed(b"", document, yaml)


def without_entry(text: bytes, finding: str) -> bytes:
    """Returns the file without the entries of a finding.

    Raises:
        AcceptError: there is none.
        AcceptedFindingsError: the file has a mistake; nothing is changed then.
    """
    entries = parse_accepted_findings(text)
    if all(one.finding != finding for one in entries):
        near = get_close_matches(finding, [one.finding for one in entries], n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise AcceptError(f"{finding} is not accepted.{hint}")
    yaml = _yaml()
    document = yaml.load(text.decode())
    for index in reversed(range(len(document))):
        if document[index]["finding"] == finding:
            del document[index]
    return _renewed(b"", document, yaml)


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 100_000
    return yaml


def _renewed(head: bytes, document: Any, yaml: YAML) -> bytes:
    out = io.BytesIO()
    yaml.dump(document, out)
    text = head + out.getvalue()
    parse_accepted_findings(text)
    return text


class AcceptedFindingsFile:
    """The file in the artifacts bucket, through an S3 client of boto3."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def read(self) -> StoredFile:
        """Returns the file, empty where there is none."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=schema()["x-key"])
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return StoredFile(b"", None)
            raise
        return StoredFile(answer["Body"].read(), answer["ETag"])

    def write(self, text: bytes, before: StoredFile) -> None:
        """Writes the file, if nobody else has written it since it was read.

        Raises:
            AcceptError: somebody has.
        """
        condition = {"IfMatch": before.etag} if before.etag else {"IfNoneMatch": "*"}
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=schema()["x-key"],
                Body=text,
                ContentType="application/yaml",
                **condition,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in _CHANGED:
                raise AcceptError("Somebody else changed the list just now; try again.") from error
            raise

    def told(self) -> list[str]:
        """Returns the ids of the last whole report's findings, none where there is no report."""
        try:
            pointer = json.loads(self._body(schema()["x-latest-report"]))
            report = json.loads(self._body(pointer["report_key"]))
            return [finding["id"] for finding in report["findings"]]
        except (ClientError, ValueError, KeyError):
            return []

    def _body(self, key: str) -> bytes:
        body: bytes = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return body


def accept(
    file: AcceptedFindingsFile,
    entry: Acceptance,
    say: Callable[[str], object],
    *,
    dry_run: bool = False,
) -> None:
    """Accepts a finding; says it where the last report has none of this id.

    Raises:
        AcceptError, AcceptedFindingsError: it cannot be done; nothing was changed.
    """
    stored = file.read()
    text = with_entry(stored.text, entry)
    if not dry_run:
        file.write(text, stored)
    say(f"Quiet until {entry.until}: {entry.finding}")
    told = file.told()
    if told and entry.finding not in told:
        near = get_close_matches(entry.finding, told, n=1)
        say("The last report does not have it." + (f" Did you mean {near[0]}?" if near else ""))


def report_again(file: AcceptedFindingsFile, finding: str, *, dry_run: bool = False) -> None:
    """Takes a finding from the list.

    Raises:
        AcceptError, AcceptedFindingsError: it cannot be done; nothing was changed.
    """
    stored = file.read()
    text = without_entry(stored.text, finding)
    if not dry_run:
        file.write(text, stored)
