"""Accepts a finding of the last whole audit: it stays quiet, and nothing acts on it, to a day."""

from dataclasses import dataclass
from datetime import date

from thriftline.audit.aws.accepted_file import AcceptedFile
from thriftline.audit.domain.finding_keys import finding_key
from thriftline.audit.domain.history import Acceptance
from thriftline.audit.schemas.accepting import with_acceptance
from thriftline.audit.schemas.shown import ShownFinding
from thriftline.audit.steps.list_findings import latest_audit, read_findings, shown_finding
from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import ServiceUnavailableError

# Another writer was there in between; more often than this it is no coincidence.
_TRIES = 4


@dataclass(frozen=True)
class AcceptingSite:
    """Where the findings are read and their acceptance is written."""

    artifacts: Bucket
    file: AcceptedFile


@dataclass(frozen=True)
class Wish:
    """Who wants to live with a finding, why, and how long."""

    reason: str
    until: date
    who: str


def accept_finding(
    key: str, wish: Wish, site: AcceptingSite, *, today: date
) -> ShownFinding | None:
    """Returns the finding as it is accepted now, None where the last audit has no such finding.

    Raises:
        AcceptedFindingsError: the file has a mistake, which a person must fix first.
        ServiceUnavailableError: somebody else writes the file all the time.
    """
    audit_id = latest_audit(site.artifacts)
    report = read_findings(site.artifacts, audit_id) if audit_id else None
    if audit_id is None or report is None:
        return None
    known = (*report.findings, *(one.finding for one in report.accepted))
    finding = next((one for one in known if finding_key(one.id) == key), None)
    if finding is None:
        return None
    entry = Acceptance(finding.id, wish.reason, wish.until, wish.who, today)
    for _ in range(_TRIES):
        stored = site.file.read()
        if site.file.write(with_acceptance(stored.text, entry), stored):
            return shown_finding(finding, audit_id, entry)
    raise ServiceUnavailableError("Somebody else changes the list of accepted findings just now.")
