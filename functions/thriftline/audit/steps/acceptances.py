"""Reads which findings people accepted, or why that cannot be told."""

from thriftline.audit.domain.history import Acceptance
from thriftline.audit.domain.layout import ACCEPTED_FINDINGS
from thriftline.audit.schemas.accepted_findings import (
    AcceptedFindingsError,
    parse_accepted_findings,
)
from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ThriftlineError


@dataclass(frozen=True)
class AcceptancesRead:
    """With a ``problem`` there are no acceptances: all is told, and nothing may be acted on.

    Any finding could be among those that the file was to accept.
    """

    acceptances: tuple[Acceptance, ...]
    problem: str | None


def read_acceptances(artifacts: Bucket) -> AcceptancesRead:
    """Returns the acceptances, those that are over too; never raises for what is in the file."""
    uri = artifacts.uri(ACCEPTED_FINDINGS)
    try:
        text = artifacts.read(ACCEPTED_FINDINGS)
        return AcceptancesRead(() if text is None else parse_accepted_findings(text), None)
    except AcceptedFindingsError as error:
        return AcceptancesRead((), f"{uri} cannot be used; fix it and audit again.\n{error}")
    except ThriftlineError as error:
        # A role that may not list gets "denied" for an object that is not there, too.
        return AcceptancesRead((), f"{uri} could not be read: {error}")
