"""IAM's SimulatePrincipalPolicy: what policies would say to calls that nobody made."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.iam.policies import Policy, Question, Verdict, decide
from local_aws.iam.principals import Principal, kind_and_name, principal_of

_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9]+")
_A_PAGE = 100
# What would change the answer and is not looked at here.
_NOT_DONE = (
    "CallerArn",
    "PolicyExclusionList",
    "ResourceHandlingOption",
    "ResourceOwner",
    "ResourcePolicy",
)


def operations() -> dict[str, Operation]:
    """Return the call by its name."""
    return {"SimulatePrincipalPolicy": _simulate}


def _simulate(request: Request) -> dict[str, Any]:
    for name in _NOT_DONE:
        if request.get(name):
            raise NotImplementedError(f"{name} is not looked at")
    principal = _principal(request["PolicySourceArn"])
    first = _first(request.get("Marker"))
    asked = int(request.get("MaxItems", _A_PAGE))
    results = list(islice(_results(request, principal), first, first + asked + 1))
    answer: dict[str, Any] = {
        "EvaluationResults": results[:asked],
        "IsTruncated": len(results) > asked,
    }
    return answer | ({"Marker": str(first + asked)} if len(results) > asked else {})


def _principal(arn: str) -> Principal:
    named = kind_and_name(arn)
    if named is None or ":assumed-role/" in arn:
        raise AwsError(
            "InvalidInput",
            f"Invalid Entity Arn: {arn} does not clearly define entity type and name.",
        )
    found = principal_of(arn)
    if found is None:
        raise AwsError("NoSuchEntity", f"The {named[0]} with name {named[1]} cannot be found.", 404)
    return found


def _results(request: Request, principal: Principal) -> Iterator[dict[str, Any]]:
    context = {
        entry["ContextKeyName"]: tuple(entry.get("ContextKeyValues", ()))
        for entry in request.get("ContextEntries", [])
    }
    more = _given(request, "PolicyInputList")
    limits = _given(request, "PermissionsBoundaryPolicyInputList")
    boundary = limits or principal.boundary
    for action in request["ActionNames"]:
        if not _ACTION.fullmatch(action):
            raise AwsError("InvalidInput", f"Invalid Action Name: {action}")
        for resource in request.get("ResourceArns") or ["*"]:
            verdict = decide(
                (*principal.policies, *more), Question(action, resource, context), boundary
            )
            yield _result(action, resource, verdict)


def _result(action: str, resource: str, verdict: Verdict) -> dict[str, Any]:
    result: dict[str, Any] = {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": verdict.decision,
        "MatchedStatements": [
            {"SourcePolicyId": each.name, "SourcePolicyType": each.kind} for each in verdict.matched
        ],
        "MissingContextValues": sorted(verdict.missing_context),
    }
    if verdict.within_boundary is not None:
        result["PermissionsBoundaryDecisionDetail"] = {
            "AllowedByPermissionsBoundary": verdict.within_boundary
        }
    return result


def _given(request: Request, name: str) -> tuple[Policy, ...]:
    documents: list[str | Mapping[str, Any]] = request.get(name, [])
    return tuple(
        Policy(f"{name}.{number}", each, "none") for number, each in enumerate(documents, start=1)
    )


def _first(marker: str | None) -> int:
    if marker is None:
        return 0
    if not marker.isdecimal():
        raise AwsError("InvalidInput", f"Invalid Marker: {marker}")
    return int(marker)
