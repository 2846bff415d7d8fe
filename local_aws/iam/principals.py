"""Who may do what, out of what moto keeps of users, groups and roles."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.iam.models import iam_backends

from local_aws.iam.policies import Policy

_PARTITION = "aws"
_KINDS = ("user", "group", "role")


@dataclass(frozen=True)
class Principal:
    """One that policies are attached to. `boundary` is None where it has none."""

    arn: str
    policies: tuple[Policy, ...]
    boundary: tuple[Policy, ...] | None = None


def principal_of(arn: str) -> Principal | None:
    """Return a user, a group or a role; a session of a role has the role's policies.

    None is one that does not exist.
    """
    found = _found(arn)
    if found is None:
        return None
    owner, kind, account = found
    backend = iam_backends[account][_PARTITION]
    policies = [*_policies_of(owner, kind)]
    if kind == "user":
        for group in backend.get_groups_for_user(owner.name):
            policies += _policies_of(group, "group")
    limit = getattr(owner, "permissions_boundary_arn", None)
    return Principal(arn, tuple(policies), _boundary(backend, limit) if limit else None)


def kind_and_name(arn: str) -> tuple[str, str, str] | None:
    """Return kind, name and account of a principal's ARN; None where it is of another form."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or parts[2] not in {"iam", "sts"}:
        return None
    kind, _, rest = parts[5].partition("/")
    if kind == "assumed-role":
        return ("role", rest.partition("/")[0], parts[4]) if rest else None
    return (kind, rest.rpartition("/")[2], parts[4]) if kind in _KINDS and rest else None


def _found(arn: str) -> tuple[Any, str, str] | None:
    named = kind_and_name(arn)
    if named is None:
        return None
    kind, name, account = named
    backend = iam_backends[account][_PARTITION]
    everybody = {"user": backend.users, "group": backend.groups, "role": backend.roles}[kind]
    owner = next((each for each in list(everybody.values()) if each.name == name), None)
    return None if owner is None else (owner, kind, account)


def _policies_of(owner: Any, kind: str) -> Iterator[Policy]:
    for name, document in dict(owner.policies).items():
        yield Policy(name, document, kind)
    for each in list(owner.managed_policies.values()):
        yield _managed(each)


def _boundary(backend: Any, arn: str) -> tuple[Policy, ...]:
    found = next((each for each in backend.managed_policies.values() if each.arn == arn), None)
    # A boundary that is gone allows nothing.
    return () if found is None else (_managed(found),)


def _managed(policy: Any) -> Policy:
    return Policy(policy.name, next(each.document for each in policy.versions if each.is_default))
