"""Audits: started, listed, and shown with their reports in short."""

from thriftline.api.answers import Accepted
from thriftline.api.paging import next_token, start_of
from thriftline.api.problems import Fault, broken_rule, not_found, unreadable
from thriftline.api.requests import Call
from thriftline.api.schemas.audits import AuditAsk, AuditList, AuditsAsk
from thriftline.audit.schemas.shown import ShownAuditDetail
from thriftline.audit.steps.list_audits import list_audits as listed
from thriftline.audit.steps.list_audits import show_audit
from thriftline.core.aws.machines import StaleTokenError
from thriftline.core.errors import InvalidAuditInputError
from thriftline.wiring import api_audit as wiring

# Step Functions has no token for its first page.
_FIRST = "-"


def list_audits(_call: Call, query: AuditsAsk) -> AuditList:
    """Returns some audits of the last ninety days, the newest first."""
    filters = {"list": "audits", "scope": query.scope}
    start = start_of(query.next_token, filters, ("page", "at"))
    page, at = _place(start)
    try:
        found = listed(wiring.audits_site(), limit=query.limit, scope=query.scope, page=page, at=at)
    except StaleTokenError:
        raise unreadable(
            "next_token is too old; begin without one.", Fault("query:next_token", "is too old")
        ) from None
    key = {"page": found.page or _FIRST, "at": str(found.at)} if found.at >= 0 else None
    return AuditList(
        items=found.items, unreadable=found.unreadable, next_token=next_token(key, filters)
    )


def _place(start: dict[str, str] | None) -> tuple[str, int]:
    if start is None:
        return "", 0
    if not start["at"].isascii() or not start["at"].isdecimal():
        raise unreadable("next_token cannot be used.", Fault("query:next_token", "has no place"))
    return "" if start["page"] == _FIRST else start["page"], int(start["at"][:6])


def start_audit(call: Call, body: AuditAsk) -> Accepted:
    """Starts an audit; its input is read here as the audit reads it."""
    # The rules are loaded for this call alone.
    from thriftline.audit.steps.ask_for_audit import begin_audit

    try:
        own = begin_audit(body.given(), body.scope, call.token, wiring.audits_site())
    except InvalidAuditInputError as error:
        lines = str(error).splitlines()
        raise broken_rule(lines[0], *(Fault("", line) for line in lines)) from error
    return Accepted(id=own, kind="audit", href=f"/audits/{own}")


def get_audit(call: Call) -> ShownAuditDetail:
    """Returns one audit; findings have a route of their own."""
    own = call.parameters["id"]
    found = show_audit(own, wiring.audits_site())
    if found is None:
        raise not_found(f"The audit {own}")
    return found
