"""Starts an audit, after its input was read as the audit itself will read it."""

import hashlib
from collections.abc import Mapping
from typing import Any

from thriftline.audit.domain.layout import audit_id_of
from thriftline.audit.domain.parameters import Mode
from thriftline.audit.domain.parts import Scope
from thriftline.audit.schemas.input import StackDefaults, parameters_of, parse_audit_input
from thriftline.audit.steps.list_audits import IDLE_NAMES, AuditsSite

_LONG = 32


def begin_audit(given: Mapping[str, Any], scope: Scope, token: str, site: AuditsSite) -> str:
    """Starts the machine; returns the audit's id. The same token is the same audit.

    Raises:
        InvalidAuditInputError: the input asks for something unknown; nothing was started.
    """
    # The stack's own parameters are not the caller's to answer for.
    parameters_of(parse_audit_input(given), StackDefaults(Mode.REPORT, "{}"))
    digest = hashlib.sha256(token.encode()).hexdigest()[:_LONG]
    name = f"{IDLE_NAMES if scope is Scope.IDLE_ENDPOINTS else ''}audit-{digest}"
    started = site.machines.start(site.machine_arn, name, {**given, "scope": str(scope)})
    return audit_id_of(started.started_at, started.arn)
