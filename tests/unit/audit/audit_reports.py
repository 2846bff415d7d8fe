"""Reports of the accounts that the other tests of audits have, put together as the steps do."""

from collections.abc import Sequence
from typing import Any

from tests.unit.audit.report_account import report_account
from tests.unit.audit.wasteful_account import wasteful_account
from thriftline.audit.domain.action_plan import plan_actions
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.digest import Digest, digest_of
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.parameters import AuditParameters, Mode
from thriftline.audit.domain.parts import Scope
from thriftline.audit.reports.assembly import ReportInputs, assemble
from thriftline.audit.schemas.report import AuditReport
from thriftline.audit.schemas.settings import AuditSettings, Target
from thriftline.money.price_catalogue import price_catalogue

PARAMETERS = AuditParameters()
AUDIT_ID = "2025-11-03T120000Z-0123abcd"


def settings_for(found: Inventory, **facts: Any) -> AuditSettings:
    """Returns the settings of a whole audit of one target, in mode report."""
    mode = facts.pop("mode", Mode.REPORT)
    dull: dict[str, Any] = {
        "audit_id": AUDIT_ID,
        "scope": Scope.ACCOUNT,
        "started": found.now,
        "window": found.window,
        "mode": mode,
        "asked_mode": mode,
        "allowed_mode": mode,
        "rules": None,
        "parameters": PARAMETERS,
        "targets": (Target(account=found.account, region=found.region),),
    }
    return AuditSettings(**(dull | facts))


def digest_for(found: Inventory) -> Digest:
    """Returns the digest of one inventory's audit."""
    return digest_of(audit(found, price_catalogue(), PARAMETERS), found.costs)


def gathered_for(found: Inventory, **facts: Any) -> ReportInputs:
    """Returns all that the report of one inventory is made of; ``facts`` stand in for parts."""
    settings = facts.pop("settings", None) or settings_for(found, mode=facts.pop("mode", "report"))
    told = digest_for(found)
    dull: dict[str, Any] = {
        "settings": settings,
        "digests": [told],
        "missing": [],
        "plan": plan_actions(told.findings, found, PARAMETERS, settings.mode),
        "acceptances": [],
        "acceptance_problem": None,
        "last": None,
        "problems": {},
        "prices": price_catalogue(),
    }
    return ReportInputs(**(dull | facts))


def report_for(found: Inventory, **facts: Any) -> AuditReport:
    """Returns the report of one inventory."""
    return assemble(gathered_for(found, **facts))


def report_account_report() -> AuditReport:
    """The report of the account that the project starts from."""
    return report_for(report_account())


def wasteful_report() -> AuditReport:
    """The report of an account in which every rule finds something."""
    return report_for(wasteful_account())


REPORTS: Sequence[Any] = (report_account_report, wasteful_report)
