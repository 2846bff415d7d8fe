"""Accepts a finding of the last whole audit: it stays quiet, and nothing acts on it, to a day.

What is accepted is listed here too, and taken back.
"""

from collections.abc import Callable
from datetime import date

from thriftline.audit.aws.accepted_file import AcceptedFile
from thriftline.audit.domain.finding_keys import finding_key
from thriftline.audit.domain.history import Acceptance
from thriftline.audit.schemas.accepted_findings import parse_accepted_findings
from thriftline.audit.schemas.accepting import with_acceptance, without_acceptances
from thriftline.audit.schemas.shown import ListedAcceptance, ShownFinding
from thriftline.audit.steps.list_findings import latest_audit, read_findings, shown_finding
from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
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
    _edit(site, lambda text: with_acceptance(text, entry))
    return shown_finding(finding, audit_id, entry)


def list_acceptances(site: AcceptingSite, *, today: date) -> tuple[ListedAcceptance, ...]:
    """Returns what is accepted, as the file has it.

    Raises:
        AcceptedFindingsError: the file has a mistake, which a person must fix first.
    """
    return tuple(_listed(one, today) for one in parse_accepted_findings(site.file.read().text))


def report_again(key: str, site: AcceptingSite, *, today: date) -> ListedAcceptance | None:
    """Takes a finding from the list; returns its entry, None where it is not accepted.

    Raises:
        AcceptedFindingsError: the file has a mistake, which a person must fix first.
        ServiceUnavailableError: somebody else writes the file all the time.
    """
    known = {one.key: one for one in list_acceptances(site, today=today)}
    if key not in known:
        return None
    _edit(site, lambda text: without_acceptances(text, {known[key].finding}))
    return known[key]


def _edit(site: AcceptingSite, edited: Callable[[bytes], bytes]) -> None:
    for _ in range(_TRIES):
        stored = site.file.read()
        if site.file.write(edited(stored.text), stored):
            return
    raise ServiceUnavailableError("Somebody else changes the list of accepted findings just now.")


def _listed(entry: Acceptance, today: date) -> ListedAcceptance:
    return ListedAcceptance(
        finding=entry.finding,
        key=finding_key(entry.finding),
        reason=entry.reason,
        until=entry.until,
        accepted_by=entry.accepted_by,
        on=entry.on,
        is_over=entry.until < today,
    )
