"""Puts the adapters of an audit together from the environment, each when it is first asked for."""

from functools import cache

from thriftline.audit.domain.parameters import Mode
from thriftline.audit.schemas.input import StackDefaults
from thriftline.audit.steps.open_audit import KnownTargets
from thriftline.core.aws.target_clients import ACTING, COLLECTING, TargetClients
from thriftline.wiring.shared import alerts, artifacts, event_bus, now, settings

__all__ = [
    "acting_clients",
    "alerts",
    "artifacts",
    "audit_defaults",
    "audit_places",
    "endpoints_table_of",
    "event_bus",
    "now",
    "restoring_clients",
    "runs_table_of",
    "settings",
    "target_clients",
]


@cache
def audit_places() -> KnownTargets:
    """The accounts and regions that audits look at."""
    return KnownTargets(
        own_account=settings().account_id,
        partition=settings().partition,
        regions=settings().audit_regions,
        accounts=settings().audit_accounts,
        audit_role_name=settings().audit_role_name,
        act_role_name=settings().act_role_name,
    )


@cache
def audit_defaults() -> StackDefaults:
    """What the stack's parameters say where the input of an audit is silent."""
    return StackDefaults(Mode(settings().audit_mode), settings().audit_parameters)


def target_clients(region: str, role_arn: str | None) -> TargetClients:
    """Clients of one account and region that an audit looks at.

    Made anew each time: a warm function outlives the credentials of a role.
    """
    return TargetClients(region, role_arn, COLLECTING)


def acting_clients(region: str, role_arn: str | None) -> TargetClients:
    """Clients of one account and region that an audit acts in; made anew like the others."""
    return TargetClients(region, role_arn, ACTING)


def runs_table_of(region: str, role_arn: str | None) -> str | None:
    """The name of the stack's table of runs, for the place in which the stack lies alone."""
    is_own = role_arn is None and region == settings().region
    return settings().runs_table if is_own else None


def endpoints_table_of(region: str, role_arn: str | None) -> str | None:
    """The name of the stack's table of endpoints, where the stack lies alone."""
    is_own = role_arn is None and region == settings().region
    return settings().endpoints_table if is_own else None


def restoring_clients(region: str, role_arn: str | None) -> TargetClients:
    """Clients that may bring back what the role ``role_arn`` has ended, and end nothing."""
    return acting_clients(region, f"{role_arn}-restore" if role_arn else None)
