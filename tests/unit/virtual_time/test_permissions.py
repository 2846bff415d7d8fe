"""Every call that a run's functions make in virtual time is allowed by their roles, and no more.

By action, resource and condition. What no run there needed is explained below, or taken away. That
the same holds for every other function is asked of the embedded AWS, at the end of the integration
tests (``tests/integration/roles``).
"""

import fnmatch
from functools import cache

from tests.virtual_time.permissions import Allowed, Ledger, functions_of_runs, statements_of
from tests.virtual_time.play import play

WORLDS = 12
ANYTHING = "*"
# Function, action and, where only one of several statements is meant, its place: the reason.
EXPLAINED = {
    (ANYTHING, "kms:*", None): "with a key of one's own, AWS asks KMS in the function's name",
    (ANYTHING, "s3:ListBucket", None): "only who may list is told that an object is missing",
    (ANYTHING, "bedrock:*", None): "a champion on Bedrock, a judge, what an end or a start left",
    (ANYTHING, "secretsmanager:GetSecretValue", None): "Databricks, or an answer by a signed link",
    (ANYTHING, "emr-serverless:ListJobRuns", None): "a start whose answer was lost",
    ("PollPreparationFunction", "emr-serverless:CancelJobRun", 0): "an attempt past its time",
    ("SweepLedgerFunction", "emr-serverless:CancelJobRun", 0): "StopRunsAtBudget is on",
    (ANYTHING, "sagemaker:*ProcessingJob", None): "raw data prepared by a processing job",
    ("OpenRunFunction", "s3:ListBucketVersions", 1): "raw data in a bucket of somebody else",
    ("OpenRunFunction", "sns:Publish", 0): "an upload that starts no run is told of",
    ("PlanRunFunction", "sagemaker:DescribeTrainingPlan", 0): "a run on a training plan",
    ("PlanRunFunction", "ec2:*Spot*", 0): "a run that takes Spot where its market says so",
    ("PlanRunFunction", "fsx:*", 0): "a run that reads a file system of FSx",
    ("PlanRunFunction", "s3express:CreateSession", 0): "a run that reads a directory bucket",
    ("PrepareSplitFunction", "s3express:CreateSession", 0): "a run that reads a directory bucket",
    ("CleanUpFunction", "s3express:CreateSession", 0): "a run that reads a directory bucket",
    ("CleanUpFunction", "sagemaker:UpdateTrainingJob", 0): "an attempt that kept a warm pool",
    ("CleanUpFunction", "s3:GetObject", 1): "an attempt of a preparation that failed unseen",
    ("CleanUpFunction", "s3:PutObject", None): "what is kept of an attempt on Bedrock",
    ("PlanPreparationFunction", "dynamodb:GetItem", 0): "a plan that is made again",
    ("PlanPreparationFunction", "s3:GetObject", 2): "raw data in a bucket of somebody else",
    ("PlanPreparationFunction", "servicequotas:GetAWSDefaultServiceQuota", 0): "no own quota",
    ("PollPreparationFunction", "s3:ListBucketVersions", 1): "raw data in another's bucket",
    ("StartPreparationFunction", "iam:PassRole", 1): "the role of a processing job",
    ("StartPreparationFunction", "sagemaker:AddTags", 0): "raw data prepared by a processing job",
    ("PollTrainingFunction", "iam:PassRole", 0): "the role of what judges answers on Bedrock",
    ("PublishResultFunction", "sagemaker:*ModelPackage*", 0): "a run that fails with a version",
    ("RegisterModelFunction", "ecr:*", 0): "the registry looks in the caller's name for the image",
    ("RegisterModelFunction", "sagemaker:UpdateModelPackage", 0): "a version notes its deployment",
    ("RegisterModelFunction", "scheduler:CreateSchedule", 0): "a model on Bedrock by the hour ends",
    ("RegisterModelFunction", "iam:PassRole", 0): "the role of that schedule",
    ("RegisterModelFunction", "s3:PutObject", None): "what is kept of a model on Bedrock",
    ("ReserveBudgetFunction", "s3:PutObject", 0): "a plan that is made shorter to fit the month",
    ("StartTrainingFunction", "sagemaker:CreateTrainingJob", 1): "a run on a training plan",
    ("AnswerApprovalFunction", "dynamodb:GetItem", 0): "an answer that comes too late",
    ("AnswerApprovalFunction", "states:DescribeExecution", 0): "a run that does not wait any more",
    ("SweepApprovalsFunction", "dynamodb:UpdateItem", 0): "an answer that nobody delivered",
    ("SweepApprovalsFunction", "states:SendTaskSuccess", 0): "an answer that nobody delivered",
    ("SweepLedgerFunction", "dynamodb:PutItem", 0): "the first hold of a month, and what is filed",
    ("SweepLedgerFunction", "sagemaker:StopTrainingJob", 0): "StopRunsAtBudget is on",
    ("SweepLedgerFunction", "sns:Publish", 0): "the budget is nearly spent",
    ("SweepLedgerFunction", "emr-serverless:GetJobRun", 0): "a preparation that nobody settled",
    ("SweepLedgerFunction", "s3:GetObject", 1): "what an attempt on Bedrock left",
    ("SweepLedgerFunction", "s3:PutObject", 0): "what is kept of an attempt on Bedrock",
}


@cache
def ledger() -> Ledger:
    asked = Ledger()
    for seed in range(1, WORLDS + 1):
        # What the ledger itself cannot do would be an error of the function.
        assert play(seed, uploads=6, on_call=asked.note).broken == ()
    return asked


def reason_for(allowed: Allowed) -> tuple[str, str, int | None] | None:
    for key in EXPLAINED:
        function, action, place = key
        here = function in {ANYTHING, allowed.function} and place in {None, allowed.place}
        if here and fnmatch.fnmatchcase(allowed.action, action):
            return key
    return None


def test_every_call_is_allowed_by_action_resource_and_condition() -> None:
    assert sorted(ledger().refused) == []


def test_every_allowed_action_is_used_or_explained() -> None:
    unused = {
        one
        for function in functions_of_runs()
        for statement in statements_of(function)
        for one in statement.allowed
        if one not in ledger().used
    }
    assert sorted(repr(one) for one in unused if reason_for(one) is None) == []


def test_every_explanation_explains_something() -> None:
    allowed = {
        one
        for function in functions_of_runs()
        for statement in statements_of(function)
        for one in statement.allowed
    }
    assert set(EXPLAINED) - {reason_for(one) for one in allowed} == set()


def test_a_role_without_a_right_and_a_role_of_another_resource_are_found() -> None:
    asked = Ledger()
    asked.note("PlanRunFunction", "sagemaker", "StopTrainingJob", {"TrainingJobName": "a-01"})
    asked.note("OpenRunFunction", "s3", "PutObject", {"Bucket": "artifacts", "Key": "scratch/a"})
    asked.note("OpenRunFunction", "s3", "PutObject", {"Bucket": "artifacts", "Key": "runs/a"})
    assert {one[:2] for one in asked.refused} == {
        ("PlanRunFunction", "sagemaker:StopTrainingJob"),
        ("OpenRunFunction", "s3:PutObject"),
    }
