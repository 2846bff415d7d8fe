"""The SageMaker Model Registry: what was put comes back.

moto keeps model packages but loses several of their fields. Here a package is the request that
made it, with the fields that SageMaker adds.
"""

import itertools
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.responses import SageMakerResponse

from local_aws.hooks import Hooks
from local_aws.services.places import Places

Request = dict[str, Any]
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_APPROVALS = ("Approved", "Rejected", "PendingManualApproval")
_UPDATABLE = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "AdditionalInferenceSpecificationsToAdd",
    "InferenceSpecification",
    "SourceUri",
    "ModelCard",
    "ModelLifeCycle",
)
_SUMMARY = (
    "ModelPackageName",
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelLifeCycle",
)
_DEFAULT_PAGE = 10


def _refuse(message: str) -> JsonRESTError:
    return JsonRESTError("ValidationException", message)


@dataclass
class _Entry:
    """A group or a package: the description, and its tags."""

    description: Request
    tags: list[dict[str, str]] = field(default_factory=list)


class ModelRegistry:
    """Model package groups and packages of one account and region."""

    def __init__(
        self,
        account: str,
        region: str,
        clock: Callable[[], datetime],
        announce: Callable[[str, str, Request], None] = lambda *_: None,
    ) -> None:
        self._arn = f"arn:aws:sagemaker:{region}:{account}"
        self._place = (account, region)
        self._clock = clock
        self._announce = announce
        self._groups: dict[str, _Entry] = {}
        self._packages: dict[str, _Entry] = {}
        self._versions: dict[str, itertools.count[int]] = {}

    def find(self, arn: str) -> _Entry | None:
        """Return the group or package of an ARN."""
        groups = {each.description["ModelPackageGroupArn"]: each for each in self._groups.values()}
        return groups.get(arn) or self._packages.get(arn)

    def create_group(self, request: Request) -> Request:
        """CreateModelPackageGroup."""
        name = request["ModelPackageGroupName"]
        if not _NAME.fullmatch(name):
            raise _refuse(
                f"Value '{name}' at 'modelPackageGroupName' does not match {_NAME.pattern}"
            )
        if name in self._groups:
            raise _refuse(f"Model Package Group already exists: {self._group_arn(name)}")
        description = {key: value for key, value in request.items() if key != "Tags"}
        description |= {
            "ModelPackageGroupArn": self._group_arn(name),
            "ModelPackageGroupStatus": "Completed",
            "CreationTime": self._clock(),
            "CreatedBy": {},
        }
        self._groups[name] = _Entry(description, list(request.get("Tags", [])))
        return {"ModelPackageGroupArn": self._group_arn(name)}

    def _group_arn(self, name: str) -> str:
        return f"{self._arn}:model-package-group/{name}"

    def _group(self, name: str) -> _Entry:
        name = name.rsplit("/", 1)[-1]
        if name not in self._groups:
            raise _refuse(f"ModelPackageGroup {self._group_arn(name)} does not exist.")
        return self._groups[name]

    def describe_group(self, request: Request) -> Request:
        """DescribeModelPackageGroup."""
        return self._group(request["ModelPackageGroupName"]).description

    def list_groups(self, request: Request) -> Request:
        """ListModelPackageGroups."""
        part = request.get("NameContains", "")
        rows = [
            entry.description
            for name, entry in self._groups.items()
            if part.lower() in name.lower()
        ]
        return _page(request, rows, "ModelPackageGroupSummaryList", "ModelPackageGroupName")

    def delete_group(self, request: Request) -> None:
        """DeleteModelPackageGroup."""
        name = self._group(request["ModelPackageGroupName"]).description["ModelPackageGroupName"]
        if self._in_group(name):
            raise JsonRESTError("ConflictException", f"Model Package Group {name} is not empty")
        del self._groups[name]

    def create_package(self, request: Request) -> Request:
        """CreateModelPackage: a version in a group, or a package with a name of its own."""
        group = request.get("ModelPackageGroupName")
        if bool(group) == bool(request.get("ModelPackageName")):
            raise _refuse("Give either ModelPackageName or ModelPackageGroupName.")
        description = {
            key: value for key, value in request.items() if key not in ("Tags", "ClientToken")
        }
        if group:
            group = self._group(group).description["ModelPackageGroupName"]
            version = next(self._versions.setdefault(group, itertools.count(1)))
            description |= {"ModelPackageGroupName": group, "ModelPackageVersion": version}
            suffix = f"{group}/{version}"
        else:
            suffix = request["ModelPackageName"]
        arn = f"{self._arn}:model-package/{suffix}"
        approval = request.get("ModelApprovalStatus", "PendingManualApproval")
        _check_approval(approval)
        description |= {
            "ModelPackageArn": arn,
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
            "ModelApprovalStatus": approval,
            "CreationTime": self._clock(),
        }
        self._packages[arn] = _Entry(description, list(request.get("Tags", [])))
        self._announce(*self._place, _event(description))
        return {"ModelPackageArn": arn}

    def _package(self, name: str) -> _Entry:
        arn = name if name.startswith("arn:") else f"{self._arn}:model-package/{name}"
        if arn not in self._packages:
            raise _refuse(f"ModelPackage {arn} does not exist.")
        return self._packages[arn]

    def _in_group(self, name: str) -> list[Request]:
        rows = (entry.description for entry in self._packages.values())
        return [row for row in rows if row.get("ModelPackageGroupName") == name]

    def describe_package(self, request: Request) -> Request:
        """DescribeModelPackage."""
        return self._package(request["ModelPackageName"]).description

    def list_packages(self, request: Request) -> Request:
        """ListModelPackages: by group, approval, time and name; newest first unless asked."""
        rows: Iterable[Request] = (entry.description for entry in self._packages.values())
        if group := request.get("ModelPackageGroupName"):
            rows = self._in_group(self._group(group).description["ModelPackageGroupName"])
        elif request.get("ModelPackageType", "Unversioned") == "Unversioned":
            rows = [row for row in rows if "ModelPackageVersion" not in row]
        elif request["ModelPackageType"] == "Versioned":
            rows = [row for row in rows if "ModelPackageVersion" in row]
        wanted = [row for row in rows if _wanted(row, request)]
        summaries = [{key: row[key] for key in _SUMMARY if key in row} for row in wanted]
        return _page(request, summaries, "ModelPackageSummaryList", "ModelPackageArn")

    def update_package(self, request: Request) -> Request:
        """UpdateModelPackage."""
        description = self._package(request["ModelPackageArn"]).description
        if "ModelApprovalStatus" in request:
            _check_approval(request["ModelApprovalStatus"])
        properties = dict(description.get("CustomerMetadataProperties", {}))
        properties |= request.get("CustomerMetadataProperties", {})
        for key in request.get("CustomerMetadataPropertiesToRemove", []):
            properties.pop(key, None)
        description |= {key: request[key] for key in _UPDATABLE if key in request}
        if properties:
            description["CustomerMetadataProperties"] = properties
        description["LastModifiedTime"] = self._clock()
        if "ModelApprovalStatus" in request:
            self._announce(*self._place, _event(description))
        return {"ModelPackageArn": description["ModelPackageArn"]}

    def delete_package(self, request: Request) -> None:
        """DeleteModelPackage."""
        del self._packages[
            self._package(request["ModelPackageName"]).description["ModelPackageArn"]
        ]


_REPLACED: dict[str, Callable[[ModelRegistry, Request], Request | None]] = {
    "create_model_package_group": ModelRegistry.create_group,
    "describe_model_package_group": ModelRegistry.describe_group,
    "list_model_package_groups": ModelRegistry.list_groups,
    "create_model_package": ModelRegistry.create_package,
    "describe_model_package": ModelRegistry.describe_package,
    "list_model_packages": ModelRegistry.list_packages,
    "update_model_package": ModelRegistry.update_package,
}
_ADDED: dict[str, Callable[[ModelRegistry, Request], Request | None]] = {
    "delete_model_package": ModelRegistry.delete_package,
    "delete_model_package_group": ModelRegistry.delete_group,
}


class ModelRegistries:
    """The registry of each account and region."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._publish: Callable[[str, str, Request], None] = lambda *_: None
        self._places = Places(
            lambda account, region: ModelRegistry(account, region, clock, self._announce)
        )

    def connect(self, publish: Callable[[str, str, Request], None]) -> None:
        """Say who hears of versions that are new or judged anew: by account, region and detail."""
        self._publish = publish

    def _announce(self, account: str, region: str, detail: Request) -> None:
        self._publish(account, region, detail)

    def at(self, account: str, region: str) -> ModelRegistry:
        """Return the registry of an account in a region."""
        return self._places.at(account, region)

    def install(self, hooks: Hooks) -> None:
        """Answer the registry's calls; tags of anything else stay with moto."""
        for name, method in _REPLACED.items():
            hooks.replace(SageMakerResponse, name, self._answer(method))
        for name, method in _ADDED.items():
            hooks.add(SageMakerResponse, name, self._answer(method))
        self._install_tags(hooks)

    def _of(self, response: Any) -> ModelRegistry:
        return self.at(response.current_account, response.region)

    def _answer(
        self, method: Callable[[ModelRegistry, Request], Request | None]
    ) -> Callable[[Any], Any]:
        def respond(response: Any) -> Any:
            result = method(self._of(response), json.loads(response.body or "{}"))
            return EmptyResult() if result is None else ActionResult(result)

        return respond

    def _install_tags(self, hooks: Hooks) -> None:
        list_tags, add_tags = SageMakerResponse.list_tags, SageMakerResponse.add_tags
        delete_tags = SageMakerResponse.delete_tags

        def list_own(response: Any) -> Any:
            entry = self._of(response).find(response._get_param("ResourceArn"))
            return ActionResult({"Tags": entry.tags}) if entry else list_tags(response)

        def add_own(response: Any) -> Any:
            entry = self._of(response).find(response._get_param("ResourceArn"))
            if entry is None:
                return add_tags(response)
            new = list(response._get_param("Tags"))
            keys = {tag["Key"] for tag in new}
            entry.tags = [tag for tag in entry.tags if tag["Key"] not in keys] + new
            return ActionResult({"Tags": entry.tags})

        def delete_own(response: Any) -> Any:
            entry = self._of(response).find(response._get_param("ResourceArn"))
            if entry is None:
                return delete_tags(response)
            gone = response._get_param("TagKeys")
            entry.tags = [tag for tag in entry.tags if tag["Key"] not in gone]
            return EmptyResult()

        hooks.replace(SageMakerResponse, "delete_tags", delete_own)
        hooks.replace(SageMakerResponse, "list_tags", list_own)
        hooks.replace(SageMakerResponse, "add_tags", add_own)


def _event(description: Request) -> Request:
    """Return the detail of "SageMaker Model Package State Change"."""
    named = {key: description[key] for key in _SUMMARY if key in description}
    return named | {"CreationTime": description["CreationTime"].isoformat()}


def _check_approval(status: str) -> None:
    if status not in _APPROVALS:
        raise _refuse(f"Value '{status}' at 'modelApprovalStatus' is none of {_APPROVALS}")


def _wanted(row: Request, request: Request) -> bool:
    approval = request.get("ModelApprovalStatus", row["ModelApprovalStatus"])
    name = row.get("ModelPackageName") or row.get("ModelPackageGroupName", "")
    after = _moment(request.get("CreationTimeAfter"))
    before = _moment(request.get("CreationTimeBefore"))
    return (
        row["ModelApprovalStatus"] == approval
        and request.get("NameContains", "").lower() in name.lower()
        and (after is None or row["CreationTime"] > after)
        and (before is None or row["CreationTime"] < before)
    )


def _moment(value: Any) -> datetime | None:
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    return value if value is None else datetime.fromisoformat(str(value))


def _page(request: Request, rows: list[Request], key: str, name: str) -> Request:
    by_time = request.get("SortBy", "CreationTime") == "CreationTime"
    # Two packages of one moment keep the order of their making.
    order = sorted(
        enumerate(rows),
        key=lambda pair: (pair[1]["CreationTime"], pair[0]) if by_time else (pair[1][name],),
        reverse=request.get("SortOrder", "Descending") == "Descending",
    )
    start = int(request.get("NextToken") or 0)
    stop = start + int(request.get("MaxResults") or _DEFAULT_PAGE)
    answer: Request = {key: [row for _, row in order[start:stop]]}
    if stop < len(order):
        answer["NextToken"] = str(stop)
    return answer
