"""What a service role may do: its trust and its policies, judged for a service's own calls.

Only what a service does with a role that it is given is judged; calls of clients are not.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from moto.iam.models import iam_backends

from local_aws.iam.conditions import conditions_hold, listed
from local_aws.iam.patterns import matches, with_lower_keys
from local_aws.iam.policies import Policy, Question, decide
from local_aws.iam.principals import principal_of

Context = Mapping[str, str]


class ServiceRole:
    """A role of an account, as a service sees it that was given it."""

    def __init__(self, account: str, arn: str) -> None:
        self.account = account
        roles = iam_backends[account]["aws"].roles
        name = arn.rpartition("/")[2]
        self._role = next(
            (each for each in list(roles.values()) if each.name == name and each.arn == arn), None
        )

    def trusts(self, service: str, source_arn: str) -> bool:
        """Whether a service, such as `bedrock.amazonaws.com`, may assume it for a resource."""
        if self._role is None:
            return False
        trust = Policy("trust", self._role.assume_role_policy_document)
        context = with_lower_keys(
            {"aws:SourceAccount": (self.account,), "aws:SourceArn": (source_arn,)}
        )
        return any(
            each.get("Effect") == "Allow"
            and service in _services(each)
            and any(
                matches(one, "sts:AssumeRole", {}, trust.version, ignore_case=True)
                for one in listed(each.get("Action", []))
            )
            and conditions_hold(each.get("Condition"), context, trust.version)
            for each in trust.statements()
        )

    def allows(self, action: str, resource: str, context: Context) -> bool:
        """Whether the role's policies allow an action on a resource."""
        principal = principal_of(self._role.arn) if self._role is not None else None
        if principal is None:
            return False
        question = Question(action, resource, {key: (value,) for key, value in context.items()})
        # What cannot be judged is not allowed.
        with suppress(NotImplementedError):
            return decide(principal.policies, question, principal.boundary).is_allowed
        return False


def _services(statement: Mapping[str, Any]) -> list[str]:
    principal = statement.get("Principal")
    return listed(principal.get("Service", [])) if isinstance(principal, Mapping) else []
