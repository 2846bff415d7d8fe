"""Which actions and resources a request needs."""

from typing import Any

import pytest

from local_aws.iam.requests import Place, questions

PLACE = Place("123456789012", "eu-west-1")
SAGEMAKER = "arn:aws:sagemaker:eu-west-1:123456789012"
TABLES = "arn:aws:dynamodb:eu-west-1:123456789012:table"


def asked(service: str, operation: str, **parameters: Any) -> list[tuple[str, str]]:
    return [(one.action, one.resource) for one in questions(service, operation, parameters, PLACE)]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "wanted"),
    [
        ("s3", "GetObject", {"Bucket": "b", "Key": "a/k"}, ("s3:GetObject", "arn:aws:s3:::b/a/k")),
        (
            "s3",
            "HeadObject",
            {"Bucket": "b", "Key": "k", "VersionId": "v"},
            ("s3:GetObjectVersion", "arn:aws:s3:::b/k"),
        ),
        ("s3", "ListObjectsV2", {"Bucket": "b"}, ("s3:ListBucket", "arn:aws:s3:::b")),
        ("dynamodb", "GetItem", {"TableName": "t"}, ("dynamodb:GetItem", f"{TABLES}/t")),
        (
            "dynamodb",
            "Query",
            {"TableName": "t", "IndexName": "i"},
            ("dynamodb:Query", f"{TABLES}/t/index/i"),
        ),
        (
            "sagemaker",
            "StopTrainingJob",
            {"TrainingJobName": "j"},
            ("sagemaker:StopTrainingJob", f"{SAGEMAKER}:training-job/j"),
        ),
        ("sagemaker", "ListTrainingJobs", {}, ("sagemaker:ListTrainingJobs", "*")),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "f"},
            ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:123456789012:function:f"),
        ),
        (
            "application-autoscaling",
            "DeregisterScalableTarget",
            {"ResourceId": "endpoint/e/variant/v"},
            (
                "application-autoscaling:DeregisterScalableTarget",
                "arn:aws:application-autoscaling:eu-west-1:123456789012:scalable-target/0a1b2c3d",
            ),
        ),
        ("service-quotas", "ListServiceQuotas", {}, ("servicequotas:ListServiceQuotas", "*")),
    ],
)
def test_a_request_needs_one_action_on_one_resource(
    service: str, operation: str, parameters: dict[str, Any], wanted: tuple[str, str]
) -> None:
    assert asked(service, operation, **parameters) == [wanted]


def test_what_is_made_with_tags_and_a_role_needs_both() -> None:
    role = "arn:aws:iam::123456789012:role/r"
    found = list(
        questions(
            "sagemaker",
            "CreateTrainingJob",
            {
                "TrainingJobName": "j",
                "RoleArn": role,
                "Tags": [{"Key": "stack", "Value": "thriftline"}],
            },
            PLACE,
        )
    )
    job = f"{SAGEMAKER}:training-job/j"
    assert [(one.action, one.resource) for one in found] == [
        ("sagemaker:CreateTrainingJob", job),
        ("sagemaker:AddTags", job),
        ("iam:PassRole", role),
    ]
    assert found[0].context["aws:RequestTag/stack"] == ("thriftline",)
    assert found[2].context == {"iam:PassedToService": ("sagemaker.amazonaws.com",)}


def test_a_transaction_and_a_deletion_of_many_need_each_of_their_parts() -> None:
    puts = [{"Put": {"TableName": "a"}}, {"Update": {"TableName": "b"}}]
    assert asked("dynamodb", "TransactWriteItems", TransactItems=puts) == [
        ("dynamodb:PutItem", f"{TABLES}/a"),
        ("dynamodb:UpdateItem", f"{TABLES}/b"),
    ]
    many = {"Objects": [{"Key": "a"}, {"Key": "b/c"}]}
    assert asked("s3", "DeleteObjects", Bucket="b", Delete=many) == [
        ("s3:DeleteObject", "arn:aws:s3:::b/a"),
        ("s3:DeleteObject", "arn:aws:s3:::b/b/c"),
    ]


def test_a_copy_reads_and_writes() -> None:
    found = asked("s3", "CopyObject", Bucket="b", Key="k", CopySource="/a/x?versionId=v")
    assert found == [
        ("s3:PutObject", "arn:aws:s3:::b/k"),
        ("s3:GetObjectVersion", "arn:aws:s3:::a/x"),
    ]
