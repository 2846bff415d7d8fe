"""What roles allow that no integration test needs, and why it stays.

A row is of a function, an action and a resource, with wildcards. It speaks for an action where it
names all of the statement's resources, and for a resource where it names all of its actions.
"""

import fnmatch
from collections.abc import Mapping
from functools import cache

from tests.integration.roles.rights import Right, written_of

Row = tuple[str, str, str]
ANYTHING = "*"
# Nothing here can need it: a run that does has changed, and its row goes.
EXPLAINED: Mapping[Row, str] = {
    (ANYTHING, "kms:*", ANYTHING): "with a key of one's own, AWS asks KMS in the function's name",
    ("PostMessageFunction", "sqs:*Message*", ANYTHING): "Lambda reads the queue in its name",
    ("PostMessageFunction", "sqs:GetQueueAttributes", ANYTHING): "Lambda looks at the queue too",
    (ANYTHING, "iam:CreateServiceLinkedRole", ANYTHING): "the first scaling of an account",
    ("ApiFunction", "cognito-idp:AdminGetUser", ANYTHING): "who signed in to the hosted page",
}
_SCALING = "scaling of endpoints that is put back: some have scheduled actions, alarms of their own"
_DOCUMENT = "a document that the API shows; tests/unit/api reads it"
# What a fault, a setting or a kind of resource needs that few tests have, or none. Which of them
# come up in a run may hang on its timing, so that a row stays where all of it was needed.
SELDOM: Mapping[Row, str] = {
    (ANYTHING, "s3:ListBucket", "*Bucket.Arn}"): "who may list is told that an object is missing",
    (ANYTHING, "sts:AssumeRole", ANYTHING): "accounts of others: what is read, done or restored",
    # UpdateEndpointWeightsAndCapacities and UpdateInferenceComponentRuntimeConfig.
    (ANYTHING, "sagemaker:Update*C*", ANYTHING): "who registers scaling must have the right to do "
    "what scaling will do",
    (ANYTHING, "application-autoscaling:*", ANYTHING): _SCALING,
    (ANYTHING, "cloudwatch:DescribeAlarms", ANYTHING): "alarms that serve.yaml or scaling names",
    (ANYTHING, "cloudwatch:PutMetricAlarm", ANYTHING): _SCALING,
    ("SettleDeploymentFunction", "cloudwatch:*", ANYTHING): _SCALING,
    ("SettleDeploymentFunction", "sagemaker:DeleteTags", ANYTHING): "a schedule that goes",
    ("SettleDeploymentFunction", "scheduler:*", ANYTHING): "a schedule that changes or goes",
    ("ChangeScheduleFunction", "scheduler:*", ANYTHING): "a schedule that changes or goes",
    ("PostMessageFunction", "sqs:GetQueueUrl", ANYTHING): "a message that is put off",
    ("PostMessageFunction", "sqs:*", "${AmazonQQueue.Arn}"): "a queue that Lambda reads",
    # ---- What acts, marks and restores
    ("ActOnPlanFunction", "bedrock:*", ANYTHING): "tags by default on what runs on Bedrock",
    ("ActOnPlanFunction", "sagemaker:Describe*Job", ANYTHING): "what may refer to an artifact",
    ("ActOnPlanFunction", "sagemaker:UpdateTrainingJob", ANYTHING): "a warm pool that is let go",
    ("MarkOnPlanFunction", "sns:Publish", ANYTHING): "mode mark alone; what acts says the same",
    ("MarkOnPlanFunction", "events:PutEvents", ANYTHING): "mode mark alone; what acts says it too",
    ("RestoreEndpointFunction", "sagemaker:*", "*inference-component/*"): "components with tags",
    ("PlanActionsFunction", "s3:GetObject", "*/saved/pending/*"): "an action that was cut off",
    # ---- What audits read
    ("CollectPartFunction", "sagemaker:Describe*", ANYTHING): "one of its kind in the account; "
    "tests/integration/audit collects it",
    ("CollectPartFunction", "*:ListTagsForResource", ANYTHING): "one of its kind, with tags",
    ("CollectPartFunction", "s3:GetObject", "*/serving/*/models/*"): "a multi-model endpoint",
    ("CountSpendFunction", ANYTHING, ANYTHING): "once a day; tests/unit/money has Cost Explorer",
    # ---- Sleep by a schedule
    ("ActOnScheduleFunction", "sns:Publish", ANYTHING): "an endpoint that could not wake",
    ("ActOnScheduleFunction", "iam:PassRole", ANYTHING): "a model that somebody deleted meanwhile",
    ("ActOnScheduleFunction", "sagemaker:Create*", ANYTHING): "what somebody deleted meanwhile",
    ("ActOnScheduleFunction", "sagemaker:*", "*:model/*"): "a model that somebody deleted",
    ("ActOnScheduleFunction", "sagemaker:*", "*inference-component/*"): "components that sleep",
    ("ActOnScheduleFunction", "sagemaker:D*InferenceComponent", ANYTHING): "components that sleep",
    # ---- Deployments, comparisons, quality
    ("OpenDeploymentFunction", "cloudwatch:PutMetricData", ANYTHING): "a rollback stops another",
    ("*DeploymentFunction", "states:DescribeExecution", ANYTHING): "a lock whose owner may be gone",
    ("*DeploymentFunction", "s3:*", "*/serving/*/models/*"): "an object of a multi-model endpoint",
    ("StartDeploymentFunction", "s3:GetObject", "*/training/*"): "the same, copied from its run",
    ("PreviewDeploymentFunction", "s3:GetObject", "*/deployments/*"): "one that is under way",
    ("PreviewDeploymentFunction", "dynamodb:Scan", ANYTHING): "a preview that names no endpoint",
    ("PreviewDeploymentFunction", "sagemaker:DescribeI*", ANYTHING): "an inference component",
    ("PreviewDeploymentFunction", "sagemaker:*", "*inference-component/*"): "one of these",
    (ANYTHING, "servicequotas:ListAWSDefault*", ANYTHING): "an account without a quota of its own",
    ("PollDeploymentFunction", "sagemaker:InvokeEndpointAsync", ANYTHING): "asynchronous probes",
    ("PollDeploymentFunction", "sagemaker:Invoke*", "*inference-component/*"): "a component's",
    ("WatchQualityFunction", "s3:AbortMultipartUpload", ANYTHING): "a large upload that fails",
    ("WatchQualityFunction", "s3:DeleteObject", ANYTHING): "captures whose days are over",
    ("WatchQualityFunction", "s3:GetObject", "*/labels/*"): "labels that people put there",
    # ---- Uploads and what runs leave
    ("ValidateRangeFunction", ANYTHING, ANYTHING): "files of hundreds of megabytes, in ranges",
    ("MergeValidationFunction", ANYTHING, ANYTHING): "files of hundreds of megabytes, in ranges",
    ("SweepBedrockFunction", "bedrock:[CDTU]*", ANYTHING): "each kind of what a run left there",
    ("SweepBedrockFunction", "bedrock:*", "*:custom-model/*"): "each kind of what a run left there",
    (
        "SweepBedrockFunction",
        "sagemaker:UpdateModelPackage",
        ANYTHING,
    ): "a version whose model ends",
    # ---- The API
    ("ApiFunction", "s3:GetObject", ANYTHING): _DOCUMENT,
    (
        "ApiFunction",
        "s3:GetObject*",
        "*/datasets/*",
    ): "what it signs for others, it must be allowed",
    (
        "ApiFunction",
        "s3:PutObject",
        ANYTHING,
    ): "what it signs for others; a finding that is accepted",
    ("ApiFunction", "cloudwatch:PutMetricData", ANYTHING): "a deployment that somebody aborts",
    ("ApiFunction", "dynamodb:*", "${RequestsTable.Arn}"): "a request that comes twice",
    ("ApiFunction", "states:*", "*ActOnScheduleStateMachine*"): "sleep and wake, asked for by hand",
}


@cache
def reason_for(right: Right) -> Row | None:
    """Returns the row that speaks for a right."""
    written = written_of(right)
    is_action = right.part in written.actions
    actions = (right.part,) if is_action else written.actions
    resources = written.resources if is_action else (right.part,)
    for row in (*EXPLAINED, *SELDOM):
        function, action, resource = row
        if (
            fnmatch.fnmatchcase(right.function, function)
            and all(fnmatch.fnmatchcase(one, action) for one in actions)
            and all(_is_of(one, resource) for one in resources)
        ):
            return row
    return None


def _is_of(resource: str, pattern: str) -> bool:
    # A bracket is no wildcard in an ARN.
    return fnmatch.fnmatchcase(resource, pattern.replace("[", "[[]"))
