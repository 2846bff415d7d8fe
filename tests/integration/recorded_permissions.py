"""What functions asked, against the policies of their roles: by action, resource and condition.

The embedded AWS enforces no IAM. It keeps what functions asked, and the policies that it deployed
for their roles are asked here whether they may.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from local_aws.http.recorded_requests import Asked
from local_aws.iam.conditions import keys_of, listed
from local_aws.iam.policies import Policy, Question, decide
from local_aws.iam.principals import principal_of
from local_aws.server import EmbeddedAws

_STACK = "thriftline"
_TAG = "aws:ResourceTag/"
# SAM adds the right to trace by itself.
_SAMS_OWN = ("xray:",)
Statement = Mapping[str, Any]


def refused(
    aws: EmbeddedAws, functions: Mapping[str, str], managed: Mapping[str, Collection[str]]
) -> set[tuple[str, str, str]]:
    """Returns (function, action, resource) of what a function's own role does not allow.

    Args:
        aws: where it was asked.
        functions: the logical ids of the template's functions by their names.
        managed: the logical ids of the policies that functions share, by the function's. moto
            attaches none of them to the roles that it makes.
    """
    policies = {
        name: [*_statements(aws, name), *_shared(aws, managed.get(logical, ()))]
        for name, logical in functions.items()
    }
    found = set()
    for one in sorted(aws.recorded.asked, key=repr):
        if one.function not in functions or one.action.startswith(_SAMS_OWN):
            continue
        logical, statements = functions[one.function], policies[one.function]
        if not any(_allows(aws, each, one) for each in statements):
            found.add((logical, one.action, one.resource))
    return found


def _statements(aws: EmbeddedAws, name: str) -> list[Statement]:
    role = aws.client("lambda").get_function_configuration(FunctionName=name)["Role"]
    principal = principal_of(role)
    assert principal is not None, role
    return [each for policy in principal.policies for each in policy.statements()]


def _shared(aws: EmbeddedAws, logical_ids: Collection[str]) -> Iterator[Statement]:
    """Yields the statements of policies of the stack that have a resource of their own."""
    iam = aws.client("iam")
    for page in iam.get_paginator("list_policies").paginate(Scope="Local"):
        for one in page["Policies"]:
            if any(f"-{each}-" in one["PolicyName"] for each in logical_ids):
                version = one["DefaultVersionId"]
                found = iam.get_policy_version(PolicyArn=one["Arn"], VersionId=version)
                yield from Policy(one["Arn"], found["PolicyVersion"]["Document"]).statements()


def _allows(aws: EmbeddedAws, statement: Statement, asked: Asked) -> bool:
    if asked.action.startswith("states:SendTask"):
        # A token is of one machine, and does not say of which.
        machines = [one for one in listed(statement["Resource"]) if ":stateMachine:" in one]
        return asked.action in listed(statement["Action"]) and bool(machines)
    policy = Policy("statement", {"Version": "2012-10-17", "Statement": [statement]})
    context = {name: list(values) for name, values in asked.context}
    if decide([policy], Question(asked.action, asked.resource, context)).is_allowed:
        return True
    if not any(key.startswith(_TAG) for key in keys_of(statement.get("Condition"))):
        return False
    context |= _tags_of(aws, asked.resource, statement)
    return decide([policy], Question(asked.action, asked.resource, context)).is_allowed


def _tags_of(aws: EmbeddedAws, arn: str, statement: Statement) -> dict[str, list[str]]:
    """Returns the tags of a resource; one that is gone is taken to have had those of the stack."""
    if arn == "*":
        return {}
    service = arn.split(":")[2]
    try:
        if service == "sagemaker":
            found = aws.client(service).list_tags(ResourceArn=arn)["Tags"]
            tags = {one["Key"]: one["Value"] for one in found}
        elif service == "bedrock":
            found = aws.client(service).list_tags_for_resource(resourceARN=arn)["tags"]
            tags = {one["key"]: one["value"] for one in found}
        else:
            return {}
    except ClientError:
        return {
            key: listed(wanted)
            for pairs in statement["Condition"].values()
            for key, wanted in pairs.items()
            if key.startswith(_TAG)
        }
    return {f"{_TAG}{key}": [value] for key, value in tags.items()}
