"""What a rule says about an inventory, for tests of single rules."""

from typing import Any

from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.findings import Finding
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.parameters import AuditParameters
from thriftline.money.price_catalogue import price_catalogue


def findings_of(found: Inventory, rule: str, **parameters: Any) -> list[Finding]:
    """Returns all findings of a rule."""
    told = audit(found, price_catalogue(), AuditParameters(**parameters), {rule})
    return list(told.findings)


def finding_of(found: Inventory, rule: str, **parameters: Any) -> Finding:
    """Returns the only finding of a rule."""
    (finding,) = findings_of(found, rule, **parameters)
    return finding
