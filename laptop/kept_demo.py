"""What the demo leaves for the page: its runs, dollars, documents and models, as files.

The embedded AWS is in memory and ends with the demo. `make ui` starts another one, and puts this
into it; model weights are not kept.
"""

import base64
import json
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import ClientError

_TABLES = ("RunsTableName", "LedgerTableName")
_BUCKET, _PREFIX = "ArtifactsBucketName", "runs/"
_MODELS = "models.json"
# What describes a version and may be said when one is made.
_VERSION = (
    "ModelPackageGroupName",
    "ModelPackageDescription",
    "InferenceSpecification",
    "ModelApprovalStatus",
    "CustomerMetadataProperties",
    "MetadataProperties",
    "ModelMetrics",
    "Domain",
    "Task",
)


class DeployedStack(Protocol):
    """An embedded AWS with this repository's stack on it."""

    outputs: dict[str, str]

    def client(self, service: str) -> Any:
        """Return a boto3 client."""


def keep(aws: DeployedStack, folder: Path) -> None:
    """Write what the page shows of a stack into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for output in _TABLES:
        pages = aws.client("dynamodb").get_paginator("scan")
        items = [
            item for page in pages.paginate(TableName=aws.outputs[output]) for item in page["Items"]
        ]
        (folder / f"{output}.json").write_text(json.dumps(items, default=_as_text))
    (folder / _MODELS).write_text(json.dumps(_versions(aws.client("sagemaker")), default=str))
    s3, bucket = aws.client("s3"), aws.outputs[_BUCKET]
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=_PREFIX):
        for one in page.get("Contents", []):
            file = folder / "objects" / one["Key"]
            file.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, one["Key"], str(file))


def put_back(aws: DeployedStack, folder: Path) -> int:
    """Put what was kept into a fresh stack; return the number of runs' documents."""
    if not (folder / _MODELS).is_file():
        return 0
    for output in _TABLES:
        for item in json.loads((folder / f"{output}.json").read_text()):
            aws.client("dynamodb").put_item(TableName=aws.outputs[output], Item=_as_item(item))
    _register(aws.client("sagemaker"), json.loads((folder / _MODELS).read_text()))
    objects = folder / "objects"
    files = [one for one in sorted(objects.rglob("*")) if one.is_file()]
    for file in files:
        key = file.relative_to(objects).as_posix()
        aws.client("s3").upload_file(str(file), aws.outputs[_BUCKET], key)
    return len({file.parent for file in files})


def _as_text(value: object) -> str:
    """Return the bytes of a DynamoDB attribute as JSON can hold them."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is in no item of DynamoDB")


def _as_item(value: Any) -> Any:
    """Return an item, or a part of one, with its bytes as they were."""
    if isinstance(value, list):
        return [_as_item(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"B"} and isinstance(value["B"], str):
        return {"B": base64.b64decode(value["B"])}
    return {key: _as_item(one) for key, one in value.items()}


def _versions(sagemaker: Any) -> list[dict[str, Any]]:
    """Return every version of every group, the oldest first: so they get their numbers again."""
    found = []
    groups = sagemaker.get_paginator("list_model_package_groups").paginate()
    for group in (one for page in groups for one in page["ModelPackageGroupSummaryList"]):
        name = group["ModelPackageGroupName"]
        pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=name)
        arns = [one["ModelPackageArn"] for page in pages for one in page["ModelPackageSummaryList"]]
        versions = [sagemaker.describe_model_package(ModelPackageName=arn) for arn in arns]
        found += sorted(versions, key=lambda one: int(one["ModelPackageVersion"]))
    return [{key: one[key] for key in _VERSION if one.get(key)} for one in found]


def _register(sagemaker: Any, versions: list[dict[str, Any]]) -> None:
    for group in dict.fromkeys(one["ModelPackageGroupName"] for one in versions):
        try:
            sagemaker.create_model_package_group(ModelPackageGroupName=group)
        except ClientError as error:
            # The template may make a group of its own.
            if "already exists" not in str(error):
                raise
    for one in versions:
        sagemaker.create_model_package(**one)
