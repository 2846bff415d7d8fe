"""What the functions asked of AWS in virtual time, against what the template allows their roles."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from local_aws.iam.conditions import listed
from local_aws.iam.policies import Policy, Question, decide
from local_aws.iam.requests import Place, questions
from tests.virtual_time.stack import (
    ACCOUNT,
    REGION,
    STACK,
    VARIABLES,
    machine,
    template_of_the_stack,
)
from tests.virtual_time.world import ABANDONED, TRAINING

_PLACE = Place(ACCOUNT, REGION)
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": STACK,
    "AWS::URLSuffix": "amazonaws.com",
}
# What the world calls each resource of the template: its name and its ARN.
_NAMED = {
    "AlertsTopic": (VARIABLES["ALERTS_TOPIC_ARN"],) * 2,
    "ApprovalSecret": (VARIABLES["APPROVAL_SECRET_ARN"],) * 2,
    "ArtifactsBucket": ("artifacts", "arn:aws:s3:::artifacts"),
    "DataBucket": ("data", "arn:aws:s3:::data"),
    "LedgerTable": ("ledger", _PLACE.arn("dynamodb", "table/ledger")),
    "BedrockRole": ("bedrock", VARIABLES["BEDROCK_ROLE_ARN"]),
    "PreparationApplication": (VARIABLES["EMR_APPLICATION_ID"],) * 2,
    "PreparationJobRole": ("preparation", VARIABLES["EMR_JOB_ROLE_ARN"]),
    "RunsTable": ("runs", _PLACE.arn("dynamodb", "table/runs")),
    "TrainingRepository": (
        "thriftline-training",
        _PLACE.arn("ecr", "repository/thriftline-training"),
    ),
    "TrainingRole": ("training", VARIABLES["TRAINING_ROLE_ARN"]),
    "TrainingStateMachine": (
        _PLACE.arn("states", f"stateMachine:{STACK}-TrainingStateMachine"),
    ) * 2,
}  # fmt: skip


class Names:
    """Fills in a template's intrinsics: every feature is there, a list that is given is of another.

    Args:
        values: the pseudo parameters, and parameters that have a value here.
        named: name and ARN of each resource that has one here.
    """

    def __init__(self, values: Mapping[str, Any], named: Mapping[str, tuple[str, str]]) -> None:
        self._values = values
        self._named = named

    def filled(self, value: Any) -> Any:
        """Returns a value of the template without intrinsics."""
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((kind, inner),) = value.items()
            if kind.startswith("!"):
                return self._intrinsic(kind, inner)
        return {name: self.filled(one) for name, one in value.items()}

    def _intrinsic(self, kind: str, inner: Any) -> Any:
        if kind == "!If":
            return self.filled(inner[1])
        if kind == "!Ref":
            return self._values.get(inner) or self._named.get(inner, (f"a {inner}",))[0]
        if kind == "!GetAtt":
            name, _, attribute = inner.partition(".")
            named = self._named.get(name, ("", f"arn:aws:other:::{name}"))
            return named[1] if attribute == "Arn" else named[1].rpartition(":")[2]
        if kind == "!Sub":
            text = inner if isinstance(inner, str) else inner[0]
            for each in {one.split("}")[0] for one in text.split("${")[1:]}:
                text = text.replace(f"${{{each}}}", str(self._part(each)))
            return text
        if kind in {"!Split", "!Join"}:
            # A list that is a parameter of the stack, empty here.
            return ["arn:aws:other:::of-a-parameter"]
        raise NotImplementedError(f"{kind} is not known here")

    def _part(self, name: str) -> Any:
        return self._intrinsic("!GetAtt" if "." in name else "!Ref", name)


_NAMES = Names(_PSEUDO, _NAMED)


@dataclass(frozen=True)
class Allowed:
    """An action of a statement of a function's role, by its place among those with the action."""

    function: str
    action: str
    place: int


@dataclass(frozen=True)
class _Statement:
    allowed: tuple[Allowed, ...]
    document: str

    def allows(self, question: Question) -> bool:
        policy = Policy("statement", {"Version": "2012-10-17", "Statement": [_read(self.document)]})
        if question.action.startswith("states:SendTask"):
            # A token is of one machine, and does not say of which.
            return any(question.action == one.action for one in self.allowed)
        return decide([policy], question).is_allowed


@cache
def _read(document: str) -> Any:
    return json.loads(document)


@cache
def statements_of(function: str) -> tuple[_Statement, ...]:
    """Returns the statements of a function's role as they are deployed with all features."""
    found, seen = [], dict[str, int]()
    properties = template_of_the_stack()["Resources"][function]["Properties"]
    for document in _documents(properties.get("Policies", ())):
        for statement in document["Statement"]:
            statement = _NAMES.filled(statement)
            allowed = []
            for action in listed(statement["Action"]):
                allowed.append(Allowed(function, action, seen.get(action, 0)))
                seen[action] = seen.get(action, 0) + 1
            found.append(_Statement(tuple(allowed), json.dumps(statement)))
    return tuple(found)


def _documents(policies: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    for policy in policies:
        given = policy.get("!If", (None, policy))[1]
        if "!Ref" in given:
            managed = template_of_the_stack()["Resources"][given["!Ref"]]
            yield managed["Properties"]["PolicyDocument"]
        elif "Statement" in given:
            yield given


# Called by a schedule, an event or a person, beside what the machines call.
_OTHERS = (
    "AnswerApprovalFunction",
    "SweepApprovalsFunction",
    "SweepLedgerFunction",
    "WakeRunFunction",
)
# What has tests of its own, with ranges of large files in them.
_ELSEWHERE = {"ValidateRangeFunction", "MergeValidationFunction"}


@cache
def functions_of_runs() -> tuple[str, ...]:
    """Returns the functions whose statements virtual time looks at, by their logical ids."""
    named = {
        one
        for logical in (TRAINING, ABANDONED)
        for one in machine(logical)[1].values()
        if one.endswith("Function")
    }
    return tuple(sorted({*named, *_OTHERS} - _ELSEWHERE))


class Ledger:
    """What was asked: what no statement allows, and which statements something needed."""

    def __init__(self) -> None:
        self.refused: set[tuple[str, str, str]] = set()
        self.used: set[Allowed] = set()
        self._known: set[Any] = set()
        self._tags: dict[str, dict[str, tuple[str, ...]]] = {}

    def note(self, function: str, service: str, operation: str, arguments: Any) -> None:
        """Judges one call."""
        for question in questions(service, operation, arguments, _PLACE):
            key = (function, question.action, question.resource, repr(question.context))
            if key not in self._known:
                self._known.add(key)
                self._judge(function, self._with_tags(question))

    def _with_tags(self, question: Question) -> Question:
        """What was made with tags has them."""
        given = {
            name.replace("RequestTag", "ResourceTag"): tuple(values)
            for name, values in question.context.items()
            if "RequestTag" in name
        }
        if given:
            self._tags[question.resource] = given
        context = {**question.context, **self._tags.get(question.resource, {})}
        return Question(question.action, question.resource, context)

    def _judge(self, function: str, question: Question) -> None:
        allowing = [one for one in statements_of(function) if one.allows(question)]
        if not allowing:
            self.refused.add((function, question.action, question.resource))
        self.used.update(
            each for one in allowing for each in one.allowed if each.action == question.action
        )
