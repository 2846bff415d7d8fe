"""Whether each function of an embedded AWS was allowed what it asked, and by which statements.

By action, resource and condition. The embedded AWS enforces no IAM: it keeps what functions asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from local_aws.http.recorded_requests import Asked
from local_aws.iam.policies import Question
from local_aws.server import EmbeddedAws
from tests.integration.roles.deployed import Statement, deployed_roles
from tests.integration.roles.rights import Right
from tests.integration.roles.signed import AND, signed_roles

# SAM adds the right to trace by itself.
_SAMS_OWN = ("xray:",)
Role = Sequence[Statement]


@dataclass
class Verdict:
    """What was asked of AWS by whom.

    `refused` has function, action and resource of what a role does not allow; `unread` function,
    service and operation of what nobody here can judge; `used` is what the calls needed.
    """

    refused: set[tuple[str, str, str]] = field(default_factory=set)
    unread: set[tuple[str, str, str]] = field(default_factory=set)
    used: set[Right] = field(default_factory=set)


def judge(aws: EmbeddedAws) -> Verdict:
    """Holds what was asked against the roles of the stack, and of steps that signed as one's."""
    roles = {**signed_roles(aws), **deployed_roles(aws)}
    verdict = Verdict()
    for key, service, operation in set(aws.recorded.unread):
        verdict.unread.update((name, service, operation) for name in _named(key, roles))
    for one in set(aws.recorded.asked):
        if not one.action.startswith(_SAMS_OWN):
            for name in _named(one.function, roles):
                _judge(name, one, roles[name], verdict)
    return verdict


def _named(key: str, roles: Mapping[str, Role]) -> list[str]:
    """Returns the functions that an access key is of: none where it is another application's."""
    return [one for one in key.split(AND) if one in roles]


def _judge(name: str, asked: Asked, role: Role, verdict: Verdict) -> None:
    question = Question(asked.action, asked.resource, dict(asked.context))
    needed = [
        right
        for statement in role
        for right in statement.allows(question, with_wanted_tags=not asked.is_tagged)
    ]
    if not needed:
        function = role[0].written.function if role else name
        verdict.refused.add((function, asked.action, asked.resource))
    verdict.used.update(needed)
