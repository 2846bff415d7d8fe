"""What the audits found, and what people live with."""

from thriftline.api.paging import next_token, start_of
from thriftline.api.problems import Fault, broken_rule, conflict, not_found, unreadable
from thriftline.api.requests import Call
from thriftline.api.schemas.audits import AcceptAsk, FindingList, FindingsAsk
from thriftline.audit.schemas.accepted_findings import AcceptedFindingsError
from thriftline.audit.schemas.shown import ShownFinding
from thriftline.audit.steps.accept_finding import Wish
from thriftline.audit.steps.accept_finding import accept_finding as accepted
from thriftline.audit.steps.list_findings import FindingFilters
from thriftline.audit.steps.list_findings import list_findings as listed
from thriftline.core.text import plain
from thriftline.wiring import api_audit as wiring

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
        audit_id=start["audit"] if start else query.audit_id,
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
    wish = Wish(plain(body.reason, 1_000), body.until, call.caller)
    key = call.parameters["id"]
    try:
        found = accepted(key, wish, wiring.accepting_site(), today=call.now.date())
    except AcceptedFindingsError as error:
        raise conflict(
            f"The list of accepted findings has a mistake; fix it first. {error}"
        ) from None
    if found is None:
        raise not_found(f"The finding {key} in the last whole audit")
    return found
