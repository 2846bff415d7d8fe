"""Which actions and resources a request needs."""

from typing import Any

import pytest

from local_aws.iam.requests import Place, questions

PLACE = Place("123456789012", "eu-west-1")
SAGEMAKER = "arn:aws:sagemaker:eu-west-1:123456789012"
BEDROCK = "arn:aws:bedrock:eu-west-1:123456789012"
BASE = "arn:aws:bedrock:eu-west-1::foundation-model"
EMR = "arn:aws:emr-serverless:eu-west-1:123456789012"
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
        (
            "sqs",
            "GetQueueUrl",
            {"QueueName": "q"},
            ("sqs:GetQueueUrl", "arn:aws:sqs:eu-west-1:123456789012:q"),
        ),
        (
            "sts",
            "AssumeRole",
            {"RoleArn": "arn:aws:iam::111111111111:role/r"},
            ("sts:AssumeRole", "arn:aws:iam::111111111111:role/r"),
        ),
        (
            "emr-serverless",
            "CancelJobRun",
            {"applicationId": "00f1", "jobRunId": "7"},
            ("emr-serverless:CancelJobRun", f"{EMR}:/applications/00f1/jobruns/7"),
        ),
        (
            "emr-serverless",
            "ListJobRuns",
            {"applicationId": "00f1"},
            ("emr-serverless:ListJobRuns", f"{EMR}:/applications/00f1"),
        ),
        (
            "bedrock",
            "GetFoundationModel",
            {"modelIdentifier": "amazon.nova-micro-v1:0:128k"},
            ("bedrock:GetFoundationModel", f"{BASE}/amazon.nova-micro-v1:0:128k"),
        ),
        (
            "bedrock-runtime",
            "Converse",
            {"modelId": "amazon.nova-micro-v1:0"},
            ("bedrock:InvokeModel", f"{BASE}/amazon.nova-micro-v1:0"),
        ),
        (
            "bedrock-runtime",
            "Converse",
            {"modelId": "eu.amazon.nova-micro-v1:0"},
            ("bedrock:InvokeModel", f"{BEDROCK}:inference-profile/eu.amazon.nova-micro-v1:0"),
        ),
        (
            "bedrock",
            "DeleteCustomModelDeployment",
            {"customModelDeploymentIdentifier": "a-eval"},
            (
                "bedrock:DeleteCustomModelDeployment",
                f"{BEDROCK}:custom-model-deployment/a-eval",
            ),
        ),
    ],
)
def test_a_request_needs_one_action_on_one_resource(
    service: str, operation: str, parameters: dict[str, Any], wanted: tuple[str, str]
) -> None:
    assert asked(service, operation, **parameters) == [wanted]


def test_what_bedrock_and_emr_make_is_asked_for_with_what_it_is_made_of_and_its_tags() -> None:
    tags = [{"key": "thriftline:stack", "value": "thriftline"}]
    job = {"baseModelIdentifier": "b:0", "customModelName": "m", "jobName": "j", "jobTags": tags}
    assert asked("bedrock", "CreateModelCustomizationJob", **job) == [
        ("bedrock:CreateModelCustomizationJob", f"{BASE}/b:0"),
        ("bedrock:CreateModelCustomizationJob", f"{BEDROCK}:custom-model/m"),
        ("bedrock:TagResource", f"{BEDROCK}:custom-model/m"),
        ("bedrock:CreateModelCustomizationJob", f"{BEDROCK}:model-customization-job/j"),
        ("bedrock:TagResource", f"{BEDROCK}:model-customization-job/j"),
    ]
    started = {"applicationId": "00f1", "tags": {"thriftline:stack": "thriftline"}}
    assert asked("emr-serverless", "StartJobRun", **started) == [
        ("emr-serverless:StartJobRun", f"{EMR}:/applications/00f1"),
        ("emr-serverless:TagResource", f"{EMR}:/applications/00f1/jobruns/0"),
    ]


def test_an_alarm_with_tags_needs_the_right_to_tag() -> None:
    alarm = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a"
    tags = [{"Key": "team", "Value": "ml"}]
    assert asked("cloudwatch", "PutMetricAlarm", AlarmName="a", Tags=tags) == [
        ("cloudwatch:PutMetricAlarm", alarm),
        ("cloudwatch:TagResource", alarm),
    ]


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


def test_an_evaluation_needs_its_job_and_the_models_that_judge() -> None:
    models = [{"modelIdentifier": "amazon.nova-pro-v1:0"}]
    found = asked(
        "bedrock",
        "CreateEvaluationJob",
        jobName="judged",
        evaluationConfig={
            "automated": {"evaluatorModelConfig": {"bedrockEvaluatorModels": models}}
        },
        jobTags=[{"key": "thriftline:stack", "value": "thriftline"}],
    )
    assert set(found) == {
        ("bedrock:CreateEvaluationJob", f"{BEDROCK}:evaluation-job/judged"),
        ("bedrock:CreateEvaluationJob", f"{BASE}/amazon.nova-pro-v1:0"),
        ("bedrock:TagResource", f"{BEDROCK}:evaluation-job/judged"),
    }
