"""The requests of the workflows as dry runs: would they be allowed, and is there what they name?

Nothing of them is sent. IAM simulates the policies of each function's role, Lambda says of each
function whether it could be called (InvocationType DryRun), and what a training job names is
described. None of these calls costs anything.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from thriftline_cli.verifying.results import Result, asked

FUNCTION, PERMISSION, NAMED = "function", "permission", "named"
Client = Callable[[str], Any]
_SAGEMAKER = "sagemaker.amazonaws.com"
_STACK_TAG = "aws:ResourceTag/thriftline:stack"
_ASKED_TAG = "aws:RequestTag/thriftline:stack"


@dataclass(frozen=True)
class Wanted:
    """A call that a function makes; ``resource`` is filled in with the stack's own names.

    It is made only where the stack has the resource that is called ``needs``, such as that of an
    engine of preparations.
    """

    function: str
    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()
    needs: str | None = None


_APPLICATION = (
    "arn:{partition}:emr-serverless:{region}:{account}:/applications/{PreparationApplication}"
)
_PROCESSING = "arn:{partition}:sagemaker:{region}:{account}:processing-job/thriftline-verify"
_EMR, _PROCESSING_ROLE = "PreparationApplication", "PreparationProcessingRole"
_EMR_SERVICE = "emr-serverless.amazonaws.com"
_JOB = "arn:{partition}:sagemaker:{region}:{account}:training-job/thriftline-verify"
# What costs money, or ends what does: a role that lacks one of these fails a run when it is late.
WANTED = (
    Wanted("StartTrainingFunction", "sagemaker:CreateTrainingJob", _JOB),
    Wanted("StartTrainingFunction", "sagemaker:AddTags", _JOB),
    Wanted("StartTrainingFunction", "sagemaker:DescribeTrainingJob", _JOB),
    Wanted(
        "StartTrainingFunction",
        "iam:PassRole",
        "arn:{partition}:iam::{account}:role/{TrainingRole}",
        (("iam:PassedToService", _SAGEMAKER),),
    ),
    Wanted("PollTrainingFunction", "sagemaker:DescribeTrainingJob", _JOB),
    Wanted(
        "PollTrainingFunction",
        "sagemaker:StopTrainingJob",
        _JOB,
        ((_STACK_TAG, "{stack}"),),
    ),
    Wanted("CleanUpFunction", "sagemaker:DescribeTrainingJob", _JOB),
    Wanted("CleanUpFunction", "sagemaker:StopTrainingJob", _JOB, ((_STACK_TAG, "{stack}"),)),
    Wanted("SettleBudgetFunction", "sagemaker:DescribeTrainingJob", _JOB),
    Wanted(
        "ReserveBudgetFunction",
        "dynamodb:UpdateItem",
        "arn:{partition}:dynamodb:{region}:{account}:table/{LedgerTable}",
    ),
    Wanted("StartPreparationFunction", "emr-serverless:StartJobRun", _APPLICATION, needs=_EMR),
    Wanted(
        "StartPreparationFunction",
        "iam:PassRole",
        "arn:{partition}:iam::{account}:role/{PreparationJobRole}",
        (("iam:PassedToService", _EMR_SERVICE),),
        needs=_EMR,
    ),
    Wanted(
        "StartPreparationFunction",
        "sagemaker:CreateProcessingJob",
        _PROCESSING,
        ((_ASKED_TAG, "{stack}"),),
        needs=_PROCESSING_ROLE,
    ),
    Wanted(
        "StartPreparationFunction",
        "iam:PassRole",
        "arn:{partition}:iam::{account}:role/{PreparationProcessingRole}",
        (("iam:PassedToService", _SAGEMAKER),),
        needs=_PROCESSING_ROLE,
    ),
    *(
        Wanted(function, *call)
        for function in ("PollPreparationFunction", "CleanUpFunction")
        for call in (
            ("emr-serverless:CancelJobRun", f"{_APPLICATION}/jobruns/00verify", (), _EMR),
            (
                "sagemaker:StopProcessingJob",
                _PROCESSING,
                ((_STACK_TAG, "{stack}"),),
                _PROCESSING_ROLE,
            ),
        )
    ),
)


@dataclass(frozen=True)
class StackNames:
    """The stack's physical names by logical id, and where it is."""

    stack: str
    account: str
    region: str
    partition: str
    names: Mapping[str, str]

    def filled(self, text: str) -> str:
        """Returns a text with the stack's own names in it."""
        return text.format_map(
            {
                "stack": self.stack,
                "account": self.account,
                "region": self.region,
                "partition": self.partition,
                **self.names,
            }
        )


def check_functions(names: list[str], client: Client) -> Iterator[Result]:
    """Yields whether each function is there and could be called by this person."""
    functions = client("lambda")
    for name in names:
        yield asked(FUNCTION, name, partial(_callable, name, functions))


def _callable(name: str, functions: Any) -> Result:
    try:
        answer = functions.invoke(FunctionName=name, InvocationType="DryRun")
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return Result(FUNCTION, name, False, "the function is not there")
    return Result(FUNCTION, name, True, f"it could be called (HTTP {answer['StatusCode']})")


def check_permissions(place: StackNames, client: Client) -> Iterator[Result]:
    """Yields what IAM says to the calls that the workflows make."""
    for wanted in WANTED:
        if wanted.needs is not None and wanted.needs not in place.names:
            continue
        what = f"{wanted.function}: {wanted.action}"
        yield asked(PERMISSION, what, partial(_simulated, wanted, what, place, client))


def _simulated(wanted: Wanted, what: str, place: StackNames, client: Client) -> Result:
    function = place.names.get(wanted.function)
    if function is None:
        return Result(PERMISSION, what, False, f"the stack has no {wanted.function}")
    role = client("lambda").get_function_configuration(FunctionName=function)["Role"]
    context = [
        {
            "ContextKeyName": key,
            "ContextKeyValues": [place.filled(value)],
            "ContextKeyType": "string",
        }
        for key, value in wanted.context
    ]
    answer = client("iam").simulate_principal_policy(
        PolicySourceArn=role,
        ActionNames=[wanted.action],
        ResourceArns=[place.filled(wanted.resource)],
        ContextEntries=context,
    )
    decision = str(answer["EvaluationResults"][0]["EvalDecision"])
    return Result(PERMISSION, what, decision == "allowed", f"IAM says {decision}")


def check_named(place: StackNames, image: str | None, client: Client) -> Iterator[Result]:
    """Yields whether the things that a training job names are there."""
    role = place.names.get("TrainingRole")
    if role is not None:
        yield asked(NAMED, "TrainingRole", lambda: _role(role, client))
    if image is not None:
        yield asked(NAMED, "training image", lambda: _image(image, client))


def _role(name: str, client: Client) -> Result:
    trust = client("iam").get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    passed = _SAGEMAKER in str(trust)
    said = "SageMaker may take it" if passed else "SageMaker may not take it"
    return Result(NAMED, "TrainingRole", passed, said)


def _image(uri: str, client: Client) -> Result:
    repository, _, tag = uri.rpartition(":")
    try:
        client("ecr").describe_images(
            repositoryName=repository.partition("/")[2], imageIds=[{"imageTag": tag}]
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in (
            "ImageNotFoundException",
            "RepositoryNotFoundException",
        ):
            raise
        return Result(NAMED, "training image", False, f"{uri} is not there; push it")
    return Result(NAMED, "training image", True, f"{uri} is there")
