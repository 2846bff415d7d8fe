"""Every action that a function's role allows is called by the code behind it, or explained.

What runs of the workflow use, statement by statement, is asked in virtual time
(``tests/unit/virtual_time/test_permissions.py``). This asks all functions, audits, serving and API
too, for what nothing behind them calls.
"""

import fnmatch
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from botocore import xform_name

from tests.contract.code_behind import ROOT, code_behind
from tests.contract.conftest import actions_of, functions_of, statements_of
from tests.contract.test_permissions import CALLED
from thriftline.audit.domain.action_kinds import ACTION_SPECS

ANYTHING = "*"
# Function and action: why AWS asks for it though no code calls it by that name.
EXPLAINED = {
    (ANYTHING, "iam:PassRole"): "asked of every request that names a role",
    (ANYTHING, "*:TagResource"): "asked of every request that makes something with tags",
    (ANYTHING, "sagemaker:AddTags"): "asked of every request that makes something with tags",
    (ANYTHING, "kms:*"): "with a key of one's own, AWS asks KMS in the function's name",
    (ANYTHING, "s3express:CreateSession"): "asked before the first call of a directory bucket",
    (ANYTHING, "iam:CreateServiceLinkedRole"): "the first scaling of an account makes its role",
    (ANYTHING, "sagemaker:UpdateEndpointWeightsAndCapacities"): "who registers scaling must have "
    "the right to do what scaling will do",
    (ANYTHING, "sagemaker:UpdateInferenceComponentRuntimeConfig"): "the same, for components",
    ("PostMessageFunction", "sqs:*"): "Lambda reads the queue in the function's name",
    ("RegisterModelFunction", "ecr:BatchGetImage"): "the registry looks in the caller's name",
    ("ActOnPlanFunction", "sagemaker:List*Jobs"): "jobs of all kinds are listed by one line",
    ("ActOnScheduleFunction", "sagemaker:Create*"): "a snapshot is made again by its requests",
    ("RestoreEndpointFunction", "sagemaker:Create*"): "a snapshot is made again by its requests",
}


def _named_elsewhere(function: str) -> tuple[str, ...]:
    """Returns modules that a function's code finds by a name in a table."""
    if function == "ApiFunction":
        views = sorted((ROOT / "functions/thriftline/api/views").glob("*.py"))
        return tuple(f"thriftline.api.views.{one.stem}" for one in views)
    if function == "CollectPartFunction":
        folder = ROOT / "functions/thriftline/audit/aws/collectors"
        return tuple(f"thriftline.audit.aws.collectors.{one.stem}" for one in folder.glob("*.py"))
    if function in {"ActOnPlanFunction", "MarkOnPlanFunction"}:
        steps = {step.code.partition(":")[0] for spec in ACTION_SPECS for step in spec.steps}
        return tuple(sorted(f"thriftline.audit.steps.acting.{one}" for one in steps))
    return ()


def _allowed(properties: Mapping[str, Any], resources: Mapping[str, Any]) -> Iterator[str]:
    for policy in properties.get("Policies", ()):
        document = policy
        if getattr(policy, "tag", "") == "Ref":
            document = resources[policy.value]["Properties"]["PolicyDocument"]
        if isinstance(document, dict):
            for statement in statements_of(document):
                yield from actions_of(statement)


def _is_called(code: str, action: str) -> bool:
    operation = action.partition(":")[2]
    method = CALLED.get(action, xform_name(operation))
    named = "".join(part.title() for part in method.split("_"))
    words = (rf"\b{method}\b", f'"{operation}"', f'"{named}"')
    return any(re.search(one, code) for one in words)


@cache
def _unused(handler: str, more: tuple[str, ...], actions: frozenset[str]) -> frozenset[str]:
    code = code_behind(handler, *more)
    return frozenset(one for one in actions if not _is_called(code, one))


def unused(template: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields each function with an action that nothing behind it calls."""
    for name, properties in functions_of(template).items():  # type: ignore[arg-type]
        handler = properties["Handler"].rpartition(".")[0]
        actions = frozenset(_allowed(properties, template["Resources"]))
        yield from ((name, one) for one in _unused(handler, _named_elsewhere(name), actions))


def _reason(function: str, action: str) -> tuple[str, str] | None:
    for key in EXPLAINED:
        if key[0] in {ANYTHING, function} and fnmatch.fnmatchcase(action, key[1]):
            return key
    return None


def test_every_action_that_a_role_allows_is_called_or_explained(template: dict[str, Any]) -> None:
    assert sorted(one for one in unused(template) if _reason(*one) is None) == []


def test_every_explanation_explains_an_action_that_nothing_calls(template: dict[str, Any]) -> None:
    assert set(EXPLAINED) - {_reason(*one) for one in unused(template)} == set()


@pytest.mark.parametrize(
    ("handler", "action", "is_called"),
    [
        ("reserve_budget", "dynamodb:UpdateItem", True),
        ("reserve_budget", "sagemaker:StopTrainingJob", False),
        ("count_spend", "ce:GetCostAndUsage", True),
        ("open_run", "emr-serverless:StartJobRun", False),
    ],
)
def test_what_a_function_calls_is_found_behind_its_handler(
    handler: str, action: str, is_called: bool
) -> None:
    assert _is_called(code_behind(f"thriftline.handlers.{handler}"), action) is is_called
