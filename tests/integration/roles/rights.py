"""What the roles of the template's functions allow, statement by statement, as it is written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from local_aws.iam.conditions import listed
from tests.virtual_time.stack import template_of_the_stack


@dataclass(frozen=True, order=True)
class Right:
    """One action, or one resource, of a statement of a function's role, by the statement's number.

    A statement says of each of its actions that it may be done to each of its resources. What no
    call needs may go: an action, or a resource.
    """

    function: str
    statement: int
    part: str


@dataclass(frozen=True)
class Written:
    """A statement of a function's role as the template writes it.

    `policy` is its place among the function's policies, or the name of a policy with a resource of
    its own; `place` is the statement's in there. `condition` is the one under which the policy is
    the role's; one of the statement itself says whether it is there at all.
    """

    function: str
    number: int
    policy: int | str
    place: int
    condition: str | None
    # A mapping has no hash: two statements are the same if their function and number are.
    document: Mapping[str, Any] = field(compare=False)

    @cached_property
    def actions(self) -> tuple[str, ...]:
        """Its actions."""
        return tuple(listed(self.document["Action"]))

    @cached_property
    def resources(self) -> tuple[str, ...]:
        """Its resources in short, as a person reads them."""
        return tuple(_text(one) for one in each_of(self.document["Resource"]))

    def rights(self) -> Iterator[Right]:
        """Yields what it allows."""
        for part in (*self.actions, *self.resources):
            yield Right(self.function, self.number, part)


@cache
def functions() -> Mapping[str, tuple[Written, ...]]:
    """Returns the statements of each function of the template, all features there, in order."""
    return {
        name: tuple(_written(name, resource["Properties"]))
        for name, resource in template_of_the_stack()["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def written_of(right: Right) -> Written:
    """Returns the statement of a right."""
    return functions()[right.function][right.statement]


def each_of(value: Any) -> list[Any]:
    """Returns what is one, or a list of them, as a list."""
    return value if isinstance(value, list) else [value]


def _written(function: str, properties: Mapping[str, Any]) -> Iterator[Written]:
    number = 0
    for index, given in enumerate(properties.get("Policies", ())):
        condition, policy = given["!If"][:2] if "!If" in given else (None, given)
        shared = policy.get("!Ref")
        for place, each in enumerate(_statements(policy)):
            statement = each["!If"][1] if "!If" in each else each
            yield Written(function, number, shared or index, place, condition, statement)
            number += 1


def _statements(policy: Mapping[str, Any]) -> list[Any]:
    if "!Ref" not in policy:
        return list(policy["Statement"])
    managed = template_of_the_stack()["Resources"][policy["!Ref"]]["Properties"]
    return list(managed["PolicyDocument"]["Statement"])


def _text(resource: Any) -> str:
    if not isinstance(resource, dict):
        return str(resource)
    ((kind, inner),) = resource.items()
    if kind == "!If":
        return _text(inner[1])
    if kind in {"!Ref", "!GetAtt"}:
        return f"${{{inner}}}"
    text = str(inner if isinstance(inner, str) else inner[0] or inner[1])
    here = text.replace(":${AWS::Region}:${AWS::AccountId}:", ":here:")
    return here.removeprefix("arn:${AWS::Partition}:")
