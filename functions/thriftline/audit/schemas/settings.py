"""What an audit was asked for, with every default filled in: written once, read by each step."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from thriftline.audit.domain.inventory import Window
from thriftline.audit.domain.parameters import AuditParameters, Mode
from thriftline.audit.domain.parts import Scope


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Target(_Document):
    """One account and region, and the roles that are assumed in it.

    ``audit_role_arn`` is None for the account that the stack is in; ``act_role_arn`` is used only
    by actions, and None there too. ``is_home`` is true for one region of each account: what an
    account has once, such as costs of no region, is read there.
    """

    account: str
    region: str
    audit_role_arn: str | None = None
    act_role_arn: str | None = None
    is_home: bool = True


class AuditSettings(_Document):
    """One audit.

    ``started`` is the execution's start and the ``now`` of everything that is collected; the
    ``window`` is the last whole UTC days before it. ``mode`` is what the audit may do: the least
    of what was ``asked_mode`` and what the stack allows (``allowed_mode``). ``rules`` is None for
    all of them. ``is_whole`` is false for an audit of regions, accounts or rules that somebody
    chose: the next report is not compared with it.
    """

    audit_id: str
    scope: Scope
    started: datetime
    window: Window
    mode: Mode
    asked_mode: Mode
    allowed_mode: Mode
    rules: tuple[str, ...] | None
    parameters: AuditParameters
    targets: tuple[Target, ...]
    is_whole: bool = True
