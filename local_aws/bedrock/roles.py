"""What a service role may do: its trust and its policies, judged for Bedrock's own calls.

Only what Bedrock does with a role that it is given is judged; calls of clients are not.
A condition of an unknown key or operator is not met, as on AWS.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import translate
from typing import Any

from moto.iam.models import iam_backends

_SERVICE = "bedrock.amazonaws.com"
Context = Mapping[str, str]


class ServiceRole:
    """A role of an account, as Bedrock sees it."""

    def __init__(self, account: str, arn: str) -> None:
        self.account = account
        roles = iam_backends[account]["aws"].roles
        name = arn.rpartition("/")[2]
        self._role = next(
            (each for each in list(roles.values()) if each.name == name and each.arn == arn), None
        )

    def trusts_bedrock(self, source_arn: str) -> bool:
        """Whether Bedrock may assume the role for the resource of `source_arn`."""
        if self._role is None:
            return False
        context = {"aws:SourceAccount": self.account, "aws:SourceArn": source_arn}
        return any(
            each.get("Effect") == "Allow"
            and _SERVICE in _listed(_services(each))
            and _matches(_listed(each.get("Action")), "sts:AssumeRole", without_case=True)
            and _conditions_hold(each, context)
            for each in _statements(self._role.assume_role_policy_document)
        )

    def allows(self, action: str, resource: str, context: Context) -> bool:
        """Whether the role's policies allow an action on a resource."""
        allowed = False
        for statement in self._policy_statements():
            if not _is_about(statement, action, resource, context):
                continue
            if statement.get("Effect") == "Deny":
                return False
            allowed = True
        return allowed

    def _policy_statements(self) -> Iterator[Mapping[str, Any]]:
        if self._role is None:
            return
        documents = [
            *self._role.policies.values(),
            *(each.document for each in self._role.managed_policies.values()),
        ]
        for document in documents:
            yield from _statements(document)


def _is_about(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    return (
        _matches(_listed(statement.get("Action")), action, without_case=True)
        and _matches(_listed(statement.get("Resource")), resource)
        and _conditions_hold(statement, context)
    )


def _statements(document: str | Mapping[str, Any]) -> list[Mapping[str, Any]]:
    # moto keeps what CloudFormation gives a role as it is, and as text what a call gives.
    parsed = json.loads(document) if isinstance(document, str) else document
    statements = parsed.get("Statement", [])
    return [statements] if isinstance(statements, Mapping) else list(statements)


def _services(statement: Mapping[str, Any]) -> Any:
    principal = statement.get("Principal")
    return principal.get("Service") if isinstance(principal, Mapping) else None


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(each) for each in value]


def _matches(patterns: Iterable[str], value: str, *, without_case: bool = False) -> bool:
    flags = re.IGNORECASE if without_case else 0
    # IAM knows * and ? alone: a bracket stands for itself.
    return any(
        re.match(translate(each.replace("[", "[[]")), value, flags) is not None for each in patterns
    )


def _conditions_hold(statement: Mapping[str, Any], context: Context) -> bool:
    known = {key.lower(): value for key, value in context.items()}
    for operator, pairs in (statement.get("Condition") or {}).items():
        for key, wanted in pairs.items():
            value = known.get(key.lower())
            if value is None or not _holds(operator, _listed_values(wanted), value):
                return False
    return True


def _listed_values(wanted: Any) -> list[str]:
    values = wanted if isinstance(wanted, list) else [wanted]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in values]


def _holds(operator: str, wanted: list[str], value: str) -> bool:
    if operator in ("StringEquals", "Bool"):
        return value in wanted
    if operator in ("StringLike", "ArnLike", "ArnEquals"):
        return _matches(wanted, value)
    if operator == "StringNotEquals":
        return value not in wanted
    return False
