"""What a person accepted, and what changed since the last report."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from thriftline.audit.domain.findings import Finding
from thriftline.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A finding that somebody lives with, why, and to which day (inclusive).

    ``accepted_by`` and ``on`` are who and when, where the file says so.
    """

    finding: str
    reason: str
    until: date
    accepted_by: str | None = None
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A finding that stays quiet."""

    finding: Finding
    acceptance: Acceptance


@dataclass(frozen=True, slots=True)
class SortedFindings:
    """``spoken`` are the findings to tell; ``expired`` were accepted until a day that is over."""

    spoken: tuple[Finding, ...]
    accepted: tuple[Accepted, ...]
    expired: tuple[Acceptance, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Against the last report, by finding id.

    ``unseen`` were told last time, and this audit could not have seen them: they are not gone.
    ``dearer_usd`` and ``cheaper_usd`` sum how the dollars of findings in both changed.
    """

    new: tuple[str, ...]
    gone: tuple[str, ...]
    unseen: tuple[str, ...]
    accepted: tuple[str, ...]
    dearer_usd: Decimal
    cheaper_usd: Decimal


def sort_out(
    findings: Sequence[Finding], acceptances: Sequence[Acceptance], today: date
) -> SortedFindings:
    """Returns the findings without those that are accepted today."""
    valid = {one.finding: one for one in acceptances if one.until >= today}
    found = {finding.id for finding in findings}
    return SortedFindings(
        spoken=tuple(finding for finding in findings if finding.id not in valid),
        accepted=tuple(
            Accepted(finding, valid[finding.id]) for finding in findings if finding.id in valid
        ),
        expired=tuple(
            one
            for one in acceptances
            if one.until < today and one.finding in found and one.finding not in valid
        ),
    )


def difference(
    last: Mapping[str, Decimal | None], now: SortedFindings, could_see: Callable[[str], bool]
) -> Difference:
    """Returns what changed since a report of ``{finding id: monthly USD}``, accepted ones too.

    ``could_see`` says of a finding's id whether this audit would have told it, were it there.
    """
    spoken = {finding.id: finding.monthly_usd for finding in now.spoken}
    accepted = {one.finding.id for one in now.accepted}
    missing = [one for one in last if one not in spoken and one not in accepted]
    unseen = {one for one in missing if not could_see(one)}
    changes = [
        usd - before
        for one, usd in spoken.items()
        if usd is not None and (before := last.get(one)) is not None
    ]
    return Difference(
        new=tuple(one for one in spoken if one not in last),
        gone=tuple(one for one in missing if one not in unseen),
        unseen=tuple(one for one in missing if one in unseen),
        accepted=tuple(one.finding.id for one in now.accepted),
        dearer_usd=sum((usd for usd in changes if usd > 0), Decimal(0)),
        cheaper_usd=sum((-usd for usd in changes if usd < 0), Decimal(0)),
    )
