"""Which actions a request needs, on which resources, and what it says by itself to conditions.

After the Service Authorization Reference. What a service has no resource for is asked of ``*``.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.iam.policies import Question

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Where the caller's own resources lie."""

    account: str
    region: str

    def arn(self, service: str, rest: str) -> str:
        """Return the ARN of something of the caller's own."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{rest}"


# IAM's prefix of a service that boto3 calls otherwise.
_PREFIXES = {
    "bedrock-runtime": "bedrock",
    "emr-serverless": "emr-serverless",
    "resourcegroupstaggingapi": "tag",
    "sagemaker-runtime": "sagemaker",
    "service-quotas": "servicequotas",
    "stepfunctions": "states",
}
# An operation whose action is called otherwise.
_ACTIONS = {
    ("bedrock-runtime", "Converse"): "InvokeModel",
    ("lambda", "Invoke"): "InvokeFunction",
    ("s3", "CompleteMultipartUpload"): "PutObject",
    ("s3", "CopyObject"): "PutObject",
    ("s3", "CreateMultipartUpload"): "PutObject",
    ("s3", "DeleteBucketLifecycle"): "PutLifecycleConfiguration",
    ("s3", "DeleteObjects"): "DeleteObject",
    ("s3", "GetBucketLifecycleConfiguration"): "GetLifecycleConfiguration",
    ("s3", "HeadBucket"): "ListBucket",
    ("s3", "HeadObject"): "GetObject",
    ("s3", "ListBuckets"): "ListAllMyBuckets",
    ("s3", "ListMultipartUploads"): "ListBucketMultipartUploads",
    ("s3", "ListObjectVersions"): "ListBucketVersions",
    ("s3", "ListObjects"): "ListBucket",
    ("s3", "ListObjectsV2"): "ListBucket",
    ("s3", "ListParts"): "ListMultipartUploadParts",
    ("s3", "PutBucketLifecycleConfiguration"): "PutLifecycleConfiguration",
    ("s3", "UploadPart"): "PutObject",
}
# Of a parameter with a name, what stands before it in the ARN.
_SAGEMAKER = {
    "EndpointConfigName": "endpoint-config",
    "EndpointName": "endpoint",
    "HyperParameterTuningJobName": "hyper-parameter-tuning-job",
    "InferenceComponentName": "inference-component",
    "ModelName": "model",
    "ModelPackageArn": "model-package",
    "ModelPackageGroupName": "model-package-group",
    "ModelPackageName": "model-package",
    "NotebookInstanceName": "notebook-instance",
    "ProcessingJobName": "processing-job",
    "TrainingJobName": "training-job",
    "TrainingPlanName": "training-plan",
    "TransformJobName": "transform-job",
}
_BEDROCK = {
    "customModelDeploymentIdentifier": "custom-model-deployment",
    "jobIdentifier": "model-customization-job",
    "modelIdentifier": "custom-model",
    "provisionedModelId": "provisioned-model",
}
_FOUNDATION = "foundation-model"
# What a request makes has the name that the request gives it; what it is made of counts too.
_BEDROCK_MADE = {
    "CreateModelCustomizationJob": {
        "baseModelIdentifier": _FOUNDATION,
        "customModelName": "custom-model",
        "jobName": "model-customization-job",
    },
    "CreateCustomModelDeployment": {
        "modelArn": "custom-model",
        "modelDeploymentName": "custom-model-deployment",
    },
    "CreateEvaluationJob": {"jobName": "evaluation-job"},
}
# Of what a request makes, the tags are asked for by an action of their own.
_TAGGED = {
    ("bedrock", "CreateModelCustomizationJob"): ("custom-model", "model-customization-job"),
    ("bedrock", "CreateCustomModelDeployment"): ("custom-model-deployment",),
    ("bedrock", "CreateEvaluationJob"): ("evaluation-job",),
    ("cloudwatch", "PutMetricAlarm"): ("alarm",),
}
_GEOGRAPHIES = {"us", "eu", "apac", "global", "us-gov"}
_ARNS = ("resourceARN", "ResourceArn", "resourceArn", "TopicArn", "SecretId", "executionArn",
         "stateMachineArn")  # fmt: skip
_PASSED = {"sagemaker": "sagemaker", "bedrock": "bedrock", "scheduler": "scheduler",
           "emr-serverless": "emr-serverless"}  # fmt: skip


def questions(
    service: str, operation: str, parameters: Parameters, place: Place
) -> Iterator[Question]:
    """Yield what IAM is asked of a request: one question for each action on each resource."""
    action = _action(service, operation, parameters)
    own = {"aws:ResourceAccount": (place.account,), **_tags(parameters)}
    if service == "dynamodb":
        yield from _of_tables(operation, parameters, place, own)
        return
    for resource in _resources(service, operation, parameters, place):
        context = {**own, **_said(service, parameters)}
        yield Question(action, resource, context)
        if _tags(parameters) and service == "sagemaker" and operation.startswith("Create"):
            yield Question("sagemaker:AddTags", resource, own)
        kinds = _TAGGED.get((service, operation), ())
        if _tags(parameters) and any(re.search(rf":{kind}[/:]", resource) for kind in kinds):
            yield Question(f"{service}:TagResource", resource, own)
    if _tags(parameters) and (service, operation) == ("emr-serverless", "StartJobRun"):
        run = place.arn(service, f"/applications/{parameters['applicationId']}/jobruns/0")
        yield Question("emr-serverless:TagResource", run, own)
    for role in _roles(parameters) if service in _PASSED else ():
        passed = {"iam:PassedToService": (f"{_PASSED[service]}.amazonaws.com",)}
        yield Question("iam:PassRole", role, passed)
    if service == "s3" and operation == "CopyObject":
        source = str(parameters["CopySource"]).lstrip("/").partition("?")
        version = "Version" if source[2] else ""
        yield Question(f"s3:GetObject{version}", f"arn:aws:s3:::{source[0]}", own)


def _action(service: str, operation: str, parameters: Parameters) -> str:
    name = _ACTIONS.get((service, operation), operation)
    if service == "s3" and name == "GetObject" and parameters.get("VersionId"):
        name = "GetObjectVersion"
    return f"{_PREFIXES.get(service, service)}:{name}"


def _tags(parameters: Parameters) -> dict[str, tuple[str, ...]]:
    given: list[tuple[str, str]] = []
    for name in ("Tags", "tags", "jobTags", "customModelTags"):
        tags = parameters.get(name) or ()
        pairs = tags.items() if isinstance(tags, Mapping) else ()
        given += [(str(key), str(value)) for key, value in pairs]
        if not isinstance(tags, Mapping):
            given += [
                (str(one.get("Key", one.get("key"))), str(one.get("Value", one.get("value"))))
                for one in tags
                if isinstance(one, Mapping)
            ]
    return {f"aws:RequestTag/{key}": (value,) for key, value in given}


def _said(service: str, parameters: Parameters) -> dict[str, tuple[str, ...]]:
    if service == "cloudwatch" and parameters.get("Namespace"):
        return {"cloudwatch:namespace": (str(parameters["Namespace"]),)}
    if service == "s3" and parameters.get("Prefix"):
        return {"s3:prefix": (str(parameters["Prefix"]),)}
    return {}


def _roles(parameters: Parameters) -> Iterator[str]:
    for name in ("RoleArn", "roleArn", "ExecutionRoleArn", "executionRoleArn"):
        if isinstance(role := parameters.get(name), str) and ":role/" in role:
            yield role
    target = parameters.get("Target")
    if isinstance(target, Mapping) and target.get("RoleArn"):
        yield str(target["RoleArn"])


def _resources(service: str, operation: str, parameters: Parameters, place: Place) -> Iterator[str]:
    found = _OF_SERVICE.get(service)
    named = list(found(operation, parameters, place)) if found else []
    named = named or [str(parameters[one]) for one in _ARNS if parameters.get(one)]
    yield from named or ["*"]


def _of_s3(operation: str, parameters: Parameters, _: Place) -> Iterator[str]:
    bucket, key = parameters.get("Bucket"), parameters.get("Key")
    if bucket and operation == "DeleteObjects":
        for one in parameters["Delete"]["Objects"]:
            yield f"arn:aws:s3:::{bucket}/{one['Key']}"
    elif bucket:
        yield f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"


def _of_sagemaker(operation: str, parameters: Parameters, place: Place) -> Iterator[str]:
    # A list has no resource but the versions of a group; a model that is made names no package.
    if operation.startswith("List") and operation not in {"ListModelPackages", "ListTags"}:
        return
    for name, kind in _SAGEMAKER.items():
        value = parameters.get(name)
        if not isinstance(value, str):
            continue
        if value.startswith("arn:"):
            yield value
        elif operation == "CreateModelPackage":
            yield place.arn("sagemaker", f"model-package/{value}/1")
        else:
            yield place.arn("sagemaker", f"{kind}/{value}")


def _of_bedrock(operation: str, parameters: Parameters, place: Place) -> Iterator[str]:
    if operation in {"InvokeModel", "Converse"}:
        yield _model(str(parameters.get("modelId")), place)
        return
    if operation == "GetFoundationModel":
        yield _model(str(parameters["modelIdentifier"]), place)
        return
    for name, kind in _BEDROCK_MADE.get(operation, _BEDROCK).items():
        value = str(parameters.get(name) or "")
        if value.startswith("arn:"):
            yield value
        elif value and kind == _FOUNDATION:
            yield _model(value, place)
        elif value:
            yield place.arn("bedrock", f"{kind}/{value}")
    for judge in _judges(parameters):
        yield _model(judge, place)


def _judges(parameters: Parameters) -> Iterator[str]:
    """Yield the models that judge the answers of an evaluation job."""
    automated = parameters.get("evaluationConfig", {}).get("automated", {})
    models = automated.get("evaluatorModelConfig", {}).get("bedrockEvaluatorModels", ())
    for one in models:
        yield str(one["modelIdentifier"])


def _model(model: str, place: Place) -> str:
    """Return the ARN of a model that is asked by its id: a base model's belongs to nobody."""
    if model.startswith("arn:"):
        return model
    if model.partition(".")[0] in _GEOGRAPHIES:
        return place.arn("bedrock", f"inference-profile/{model}")
    return f"arn:aws:bedrock:{place.region}::{_FOUNDATION}/{model}"


def _of_emr_serverless(_: str, parameters: Parameters, place: Place) -> Iterator[str]:
    if application := parameters.get("applicationId"):
        run = parameters.get("jobRunId")
        rest = f"/applications/{application}"
        yield place.arn("emr-serverless", f"{rest}/jobruns/{run}" if run else rest)


def _of_lambda(_: str, parameters: Parameters, place: Place) -> Iterator[str]:
    name = str(parameters.get("FunctionName", ""))
    if name:
        yield name if name.startswith("arn:") else place.arn("lambda", f"function:{name}")


def _of_events(operation: str, parameters: Parameters, place: Place) -> Iterator[str]:
    if operation == "PutEvents":
        for entry in parameters["Entries"]:
            bus = str(entry.get("EventBusName", "default"))
            yield bus if bus.startswith("arn:") else place.arn("events", f"event-bus/{bus}")


def _of_scheduler(_: str, parameters: Parameters, place: Place) -> Iterator[str]:
    if name := parameters.get("Name"):
        group = parameters.get("GroupName", "default")
        yield place.arn("scheduler", f"schedule/{group}/{name}")


def _of_cloudwatch(operation: str, parameters: Parameters, place: Place) -> Iterator[str]:
    names = parameters.get("AlarmNames") or [parameters.get("AlarmName")]
    if operation in {"DeleteAlarms", "DescribeAlarms", "PutMetricAlarm"}:
        for one in filter(None, names):
            yield place.arn("cloudwatch", f"alarm:{one}")


def _of_scaling(operation: str, _: Parameters, place: Place) -> Iterator[str]:
    # Its ids are its own; a description has no resource.
    if not operation.startswith("Describe"):
        yield place.arn("application-autoscaling", "scalable-target/0a1b2c3d")


def _of_sqs(_: str, parameters: Parameters, place: Place) -> Iterator[str]:
    if queue := parameters.get("QueueUrl") or parameters.get("QueueName"):
        yield place.arn("sqs", str(queue).rpartition("/")[2])


def _of_sts(_: str, parameters: Parameters, place: Place) -> Iterator[str]:
    if role := parameters.get("RoleArn"):
        yield str(role)


def _of_ecr(_: str, parameters: Parameters, place: Place) -> Iterator[str]:
    if name := parameters.get("repositoryName"):
        yield place.arn("ecr", f"repository/{name}")


def _of_logs(_: str, parameters: Parameters, place: Place) -> Iterator[str]:
    if name := parameters.get("logGroupName"):
        stream = parameters.get("logStreamName")
        rest = f"log-stream:{stream}" if stream else "*"
        yield place.arn("logs", f"log-group:{name}:{rest}")


_OF_SERVICE: Mapping[str, Callable[[str, Parameters, Place], Iterator[str]]] = {
    "application-autoscaling": _of_scaling,
    "bedrock": _of_bedrock,
    "bedrock-runtime": _of_bedrock,
    "cloudwatch": _of_cloudwatch,
    "ecr": _of_ecr,
    "emr-serverless": _of_emr_serverless,
    "events": _of_events,
    "lambda": _of_lambda,
    "logs": _of_logs,
    "s3": _of_s3,
    "sagemaker": _of_sagemaker,
    "sagemaker-runtime": _of_sagemaker,
    "scheduler": _of_scheduler,
    "sqs": _of_sqs,
    "sts": _of_sts,
}


def _of_tables(
    operation: str, parameters: Parameters, place: Place, own: Mapping[str, tuple[str, ...]]
) -> Iterator[Question]:
    def table(name: str, index: str | None = None) -> str:
        rest = f"table/{name}/index/{index}" if index else f"table/{name}"
        return place.arn("dynamodb", rest)

    if operation == "BatchGetItem":
        for name in parameters["RequestItems"]:
            yield Question("dynamodb:BatchGetItem", table(name), own)
    elif operation == "TransactWriteItems":
        for one in parameters["TransactItems"]:
            ((kind, what),) = one.items()
            verb = "ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item"
            yield Question(f"dynamodb:{verb}", table(what["TableName"]), own)
    else:
        name = table(parameters["TableName"], parameters.get("IndexName"))
        yield Question(f"dynamodb:{operation}", name, own)
