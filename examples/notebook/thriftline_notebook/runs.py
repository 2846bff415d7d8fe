"""Reads a finished run: its result.json, the job that made its model, and its version."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from thriftline_notebook.places import RESULT, Place, document_place, place_of
from thriftline_notebook.problems import RetrainingError
from thriftline_notebook.retraining import Champion

_SAGEMAKER = "sagemaker"
# Of these a model is registered.
_WITH_MODEL = ("succeeded", "not_promoted")
_MISSING = ("NoSuchKey", "404")
_SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Clients:
    """Clients of one account and region, as `boto3.Session` makes them."""

    s3: Any
    sagemaker: Any
    cloudformation: Any

    @classmethod
    def of(cls, session: Any) -> "Clients":
        """Make them of a boto3 session."""
        return cls(*(session.client(name) for name in ("s3", "sagemaker", "cloudformation")))


@dataclass(frozen=True)
class Run:
    """A run whose model is registered. `job` is DescribeTrainingJob of the job that made it."""

    run_id: str
    project: str
    stack: str
    bucket: str
    result: Mapping[str, Any]
    job: Mapping[str, Any]
    tags: Mapping[str, str]
    image: str

    @property
    def channels(self) -> Mapping[str, Mapping[str, Any]]:
        """The job's input channels by name, the splits where the stack keeps them.

        A job may have read them through a file system, or from a directory bucket, whose copy is
        gone; the artifacts bucket has the same by the same keys.
        """
        return {
            each["ChannelName"]: self._kept(each) if each["ChannelName"] in _SPLITS else each
            for each in self.job["InputDataConfig"]
        }

    def _kept(self, channel: Mapping[str, Any]) -> Mapping[str, Any]:
        source = channel["DataSource"].get("S3DataSource", {"S3DataType": "S3Prefix"})
        uri = f"s3://{self.bucket}/scratch/{self.run_id}/splits/{channel['ChannelName']}/"
        return {**channel, "DataSource": {"S3DataSource": {**source, "S3Uri": uri}}}

    @property
    def output(self) -> Place:
        """Where the job left what is no model: metrics and predictions."""
        return output_of(self.job)


def read_run(clients: Clients, stack: str, run_id: str) -> Run:
    """Read a run of a stack, and make sure that it can be trained again.

    Raises:
        RetrainingError: it has no model, was not trained by SageMaker, or its splits are gone.
    """
    bucket = _artifacts_bucket(clients.cloudformation, stack)
    result = _result(clients.s3, bucket, run_id)
    job = clients.sagemaker.describe_training_job(TrainingJobName=_job_name(run_id, result))
    package = clients.sagemaker.describe_model_package(ModelPackageName=result["model_package_arn"])
    run = Run(
        run_id=run_id,
        project=result["project"],
        stack=stack,
        bucket=bucket,
        result=result,
        job=job,
        tags=_tags(clients.sagemaker, job["TrainingJobArn"]),
        image=package["InferenceSpecification"]["Containers"][0]["Image"],
    )
    _refuse_missing_splits(clients.s3, run)
    return run


def champion_of(clients: Clients, run: Run) -> Champion | None:
    """Return the newest approved version of the run's project, None where there is none."""
    group = f"{run.stack}-{run.project}"
    pages = clients.sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group,
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
    )
    for found in _completed(pages):
        package = clients.sagemaker.describe_model_package(ModelPackageName=found)
        told = package.get("CustomerMetadataProperties", {})
        containers = package.get("InferenceSpecification", {}).get("Containers", [{}])
        return Champion(
            package_arn=found,
            version=int(found.rpartition("/")[2]),
            trainer=told.get("trainer", _SAGEMAKER),
            model_uri=containers[0].get("ModelDataUrl") or told.get("model_uri", ""),
        )
    return None


def output_of(job: Mapping[str, Any]) -> Place:
    """Return where SageMaker put the output of a job that completed."""
    folder = place_of(job["OutputDataConfig"]["S3OutputPath"])
    key = f"{folder.key.rstrip('/')}/{job['TrainingJobName']}/output/output.tar.gz"
    return Place(folder.bucket, key)


def _completed(pages: Any) -> Iterator[str]:
    for page in pages:
        for one in page["ModelPackageSummaryList"]:
            if one["ModelPackageStatus"] == "Completed":
                yield one["ModelPackageArn"]


def _artifacts_bucket(cloudformation: Any, stack: str) -> str:
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])}
    if "ArtifactsBucketName" not in outputs:
        raise RetrainingError(f"The stack {stack} is no stack of Thriftline; name the one that is.")
    return str(outputs["ArtifactsBucketName"])


def _result(s3: Any, bucket: str, run_id: str) -> Mapping[str, Any]:
    place = document_place(bucket, run_id, RESULT)
    try:
        body = s3.get_object(Bucket=place.bucket, Key=place.key)["Body"].read()
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING:
            raise
        raise RetrainingError(
            f"{place.uri} does not exist: the run still goes on, or has another name "
            "(thriftline runs list)."
        ) from error
    result: Mapping[str, Any] = json.loads(body)
    return result


def _job_name(run_id: str, result: Mapping[str, Any]) -> str:
    if result["status"] not in _WITH_MODEL or result["model_package_arn"] is None:
        raise RetrainingError(
            f"Run {run_id} ended as {result['status']} and left no model: {result['reason']}"
        )
    trainer = (result["plan"] or {}).get("trainer")
    if trainer != _SAGEMAKER:
        raise RetrainingError(
            f"Run {run_id} was trained by {trainer}; a notebook trains with this project's image "
            "on SageMaker alone. Take a run of trainer: sagemaker."
        )
    completed = [each["job_name"] for each in result["attempts"] if each["ending"] == "completed"]
    if not completed:
        raise RetrainingError(f"Run {run_id} names no job that completed.")
    return str(completed[-1])


def _tags(sagemaker: Any, arn: str) -> dict[str, str]:
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return {each["Key"]: each["Value"] for page in pages for each in page["Tags"]}


def _refuse_missing_splits(s3: Any, run: Run) -> None:
    for name, channel in run.channels.items():
        place = place_of(channel["DataSource"]["S3DataSource"]["S3Uri"])
        # The champion of now is asked, not the one of then.
        if name == "champion":
            continue
        found = s3.list_objects_v2(Bucket=place.bucket, Prefix=place.key, MaxKeys=1)
        if not found.get("KeyCount"):
            raise RetrainingError(
                f"Channel {name} of run {run.run_id} is gone: {place.uri} is empty. A run removes "
                "its splits when it ends, unless run.yaml says dataset: {keep_splits: true}, which "
                "keeps them for 60 days. Upload the data again with it."
            )
