"""SageMaker's Model Registry: one package group a project, one version a run."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.dataclass import dataclass
from thriftline.core.text import plain

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import ModelPackageSummaryTypeDef

_STATUSES: dict[str, Literal["Approved", "PendingManualApproval", "Rejected"]] = {
    "approved": "Approved",
    "pending": "PendingManualApproval",
    "rejected": "Rejected",
}
_LONGEST_DESCRIPTION = 1024
_LONGEST_METADATA = 256
_MOST_METADATA = 50
_NOT_IN_METADATA = re.compile(r"[^\w .:/=+\-@]")
# Clocks differ a little.
_SKEW = timedelta(minutes=5)


@dataclass(frozen=True)
class RegisteredModel:
    """One version in the registry: which way to train made it, and in which attempt of which run.

    ``model_uri`` is where the model lies, in the trainer's words: an archive, or a custom model.
    What a version of a former release does not say is None.
    """

    package_arn: str
    model_uri: str
    trainer: str
    run_id: str | None = None
    job_name: str | None = None
    deployment_arn: str | None = None


@dataclass(frozen=True)
class ModelVersion:
    """A version to register. ``lineage`` says where it comes from, as short texts.

    ``image_uri`` is the container that serves it; None where the trainer's own service does, and
    ``document_url`` then says how it is asked.
    """

    run_id: str
    project: str
    opened_at: datetime
    trainer: str
    image_uri: str | None
    model_uri: str
    document_url: str
    evaluation_url: str
    promotion: Literal["approved", "pending", "rejected"]
    reason: str
    lineage: Mapping[str, str]


def group_name_of(stack: str, project: str) -> str:
    """Returns the name of a project's model package group.

    The stack's name goes before, so that two stacks of one account have their own champions.
    """
    return f"{stack}-{project}"


def version_number(package_arn: str) -> int:
    """Returns the place of a version in its group, which its ARN ends with."""
    return int(package_arn.rpartition("/")[2])


def _is_about_no_group(error: ClientError) -> bool:
    # The registry has no error code of its own for this: it is a ValidationException.
    message = str(error.response.get("Error", {}).get("Message", ""))
    return code_of(error) in {"ValidationException", "ResourceNotFound"} and (
        "does not exist" in message or "not found" in message
    )


def _already_exists(error: ClientError) -> bool:
    message = str(error.response.get("Error", {}).get("Message", ""))
    return "already exist" in message or code_of(error) == "ConflictException"


def _description(version: ModelVersion) -> str:
    return plain(f"{_mark(version.run_id)} {version.reason}", _LONGEST_DESCRIPTION)


def _mark(run_id: str) -> str:
    return f"Thriftline run {run_id}:"


def _metadata(version: ModelVersion) -> dict[str, str]:
    """The registry takes at most 50 values of at most 256 of certain characters, none empty."""
    shown = {
        name: _shown(value)
        for name, value in {
            "run_id": version.run_id,
            "trainer": version.trainer,
            "model_uri": version.model_uri,
            **version.lineage,
        }.items()
        if value
    }
    return dict(list(shown.items())[:_MOST_METADATA])


def _shown(value: str) -> str:
    return _NOT_IN_METADATA.sub("_", value)[:_LONGEST_METADATA]


def create_request(version: ModelVersion, group: str) -> dict[str, Any]:
    """Returns the parameters of CreateModelPackage.

    A version takes no tags: it has those of its group. The token makes a repeated call, which
    may follow a lost answer, the same call. A model without a container has no specification of
    how it is served, which would need one: its source is the document that says how it is asked.
    """
    return {
        "ModelPackageGroupName": group,
        "ModelPackageDescription": _description(version),
        "ModelApprovalStatus": _STATUSES[version.promotion],
        **_source(version),
        "ModelMetrics": {
            "ModelQuality": {
                "Statistics": {
                    "ContentType": "application/json",
                    "S3Uri": version.evaluation_url,
                }
            }
        },
        "CustomerMetadataProperties": _metadata(version),
        "MetadataProperties": {"GeneratedBy": "thriftline", "ProjectId": version.project},
        "ClientToken": hashlib.sha256(version.run_id.encode()).hexdigest()[:32],
    }


def _source(version: ModelVersion) -> dict[str, Any]:
    if version.image_uri is None:
        return {"SourceUri": version.document_url}
    return {
        "InferenceSpecification": {
            "Containers": [{"Image": version.image_uri, "ModelDataUrl": version.model_uri}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        }
    }


class ModelRegistry:
    """The registry's groups of one stack, through one client."""

    def __init__(self, client: "SageMakerClient", stack: str) -> None:
        self._client = client
        self._stack = stack

    def champion(self, project: str) -> RegisteredModel | None:
        """Returns the newest approved version of a project, None when there is none."""
        for found in self._versions(project, approved_only=True):
            # A version that failed its own checks cannot be served.
            if found["ModelPackageStatus"] == "Completed":
                return self._registered(found["ModelPackageArn"])
        return None

    def ensure_group(self, project: str, tags: Mapping[str, str]) -> None:
        """Makes the project's package group if it is not there."""
        name = group_name_of(self._stack, project)
        with translated(f"making the model package group {name}"):
            try:
                self._client.describe_model_package_group(ModelPackageGroupName=name)
            except ClientError as error:
                if not _is_about_no_group(error):
                    raise
            else:
                return
            try:
                self._client.create_model_package_group(
                    ModelPackageGroupName=name,
                    ModelPackageGroupDescription=f"Models that Thriftline trained for {project}.",
                    Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
                )
            except ClientError as error:
                # Another run of the project was faster.
                if not _already_exists(error):
                    raise

    def register(self, version: ModelVersion, tags: Mapping[str, str]) -> str:
        """Registers a run's model once and returns its ARN, also when it is asked again."""
        self.ensure_group(version.project, tags)
        registered = self._version_of(version.run_id, version.project, version.opened_at)
        if registered:
            return registered["ModelPackageArn"]
        with translated(f"registering the model of run {version.run_id}"):
            return self._client.create_model_package(
                **create_request(version, group_name_of(self._stack, version.project))
            )["ModelPackageArn"]

    def note(self, arn: str, **facts: str) -> None:
        """Adds facts to what a version says of itself."""
        with translated(f"noting {', '.join(facts)} of {arn}"):
            self._client.update_model_package(
                ModelPackageArn=arn,
                CustomerMetadataProperties={name: _shown(value) for name, value in facts.items()},
            )

    def withdraw(self, run_id: str, project: str, opened_at: datetime, reason: str) -> str | None:
        """Sets the version of a run that failed to Rejected; returns its ARN, None without one.

        A run may fail after its model was registered, or be stopped in between.
        """
        found = self._version_of(run_id, project, opened_at)
        if found is None:
            return None
        arn = found["ModelPackageArn"]
        if found["ModelApprovalStatus"] != "Rejected":
            with translated(f"rejecting {arn}"):
                self._client.update_model_package(
                    ModelPackageArn=arn,
                    ModelApprovalStatus="Rejected",
                    ApprovalDescription=plain(f"Its run failed: {reason}", _LONGEST_DESCRIPTION),
                )
        return arn

    def version_of(self, run_id: str, project: str, opened_at: datetime) -> RegisteredModel | None:
        """Returns the version of a run, None when it has none."""
        found = self._version_of(run_id, project, opened_at)
        return self._registered(found["ModelPackageArn"]) if found else None

    def projects(self) -> tuple[str, ...]:
        """Returns the projects that have a group; another stack's may look like one of them."""
        prefix = group_name_of(self._stack, "")
        with translated("listing the model package groups"):
            pages = self._client.get_paginator("list_model_package_groups").paginate(
                NameContains=prefix
            )
            names = [
                one["ModelPackageGroupName"]
                for page in pages
                for one in page["ModelPackageGroupSummaryList"]
            ]
        return tuple(name.removeprefix(prefix) for name in names if name.startswith(prefix))

    def _version_of(
        self, run_id: str, project: str, opened_at: datetime
    ) -> "ModelPackageSummaryTypeDef | None":
        mark = _mark(run_id)
        versions = self._versions(project, created_after=opened_at - _SKEW)
        own = (one for one in versions if one.get("ModelPackageDescription", "").startswith(mark))
        return next(own, None)

    def _registered(self, arn: str) -> RegisteredModel:
        with translated(f"reading {arn}"):
            found = self._client.describe_model_package(ModelPackageName=arn)
        told = found.get("CustomerMetadataProperties", {})
        containers = found.get("InferenceSpecification", {}).get("Containers", [{}])
        return RegisteredModel(
            arn,
            containers[0].get("ModelDataUrl") or told.get("model_uri", ""),
            told.get("trainer", "sagemaker"),
            told.get("run_id"),
            told.get("job_name"),
            told.get("deployment_arn"),
        )

    def _versions(
        self,
        project: str,
        *,
        approved_only: bool = False,
        created_after: datetime | None = None,
    ) -> "Iterator[ModelPackageSummaryTypeDef]":
        """Yields a project's versions, the newest first; none when it has no group."""
        request: dict[str, Any] = {
            "ModelPackageGroupName": group_name_of(self._stack, project),
            "SortBy": "CreationTime",
            "SortOrder": "Descending",
        }
        if approved_only:
            request["ModelApprovalStatus"] = "Approved"
        if created_after:
            request["CreationTimeAfter"] = created_after
        with translated(f"listing the models of {project}"):
            try:
                for page in self._client.get_paginator("list_model_packages").paginate(**request):
                    yield from page["ModelPackageSummaryList"]
            except ClientError as error:
                if not _is_about_no_group(error):
                    raise
