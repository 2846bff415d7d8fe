"""Versions in the Model Registry, as a deployment needs them."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.dataclass import dataclass

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_BY_US = "thriftline"


@dataclass(frozen=True)
class ModelPackage:
    """A version. ``image`` is None for one that its trainer's own service serves."""

    arn: str
    group: str
    number: int
    status: str
    approval: str
    project: str | None
    image: str | None
    artifact_uri: str
    trainer: str
    run_id: str | None


class ModelPackages:
    """The registry's groups of one stack, through one client."""

    def __init__(self, client: "SageMakerClient", stack: str) -> None:
        self._client = client
        self._stack = stack

    def group_of(self, project: str) -> str:
        """Returns the name of a project's group."""
        return f"{self._stack}-{project}"

    def read(self, arn: str) -> ModelPackage | None:
        """Returns a version, None when there is none of this ARN."""
        with translated(f"reading {arn}"):
            try:
                found = self._client.describe_model_package(ModelPackageName=arn)
            except ClientError as error:
                if not _is_missing(error):
                    raise
                return None
        told = found.get("CustomerMetadataProperties", {})
        origin = found.get("MetadataProperties", {})
        containers = found.get("InferenceSpecification", {}).get("Containers", [])
        first = containers[0] if containers else {}
        return ModelPackage(
            arn=found["ModelPackageArn"],
            group=found.get("ModelPackageGroupName", ""),
            number=found.get("ModelPackageVersion", 0),
            status=found["ModelPackageStatus"],
            approval=found.get("ModelApprovalStatus", "PendingManualApproval"),
            project=origin.get("ProjectId") if origin.get("GeneratedBy") == _BY_US else None,
            image=first.get("Image"),
            artifact_uri=first.get("ModelDataUrl") or told.get("model_uri", ""),
            trainer=told.get("trainer", "sagemaker"),
            run_id=told.get("run_id"),
        )

    def numbered(self, project: str, number: int) -> str | None:
        """Returns the ARN of a version of a project by its number, None without one."""
        with translated(f"listing the models of {project}"):
            try:
                pages = self._client.get_paginator("list_model_packages").paginate(
                    ModelPackageGroupName=self.group_of(project)
                )
                for page in pages:
                    for one in page["ModelPackageSummaryList"]:
                        if one["ModelPackageArn"].rpartition("/")[2] == str(number):
                            return one["ModelPackageArn"]
            except ClientError as error:
                if not _is_missing(error):
                    raise
        return None

    def newest_approved(self, project: str) -> str | None:
        """Returns the ARN of the newest approved version of a project, None without one."""
        with translated(f"listing the models of {project}"):
            try:
                pages = self._client.get_paginator("list_model_packages").paginate(
                    ModelPackageGroupName=self.group_of(project),
                    ModelApprovalStatus="Approved",
                    SortBy="CreationTime",
                    SortOrder="Descending",
                )
                for page in pages:
                    for one in page["ModelPackageSummaryList"]:
                        if one["ModelPackageStatus"] == "Completed":
                            return one["ModelPackageArn"]
            except ClientError as error:
                if not _is_missing(error):
                    raise
        return None


def _is_missing(error: ClientError) -> bool:
    said = str(error.response.get("Error", {}).get("Message", "")).lower()
    missing = "does not exist" in said or "not found" in said or "could not find" in said
    return missing and code_of(error) in {"ValidationException", "ResourceNotFound"}
