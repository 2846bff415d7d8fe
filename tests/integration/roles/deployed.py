"""The roles of an embedded AWS's functions: each statement as it is deployed, beside its text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from moto.cloudformation import cloudformation_backends, parsing

from local_aws.iam.conditions import listed
from local_aws.iam.policies import Policy, Question, decide
from local_aws.server import EmbeddedAws
from tests.integration.roles.rights import Right, Written, each_of, functions

_TAG = "aws:ResourceTag/"
_VERSION = "2012-10-17"


@dataclass(frozen=True)
class Statement:
    """A statement with names and ARNs filled in.

    `resources` has what stands for each that is written: an ARN, several where a parameter lists
    them, or None where one is not there.
    """

    written: Written
    document: Mapping[str, Any]
    resources: tuple[str | list[str] | None, ...]

    @cached_property
    def actions(self) -> frozenset[str]:
        """Its actions."""
        return frozenset(self.written.actions)

    @cached_property
    def wanted_tags(self) -> Mapping[str, list[str]]:
        """The tags that a resource must have for it."""
        condition: Mapping[str, Mapping[str, Any]] = self.document.get("Condition", {})
        return {
            key: listed(value)
            for pairs in condition.values()
            for key, value in pairs.items()
            if key.startswith(_TAG)
        }

    def allows(self, question: Question, *, with_wanted_tags: bool) -> list[Right]:
        """Returns what of it a question needs; nothing where it is not allowed.

        What is not there any more may be asked for again: such a resource is taken to have had the
        tags that are wanted.
        """
        if question.action not in self.actions:
            return []
        if with_wanted_tags and self.wanted_tags:
            context = {**question.context, **self.wanted_tags}
            question = Question(question.action, question.resource, context)
        texts = zip(self.written.resources, self.resources, strict=True)
        met = [text for text, arns in texts if arns and self._allows(question, arns)]
        parts = (question.action, *met) if met else ()
        return [Right(self.written.function, self.written.number, one) for one in parts]

    def _allows(self, question: Question, arns: str | list[str]) -> bool:
        if question.action.startswith("states:SendTask"):
            # A token is of one machine, and does not say of which.
            return any(":stateMachine:" in one for one in listed(arns))
        statement = {**self.document, "Action": question.action, "Resource": arns}
        policy = Policy("statement", {"Version": _VERSION, "Statement": [statement]})
        return decide([policy], question).is_allowed


def deployed_roles(aws: EmbeddedAws) -> Mapping[str, tuple[Statement, ...]]:
    """Returns the statements of each function's role by the function's name.

    Nothing where the stack is another application's.
    """
    options = aws.options
    stacks = cloudformation_backends[options.account][options.region].stacks.values()
    for stack in stacks:
        made = stack.template_dict["Resources"]
        if set(functions()) <= set(made):
            there = {name: stack.resource_map.get(name) for name in functions()}
            return {
                function.function_name: tuple(_statements(name, made, stack.resource_map))
                for name, function in there.items()
                if function is not None
            }
    return {}


def _statements(function: str, made: Mapping[str, Any], resources: Any) -> Iterator[Statement]:
    for written in functions()[function]:
        condition = written.condition
        if condition and not resources.lazy_condition_map[condition]:
            continue
        raw = _document(written, made)["Statement"][written.place]
        document = parsing.clean_json(raw, resources)
        if not isinstance(document, Mapping):
            continue
        chosen = raw["Fn::If"][1] if "Fn::If" in raw else raw
        each = each_of(chosen["Resource"])
        filled = (parsing.clean_json(one, resources) for one in each)
        given = (one if isinstance(one, str | list) else None for one in filled)
        yield Statement(written, document, tuple(given))


def _document(written: Written, made: Mapping[str, Any]) -> Any:
    if isinstance(written.policy, str):
        return made[written.policy]["Properties"]["PolicyDocument"]
    wanted = f"RolePolicy{written.policy}"
    for each in made[f"{written.function}Role"]["Properties"]["Policies"]:
        policy = each["Fn::If"][1] if "Fn::If" in each else each
        if policy["PolicyName"].endswith(wanted):
            return policy["PolicyDocument"]
    raise AssertionError(f"{written.function} has no {wanted}")
