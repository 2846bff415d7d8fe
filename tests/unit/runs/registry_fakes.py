"""A model registry in memory that answers as SageMaker does where moto does not."""

from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError


def refusal(code: str, message: str, operation: str) -> ClientError:
    """Returns what boto3 raises for a refused call."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class FakeRegistryClient:
    """The calls of a SageMaker client that the registry's adapter makes.

    Lists come in pages of two, and a filtered page may be empty as SageMaker's may.
    """

    def __init__(self) -> None:
        self.groups: dict[str, dict[str, Any]] = {}
        self.packages: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.faster_run = False

    def describe_model_package_group(self, **request: Any) -> dict[str, Any]:
        self.calls.append("describe_model_package_group")
        name = request["ModelPackageGroupName"]
        if name not in self.groups:
            raise refusal("ValidationException", f"{name} does not exist.", "Describe")
        return self.groups[name]

    def create_model_package_group(self, **request: Any) -> dict[str, Any]:
        self.calls.append("create_model_package_group")
        name = request["ModelPackageGroupName"]
        if name in self.groups or self.faster_run:
            raise refusal("ValidationException", "Model Package Group already exists.", "Create")
        self.groups[name] = request
        return {"ModelPackageGroupArn": f"arn:group/{name}"}

    def create_model_package(self, **request: Any) -> dict[str, Any]:
        self.calls.append("create_model_package")
        return {"ModelPackageArn": self.add(request, datetime.fromisoformat("2026-11-21T12:00Z"))}

    def add(self, request: dict[str, Any], created: datetime, status: str = "Completed") -> str:
        """Keeps a version and returns its ARN."""
        arn = f"arn:package/{request['ModelPackageGroupName']}/{len(self.packages) + 1}"
        self.packages.append(
            request
            | {"ModelPackageArn": arn, "CreationTime": created, "ModelPackageStatus": status}
        )
        return arn

    def describe_model_package(self, **request: Any) -> dict[str, Any]:
        return next(
            one for one in self.packages if one["ModelPackageArn"] == request["ModelPackageName"]
        )

    def update_model_package(self, **request: Any) -> dict[str, Any]:
        self.calls.append("update_model_package")
        arn = request.pop("ModelPackageArn")
        package = next(one for one in self.packages if one["ModelPackageArn"] == arn)
        told = request.pop("CustomerMetadataProperties", {})
        if told:
            package["CustomerMetadataProperties"] = {
                **package.get("CustomerMetadataProperties", {}),
                **told,
            }
        package.update(request)
        return {"ModelPackageArn": arn}

    def get_paginator(self, operation: str) -> "FakeRegistryClient":
        assert operation == "list_model_packages"
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        self.calls.append("list_model_packages")
        group = request["ModelPackageGroupName"]
        if group not in self.groups:
            raise refusal("ValidationException", f"ModelPackageGroup {group} does not exist", "L")
        assert (request["SortBy"], request["SortOrder"]) == ("CreationTime", "Descending")
        own = [one for one in self.packages if one["ModelPackageGroupName"] == group]
        own.sort(key=lambda one: one["CreationTime"], reverse=True)
        after = request.get("CreationTimeAfter")
        wanted = request.get("ModelApprovalStatus")
        pages = [own[start : start + 2] for start in range(0, len(own), 2)] or [[]]
        return [
            {
                "ModelPackageSummaryList": [
                    one
                    for one in page
                    if (wanted is None or one["ModelApprovalStatus"] == wanted)
                    and (after is None or one["CreationTime"] > after)
                ]
            }
            for page in pages
        ]
