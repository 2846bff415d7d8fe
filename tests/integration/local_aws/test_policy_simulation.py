"""SimulatePrincipalPolicy answers out of the policies that a role really has."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.local_aws.aws import Aws

BUCKET = "arn:aws:s3:::films"
NAME = "simulated"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def role(aws: Aws) -> Iterator[str]:
    iam = aws.embedded.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    arn = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    reads = {"Effect": "Allow", "Action": "s3:Get*", "Resource": f"{BUCKET}/*"}
    metrics = {
        "Effect": "Allow",
        "Action": "cloudwatch:PutMetricData",
        "Resource": "*",
        "Condition": {"StringEquals": {"cloudwatch:namespace": "Films"}},
    }
    iam.put_role_policy(RoleName=NAME, PolicyName="own", PolicyDocument=document(reads, metrics))
    denies = {"Effect": "Deny", "Action": "s3:*", "Resource": f"{BUCKET}/secret/*"}
    managed = iam.create_policy(PolicyName="no-secrets", PolicyDocument=document(denies))
    iam.attach_role_policy(RoleName=NAME, PolicyArn=managed["Policy"]["Arn"])
    yield arn
    iam.detach_role_policy(RoleName=NAME, PolicyArn=managed["Policy"]["Arn"])
    iam.delete_role_policy(RoleName=NAME, PolicyName="own")
    iam.delete_role(RoleName=NAME)
    iam.delete_policy(PolicyArn=managed["Policy"]["Arn"])


def test_each_action_is_asked_about_each_resource(aws: Aws, role: str) -> None:
    answer = aws.embedded.client("iam").simulate_principal_policy(
        PolicySourceArn=role,
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ResourceArns=[f"{BUCKET}/a", f"{BUCKET}/secret/a"],
    )

    found = {
        (one["EvalActionName"], one["EvalResourceName"].removeprefix(BUCKET)): one["EvalDecision"]
        for one in answer["EvaluationResults"]
    }
    assert found == {
        ("s3:GetObject", "/a"): "allowed",
        ("s3:GetObject", "/secret/a"): "explicitDeny",
        ("s3:PutObject", "/a"): "implicitDeny",
        ("s3:PutObject", "/secret/a"): "explicitDeny",
    }
    denied = answer["EvaluationResults"][1]["MatchedStatements"]
    assert [one["SourcePolicyId"] for one in denied] == ["no-secrets"]


def test_a_condition_is_met_by_the_values_that_are_given(aws: Aws, role: str) -> None:
    iam = aws.embedded.client("iam")
    request: Any = {"PolicySourceArn": role, "ActionNames": ["cloudwatch:PutMetricData"]}
    bare = iam.simulate_principal_policy(**request)["EvaluationResults"][0]
    assert bare["EvalDecision"] == "implicitDeny"
    assert bare["MissingContextValues"] == ["cloudwatch:namespace"]
    request["ContextEntries"] = [
        {
            "ContextKeyName": "cloudwatch:namespace",
            "ContextKeyValues": ["Films"],
            "ContextKeyType": "string",
        }
    ]
    assert iam.simulate_principal_policy(**request)["EvaluationResults"][0]["EvalDecision"] == (
        "allowed"
    )


def test_results_come_in_pages(aws: Aws, role: str) -> None:
    pages = aws.embedded.client("iam").get_paginator("simulate_principal_policy")
    actions = [f"s3:Get{number}" for number in range(7)]
    found = pages.paginate(
        PolicySourceArn=role,
        ActionNames=actions,
        ResourceArns=[f"{BUCKET}/a"],
        PaginationConfig={"PageSize": 3},
    )
    assert [one["EvalActionName"] for page in found for one in page["EvaluationResults"]] == actions


def test_a_boundary_that_is_given_limits_the_role(aws: Aws, role: str) -> None:
    answer = aws.embedded.client("iam").simulate_principal_policy(
        PolicySourceArn=role,
        ActionNames=["s3:GetObject"],
        ResourceArns=[f"{BUCKET}/a"],
        PermissionsBoundaryPolicyInputList=[
            document({"Effect": "Allow", "Action": "sqs:*", "Resource": "*"})
        ],
    )
    found = answer["EvaluationResults"][0]
    assert found["EvalDecision"] == "implicitDeny"
    assert found["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("arn:aws:iam::123456789012:role/nobody", "NoSuchEntity"),
        ("arn:aws:iam::123456789012:root", "InvalidInput"),
        ("arn:aws:sts::123456789012:assumed-role/simulated/me", "InvalidInput"),
    ],
)
def test_who_cannot_be_asked_about(aws: Aws, role: str, arn: str, code: str) -> None:
    with pytest.raises(ClientError) as refused:
        aws.embedded.client("iam").simulate_principal_policy(
            PolicySourceArn=arn, ActionNames=["s3:GetObject"]
        )
    assert refused.value.response["Error"]["Code"] == code


def test_what_is_not_looked_at_is_refused(aws: Aws, role: str) -> None:
    with pytest.raises(ClientError, match="ResourcePolicy is not looked at"):
        aws.embedded.client("iam").simulate_principal_policy(
            PolicySourceArn=role,
            ActionNames=["s3:GetObject"],
            ResourcePolicy=document({"Effect": "Allow", "Action": "*", "Resource": "*"}),
        )
