"""What policies say to a call: an explicit denial wins, what nobody allows is denied."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from local_aws.iam.conditions import conditions_hold, keys_of, listed
from local_aws.iam.patterns import Context, matches, with_lower_keys

Decision = Literal["allowed", "explicitDeny", "implicitDeny"]
ALLOWED: Decision = "allowed"
EXPLICIT_DENY: Decision = "explicitDeny"
IMPLICIT_DENY: Decision = "implicitDeny"

# Of a policy that names no version.
_FIRST_VERSION = "2008-10-17"


@dataclass(frozen=True)
class Question:
    """One action on one resource. `context` holds what is known of the request, by key."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)


# Its document may be a mapping, which has no hash: two policies are the same if they are one.
@dataclass(frozen=True, eq=False)
class Policy:
    """A policy. `kind` is IAM's word for where it comes from, such as `IAM Policy`."""

    name: str
    document: str | Mapping[str, Any]
    kind: str = "IAM Policy"

    @property
    def parsed(self) -> Mapping[str, Any]:
        """The document: moto keeps as it is what CloudFormation gives, as text what a call does."""
        if isinstance(self.document, str):
            parsed: dict[str, Any] = json.loads(self.document)
            return parsed
        return self.document

    @property
    def version(self) -> str:
        """The version of the language; the first knows no variables."""
        return str(self.parsed.get("Version", _FIRST_VERSION))

    def statements(self) -> list[Mapping[str, Any]]:
        """Return its statements, of which there may be one without a list around it."""
        statements = self.parsed.get("Statement", [])
        return [statements] if isinstance(statements, Mapping) else list(statements)


@dataclass(frozen=True)
class Verdict:
    """What policies say. `matched` decided; `missing_context` are keys that nobody gave."""

    decision: Decision
    matched: tuple[Policy, ...] = ()
    missing_context: frozenset[str] = frozenset()
    within_boundary: bool | None = None

    @property
    def is_allowed(self) -> bool:
        """Whether the call may be made."""
        return self.decision == ALLOWED


def decide(
    policies: Iterable[Policy], question: Question, boundary: Sequence[Policy] | None = None
) -> Verdict:
    """Return what the policies say to a question; a boundary has to allow it as well.

    Raises:
        NotImplementedError: a condition has an operator that is not known.
    """
    verdict = _decide(policies, question)
    if boundary is None:
        return verdict
    limit = _decide(boundary, question)
    missing = verdict.missing_context | limit.missing_context
    decision, matched = verdict.decision, verdict.matched
    if limit.decision == EXPLICIT_DENY and decision != EXPLICIT_DENY:
        decision, matched = limit.decision, limit.matched
    elif not limit.is_allowed and decision == ALLOWED:
        decision, matched = IMPLICIT_DENY, ()
    return Verdict(decision, matched, missing, limit.is_allowed)


def _decide(policies: Iterable[Policy], question: Question) -> Verdict:
    context = with_lower_keys(question.context)
    found: dict[str, list[Policy]] = {"Allow": [], "Deny": []}
    missing: set[str] = set()
    for policy, statement in _about(policies, question, context):
        condition = statement.get("Condition")
        missing |= {key for key in keys_of(condition) if key.lower() not in context}
        effect = statement.get("Effect")
        if effect in found and conditions_hold(condition, context, policy.version):
            found[effect].append(policy)
    for effect, decision in (("Deny", EXPLICIT_DENY), ("Allow", ALLOWED)):
        if found[effect]:
            return Verdict(decision, tuple(dict.fromkeys(found[effect])), frozenset(missing))
    return Verdict(IMPLICIT_DENY, (), frozenset(missing))


def _about(
    policies: Iterable[Policy], question: Question, context: Context
) -> Iterator[tuple[Policy, Mapping[str, Any]]]:
    for policy in policies:
        for statement in policy.statements():
            if _names_action(statement, question.action) and _names_resource(
                statement, question.resource, context, policy.version
            ):
                yield policy, statement


def _names_action(statement: Mapping[str, Any], action: str) -> bool:
    def named(patterns: Any) -> bool:
        return any(
            matches(each, action, {}, _FIRST_VERSION, ignore_case=True) for each in listed(patterns)
        )

    if "NotAction" in statement:
        return not named(statement["NotAction"])
    return named(statement.get("Action", []))


def _names_resource(
    statement: Mapping[str, Any], resource: str, context: Context, version: str
) -> bool:
    def named(patterns: Any) -> bool:
        return any(matches(each, resource, context, version) for each in listed(patterns))

    if "NotResource" in statement:
        return not named(statement["NotResource"])
    return named(statement.get("Resource", []))
