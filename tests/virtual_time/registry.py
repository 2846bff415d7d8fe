"""SageMaker's model registry in memory, as far as runs write to it."""

from datetime import datetime
from typing import Any

from tests.virtual_time.refusals import refusal
from tests.virtual_time.timeline import Timeline

_ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package"


class MemoryRegistry:
    """Groups and their versions, the oldest first."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self.groups: dict[str, list[dict[str, Any]]] = {}
        self._tokens: dict[str, str] = {}

    def describe_model_package_group(self, *, ModelPackageGroupName: str) -> dict[str, Any]:
        self._group("DescribeModelPackageGroup", ModelPackageGroupName)
        return {"ModelPackageGroupName": ModelPackageGroupName}

    def list_model_package_groups(self, *, NameContains: str = "", **_: Any) -> dict[str, Any]:
        names = sorted(name for name in self.groups if NameContains in name)
        return {"ModelPackageGroupSummaryList": [{"ModelPackageGroupName": one} for one in names]}

    def create_model_package_group(self, *, ModelPackageGroupName: str, **_: Any) -> dict[str, Any]:
        if ModelPackageGroupName in self.groups:
            raise refusal(
                "CreateModelPackageGroup", "ValidationException", "It does already exist."
            )
        self.groups[ModelPackageGroupName] = []
        return {}

    def create_model_package(self, *, ClientToken: str, **request: Any) -> dict[str, Any]:
        name = request["ModelPackageGroupName"]
        versions = self._group("CreateModelPackage", name)
        # The same call again is the same version.
        if ClientToken not in self._tokens:
            arn = f"{_ARN}/{name}/{len(versions) + 1}"
            versions.append(
                {
                    **request,
                    "ModelPackageArn": arn,
                    "ModelPackageStatus": "Completed",
                    "CreationTime": self._timeline.now,
                }
            )
            self._tokens[ClientToken] = arn
        return {"ModelPackageArn": self._tokens[ClientToken]}

    def update_model_package(
        self, *, ModelPackageArn: str, CustomerMetadataProperties: Any = None, **changes: Any
    ) -> dict[str, Any]:
        found = self._version("UpdateModelPackage", ModelPackageArn)
        found.update(changes)
        if CustomerMetadataProperties:
            old = found.get("CustomerMetadataProperties", {})
            found["CustomerMetadataProperties"] = {**old, **CustomerMetadataProperties}
        return {}

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:
        return dict(self._version("DescribeModelPackage", ModelPackageName))

    def list_model_packages(
        self,
        *,
        ModelPackageGroupName: str,
        ModelApprovalStatus: str | None = None,
        CreationTimeAfter: datetime | None = None,
        **_: Any,
    ) -> dict[str, Any]:
        versions = self._group("ListModelPackages", ModelPackageGroupName)
        found = [
            dict(one)
            for one in reversed(versions)
            if ModelApprovalStatus in {None, one["ModelApprovalStatus"]}
            and (CreationTimeAfter is None or one["CreationTime"] > CreationTimeAfter)
        ]
        return {"ModelPackageSummaryList": found}

    def versions_of(self, run_id: str) -> list[dict[str, Any]]:
        """The versions that say that they are of a run."""
        return [
            one
            for versions in self.groups.values()
            for one in versions
            if one["CustomerMetadataProperties"]["run_id"] == run_id
        ]

    def _group(self, operation: str, name: str) -> list[dict[str, Any]]:
        if name not in self.groups:
            raise refusal(operation, "ValidationException", f"{name} does not exist.")
        return self.groups[name]

    def _version(self, operation: str, arn: str) -> dict[str, Any]:
        for versions in self.groups.values():
            for one in versions:
                if one["ModelPackageArn"] == arn:
                    return one
        raise refusal(operation, "ValidationException", f"{arn} does not exist.")
