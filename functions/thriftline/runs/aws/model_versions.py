"""The versions of a project in the Model Registry, as people look at them and decide."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.dataclass import dataclass
from thriftline.core.text import plain
from thriftline.runs.aws.model_registry import group_name_of

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

Approval = Literal["Approved", "Rejected"]
_LONGEST_DESCRIPTION = 1024
_UNKNOWN = {"ValidationException", "ResourceNotFound"}


@dataclass(frozen=True)
class RegisteredVersion:
    """One version; ``facts`` is what it says of where it comes from, as texts."""

    number: int
    arn: str
    status: str
    approval: str
    description: str
    approval_description: str | None
    created_at: datetime
    facts: Mapping[str, str]

    @property
    def is_usable(self) -> bool:
        """Whether the gate compares with it: the newest such one is the champion."""
        return self.approval == "Approved" and self.status == "Completed"


@dataclass(frozen=True)
class VersionPage:
    """Some versions, the newest first; ``token`` is the registry's own."""

    versions: tuple[RegisteredVersion, ...]
    token: str | None


class ModelVersions:
    """The registry's groups of one stack, through one client."""

    def __init__(self, client: "SageMakerClient", stack: str) -> None:
        self._client = client
        self._stack = stack

    def page(self, project: str, limit: int, token: str | None) -> VersionPage | None:
        """Returns a page of versions; None when the project has none, or the token is old."""
        request: dict[str, Any] = {
            "ModelPackageGroupName": group_name_of(self._stack, project),
            "SortBy": "CreationTime",
            "SortOrder": "Descending",
            "MaxResults": limit,
        }
        if token:
            request["NextToken"] = token
        with translated(f"listing the models of {project}"):
            try:
                found = self._client.list_model_packages(**request)
            except ClientError as error:
                if code_of(error) not in _UNKNOWN:
                    raise
                return None
        arns = [one["ModelPackageArn"] for one in found["ModelPackageSummaryList"]]
        return VersionPage(tuple(map(self._described, arns)), found.get("NextToken"))

    def of(self, project: str, number: int) -> RegisteredVersion | None:
        """Returns a version by its number, None when there is none."""
        with translated(f"listing the models of {project}"):
            try:
                pages = self._client.get_paginator("list_model_packages").paginate(
                    ModelPackageGroupName=group_name_of(self._stack, project)
                )
                for page in pages:
                    for one in page["ModelPackageSummaryList"]:
                        if one["ModelPackageArn"].rpartition("/")[2] == str(number):
                            return self._described(one["ModelPackageArn"])
            except ClientError as error:
                if code_of(error) not in _UNKNOWN:
                    raise
        return None

    def decide(self, arn: str, approval: Approval, why: str) -> RegisteredVersion:
        """Approves or rejects a version, and returns it as it is then."""
        with translated(f"deciding about {arn}"):
            self._client.update_model_package(
                ModelPackageArn=arn,
                ModelApprovalStatus=approval,
                ApprovalDescription=plain(why, _LONGEST_DESCRIPTION),
            )
        return self._described(arn)

    def _described(self, arn: str) -> RegisteredVersion:
        with translated(f"reading {arn}"):
            found = self._client.describe_model_package(ModelPackageName=arn)
        return RegisteredVersion(
            number=int(arn.rpartition("/")[2]),
            arn=arn,
            status=found["ModelPackageStatus"],
            approval=found.get("ModelApprovalStatus", "PendingManualApproval"),
            description=found.get("ModelPackageDescription", ""),
            approval_description=found.get("ApprovalDescription") or None,
            created_at=found["CreationTime"],
            facts=found.get("CustomerMetadataProperties", {}),
        )
