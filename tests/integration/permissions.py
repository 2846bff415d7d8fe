"""What each function called, against what its role allows: the embedded AWS enforces no IAM."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from local_aws.server import ROOT, EmbeddedAws
from tests.contract.conftest import actions_of, load_cloudformation, statements_of
from tests.integration.recorded_permissions import refused

# An operation whose IAM action is called otherwise.
_ACTIONS = {
    "bedrock-runtime": {"Converse": "InvokeModel"},
    "s3": {
        "CopyObject": "PutObject",
        "DeleteBucketLifecycle": "PutLifecycleConfiguration",
        "DeleteObjects": "DeleteObject",
        "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
        "HeadObject": "GetObject",
        "ListBuckets": "ListAllMyBuckets",
        "ListMultipartUploads": "ListBucketMultipartUploads",
        "ListObjectVersions": "ListBucketVersions",
        "ListObjectsV2": "ListBucket",
        "ListParts": "ListMultipartUploadParts",
        "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    },
}
# A transaction is allowed by what its parts are, any of these.
_PARTS = {"dynamodb:TransactWriteItems": {"dynamodb:PutItem", "dynamodb:UpdateItem"}}
_PREFIXES = {
    "bedrock-runtime": "bedrock",
    "resourcegroupstaggingapi": "tag",
    "service-quotas": "servicequotas",
    "stepfunctions": "states",
}
# SAM adds the right to trace by itself.
_SAMS_OWN = {"xray"}


def calls_without_permission(aws: EmbeddedAws) -> set[tuple[str, str]]:
    """Returns (function, IAM action) of each call that the function's own role does not allow.

    Resources and conditions are not looked at.
    """
    return {
        (logical, action)
        for name, calls in list(aws.calls_of.items())
        for logical in _resources()
        if _is_of(name, logical)
        for action in not_allowed(logical, calls)
    }


def calls_beyond_a_role(aws: EmbeddedAws) -> set[tuple[str, str, str]]:
    """Returns (function, IAM action, resource) of what its role does not allow, conditions too."""
    functions = {
        str(one["FunctionName"]): logical
        for page in aws.client("lambda").get_paginator("list_functions").paginate()
        for one in page["Functions"]
        for logical, resource in _resources().items()
        if resource["Type"] == "AWS::Serverless::Function"
        and _is_of(str(one["FunctionName"]), logical)
    }
    asking = {name: functions[name] for name in aws.calls_of if name in functions}
    assert {one for one in aws.recorded.unread if one[0] in functions} == set()
    managed = {
        logical: [
            one.value
            for one in _resources()[logical]["Properties"].get("Policies", ())
            if getattr(one, "tag", None) == "Ref"
        ]
        for logical in asking.values()
    }
    return refused(aws, asking, managed)


def _is_of(name: str, logical: str) -> bool:
    """Whether a function is the template's, by its generated name or by the one it is given."""
    given = _resources()[logical].get("Properties", {}).get("FunctionName")
    if given is not None and getattr(given, "tag", "") == "Sub":
        return bool(name == given.value.replace("${AWS::StackName}", "thriftline"))
    return name.startswith(f"thriftline-{logical}-")


def not_allowed(function: str, calls: Iterable[tuple[str, str]]) -> set[str]:
    """Returns the IAM action of each (service, operation) that a function's role does not allow."""
    return {
        action
        for service, operation in calls
        if service not in _SAMS_OWN
        and not _allowed(action := _action(service, operation), function, _resources())
    }


@cache
def _resources() -> Mapping[str, Any]:
    resources: Mapping[str, Any] = load_cloudformation(ROOT / "template.yaml")["Resources"]
    return resources


def _action(service: str, operation: str) -> str:
    prefix = _PREFIXES.get(service, service)
    return f"{prefix}:{_ACTIONS.get(service, {}).get(operation, operation)}"


def _allowed(action: str, function: str, resources: Mapping[str, Any]) -> bool:
    given = set(_given(resources[function]["Properties"].get("Policies", ()), resources))
    # A version is read with another action.
    return action in given or f"{action}Version" in given or bool(_PARTS.get(action, set()) & given)


def _given(policies: Any, resources: Mapping[str, Any]) -> Iterator[str]:
    for policy in policies:
        if getattr(policy, "tag", None) == "Ref":
            document = resources[policy.value]["Properties"]["PolicyDocument"]
        elif isinstance(policy, dict):
            document = policy
        else:
            continue
        for statement in statements_of(document):
            yield from actions_of(statement)
