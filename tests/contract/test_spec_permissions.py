"""What the code of each registered spec calls is allowed to the role that runs it.

That the roles of a member account allow the same is held in test_permissions.py.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from tests.contract.conftest import actions_of, functions_of, load_cloudformation, statements_of
from tests.unit.audit.wasteful_account import wasteful_account
from thriftline.audit.domain.action_kinds import ACTION_SPECS, ActionSpec
from thriftline.audit.domain.action_plan import plan_actions
from thriftline.audit.domain.audit import audit
from thriftline.audit.domain.findings import ActionKind
from thriftline.audit.domain.parameters import AuditParameters, Mode
from thriftline.audit.domain.resource_kinds import RESOURCE_SPECS, ResourceSpec
from thriftline.money.price_catalogue import price_catalogue

ROOT = Path(__file__).parents[2]
# IAM's prefix of each service that the audit calls.
SERVICES = {
    "application-autoscaling": "application-autoscaling",
    "bedrock": "bedrock",
    "ce": "ce",
    "dynamodb": "dynamodb",
    "cloudwatch": "cloudwatch",
    "logs": "logs",
    "resourcegroupstaggingapi": "tag",
    "s3": "s3",
    "sagemaker": "sagemaker",
}
# What IAM calls otherwise than botocore does.
NAMED = {
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
}
# Named in the command that takes a change back, which a person runs.
OF_UNDO = {"DeleteBucketTagging", "DeleteRetentionPolicy", "StartNotebookInstance", "UntagResource"}
# In the stack's own bucket; test_permissions.py holds where.
IN_OWN_BUCKET = {"DeleteObject", "PutObject"}
CHANGES = re.compile(
    r"(Abort|Add|Create|Delete|Deregister|Put|Register|Set|Start|Stop|Tag|Untag|Update)"
)


@cache
def _operations() -> dict[str, set[str]]:
    """Returns by operation the services that have it."""
    session = botocore.session.get_session()
    services: dict[str, set[str]] = {}
    for service in SERVICES:
        for operation in session.get_service_model(service).operation_names:
            services.setdefault(operation, set()).add(service)
    return services


def _called(source: str) -> set[str]:
    """Returns the operations that a source names, as text or as the client's method."""
    methods = {xform_name(one): one for one in _operations()}
    named = set(re.findall(r'"([A-Z][A-Za-z0-9]+)"', source)) & set(_operations())
    return named | {
        methods[one] for one in re.findall(r"\bclient\.([a-z0-9_]+)\(", source) if one in methods
    }


def _may(operation: str, allowed: set[str]) -> bool:
    name = NAMED.get(operation, operation)
    return any(f"{SERVICES[one]}:{name}" in allowed for one in _operations()[operation])


def _sources(module: str, *folders: str) -> str:
    """Returns the source of a module, with what it imports of some folders."""
    waiting, seen = [module], dict[str, str]()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen[name] = (ROOT / "functions" / f"{name.replace('.', '/')}.py").read_text()
            imported = re.findall(
                r"^from (thriftline\.audit\.\S+) import", seen[name], re.MULTILINE
            )
            waiting += [one for one in imported if one.startswith(folders)]
    return "\n".join(seen.values())


@cache
def _planned() -> dict[ActionKind, set[str]]:
    """Returns by kind the calls that the rules plan for an account in which all of them speak."""
    parameters = AuditParameters(required_tags=("team",), default_tags=(("team", "ml"),))
    inventory = wasteful_account()
    told = audit(inventory, price_catalogue(), parameters)
    calls: dict[ActionKind, set[str]] = {}
    for action in plan_actions(told.findings, inventory, parameters, Mode.ACT).actions:
        calls.setdefault(action.action, set()).update(call.operation for call in action.calls)
    return calls


@cache
def _of_the_stack() -> frozenset[str]:
    """Returns what the function that collects may do where the stack lies."""
    resources = load_cloudformation(ROOT / "template.yaml")["Resources"]
    policies = resources["CollectPartFunction"]["Properties"]["Policies"]
    return frozenset(
        action
        for policy in policies
        if isinstance(policy, dict) and "Statement" in policy
        for statement in statements_of(policy)
        for action in actions_of(statement)
    )


@pytest.mark.parametrize("spec", [pytest.param(one, id=one.kind) for one in RESOURCE_SPECS])
@pytest.mark.parametrize("path", ["template.yaml", "docs/member_account.yaml"])
def test_an_audit_may_make_every_call_of_a_kinds_collector(spec: ResourceSpec, path: str) -> None:
    resources = load_cloudformation(ROOT / path)["Resources"]
    policy = resources["AuditReadPolicy"]["Properties"]
    allowed = {one for each in statements_of(policy["PolicyDocument"]) for one in actions_of(each)}
    if spec.of_stack:
        # It is read where the stack lies: no other account has it, nor lets it be read.
        assert allowed.isdisjoint({"dynamodb:Scan"})
        allowed |= _of_the_stack()
    module = f"thriftline.audit.aws.collectors.{spec.collector.partition(':')[0]}"
    called = _called(_sources(module, "thriftline.audit.aws"))
    assert called
    assert {one for one in called if not _may(one, allowed)} == set()


@pytest.mark.parametrize("spec", [pytest.param(one, id=one.kind) for one in ACTION_SPECS])
def test_what_acts_may_make_every_call_of_a_kinds_code(
    template: dict[str, Any], spec: ActionSpec
) -> None:
    member = load_cloudformation(ROOT / "docs/member_account.yaml")["Resources"]["ActRole"]
    for role in (functions_of(template)["ActOnPlanFunction"], member["Properties"]):
        allowed = {
            action
            for policy in role["Policies"]
            if isinstance(policy, dict)
            for statement in statements_of(policy.get("PolicyDocument", policy))
            for action in actions_of(statement)
        }
        called = set[str]()
        for step in spec.steps:
            module = f"thriftline.audit.steps.acting.{step.code.partition(':')[0]}"
            folders = ("thriftline.audit.steps.acting", "thriftline.audit.aws.acting")
            called |= {one for one in _called(_sources(module, *folders)) if CHANGES.match(one)}
        called |= _planned().get(spec.kind, set())
        assert called
        assert {one for one in called - OF_UNDO - IN_OWN_BUCKET if not _may(one, allowed)} == set()
