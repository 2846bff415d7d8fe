"""What the audits found, and what people live with."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from thriftline.api.answers import PageAsk
from thriftline.api.paging import next_token, start_of
from thriftline.api.problems import Fault, broken_rule, conflict, not_found, unreadable
from thriftline.api.requests import Call
from thriftline.api.schemas.audits import (
    AUDIT_ID,
    AcceptanceList,
    AcceptAsk,
    FindingList,
    FindingsAsk,
)
from thriftline.audit.schemas.accepted_findings import AcceptedFindingsError
from thriftline.audit.schemas.shown import ListedAcceptance, ShownFinding
from thriftline.audit.steps.accept_finding import Wish
from thriftline.audit.steps.accept_finding import accept_finding as accepted
from thriftline.audit.steps.accept_finding import list_acceptances as listed_acceptances
from thriftline.audit.steps.accept_finding import report_again as reported_again
from thriftline.audit.steps.list_findings import FindingFilters
from thriftline.audit.steps.list_findings import list_findings as listed
from thriftline.core.text import plain
from thriftline.wiring import api_audit as wiring

_ACCEPTANCES = {"list": "acceptances"}
_FILTERS = ("rule", "severity", "confidence", "account", "region", "resource", "accepted")


def list_findings(call: Call, query: FindingsAsk) -> FindingList:
    """Returns some findings of an audit, the last whole one when none is named."""
    asked = {name: getattr(query, name) for name in _FILTERS}
    filters = {"list": "findings", "audit": query.audit_id} | {
        name: None if value is None else str(value) for name, value in asked.items()
    }
    start = start_of(query.next_token, filters, ("audit", "at"))
    page = listed(
        wiring.artifacts(),
        FindingFilters(**asked),
        # A page goes on in the report that it began with.
        audit_id=_audit(start["audit"]) if start else query.audit_id,
        limit=query.limit,
        at=_place(start["at"]) if start else 0,
        today=call.now.date(),
    )
    if page is None:
        raise not_found(f"A report of the audit {query.audit_id}")
    key = None
    if page.next_at is not None and page.audit_id is not None:
        key = {"audit": page.audit_id, "at": str(page.next_at)}
    return FindingList(
        audit_id=page.audit_id,
        total=page.total,
        problem=page.problem,
        items=page.items,
        next_token=next_token(key, filters),
    )


def _audit(text: str) -> str:
    # A token is whatever a caller sends: what it names becomes a part of a key.
    if not re.fullmatch(AUDIT_ID, text):
        raise unreadable("next_token cannot be used.", Fault("query:next_token", "has no audit"))
    return text


def _place(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise unreadable("next_token cannot be used.", Fault("query:next_token", "has no place"))
    return int(text[:9])


def accept_finding(call: Call, body: AcceptAsk) -> ShownFinding:
    """Lets a finding of the last whole audit be quiet until a day is over."""
    if body.until < call.now.date():
        raise broken_rule(
            f"until {body.until} is over; today is {call.now:%Y-%m-%d} (UTC).",
            Fault("/until", "is over"),
        )
    # The file is for people: what cannot be seen is not written into it.
    wish = Wish(plain(body.reason, 1_000), body.until, call.by)
    key = call.parameters["id"]
    with _readable_list():
        found = accepted(key, wish, wiring.accepting_site(), today=call.now.date())
    if found is None:
        raise not_found(f"The finding {key} in the last whole audit")
    return found


def report_again(call: Call) -> ListedAcceptance:
    """Takes a finding from the list of accepted ones; the next audit reports it again."""
    key = call.parameters["id"]
    with _readable_list():
        found = reported_again(key, wiring.accepting_site(), today=call.now.date())
    if found is None:
        raise not_found(f"An acceptance of the finding {key}")
    return found


def list_acceptances(call: Call, query: PageAsk) -> AcceptanceList:
    """Returns some of what is accepted, in the order of the list."""
    start = start_of(query.next_token, _ACCEPTANCES, ("at",))
    at = _place(start["at"]) if start else 0
    with _readable_list():
        found = listed_acceptances(wiring.accepting_site(), today=call.now.date())
    end = at + query.limit
    key = {"at": str(end)} if end < len(found) else None
    return AcceptanceList(items=found[at:end], next_token=next_token(key, _ACCEPTANCES))


@contextmanager
def _readable_list() -> Iterator[None]:
    try:
        yield
    except AcceptedFindingsError as error:
        raise conflict(
            f"The list of accepted findings has a mistake; fix it first. {error}"
        ) from None
