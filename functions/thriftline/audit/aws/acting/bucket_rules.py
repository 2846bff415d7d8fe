"""Lifecycle configurations, read with what a write would otherwise lose, and written back."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from thriftline.audit.domain.findings import ApiCall
from thriftline.audit.domain.lifecycle import SIZE_DEFAULT
from thriftline.core.aws.clients import code_of, translated
from thriftline.core.aws.executor import Executor
from thriftline.core.aws.requests import plain
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ServiceUnavailableError


@dataclass(frozen=True, slots=True)
class LifecycleConfiguration:
    """The rules of a bucket as S3 gives them; ``size_default`` is lost when it is not sent back."""

    rules: tuple[Mapping[str, Any], ...]
    size_default: str | None

    def put(self, bucket: str, rules: Sequence[Mapping[str, Any]]) -> ApiCall:
        """Returns the call that sets rules, and leaves the rest as it is."""
        parameters: dict[str, Any] = {
            "Bucket": bucket,
            "LifecycleConfiguration": {"Rules": [dict(rule) for rule in rules]},
        }
        if self.size_default is not None:
            parameters[SIZE_DEFAULT] = self.size_default
        return ApiCall("s3", "PutBucketLifecycleConfiguration", parameters)

    def undo(self, bucket: str) -> ApiCall:
        """Returns the call that brings this configuration back."""
        if not self.rules:
            return ApiCall("s3", "DeleteBucketLifecycle", {"Bucket": bucket})
        return self.put(bucket, self.rules)

    def document(self) -> str:
        """Returns it as JSON."""
        return json.dumps({"Rules": plain(self.rules), SIZE_DEFAULT: self.size_default}, indent=1)

    @classmethod
    def of(cls, document: str | bytes) -> "LifecycleConfiguration":
        """Returns what ``document`` gave."""
        saved = json.loads(document)
        return cls(tuple(saved["Rules"]), saved[SIZE_DEFAULT])


def read_lifecycle(clients: TargetClients, bucket: str) -> LifecycleConfiguration:
    """Returns the configuration of a bucket; one without has no rule.

    Raises:
        ThriftlineError: S3 did not say.
    """
    with translated(f"reading the lifecycle rules of {bucket}"):
        try:
            answer = clients.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)
        except ClientError as error:
            if code_of(error) == "NoSuchLifecycleConfiguration":
                return LifecycleConfiguration((), None)
            raise
    return LifecycleConfiguration(tuple(answer["Rules"]), answer.get(SIZE_DEFAULT))


def put_rules(
    executor: Executor,
    clients: TargetClients,
    bucket: str,
    before: LifecycleConfiguration,
    rules: Sequence[Mapping[str, Any]],
) -> None:
    """Writes the rules, and reads them back.

    Raises:
        ServiceUnavailableError: S3 has not all of them.
        ThriftlineError: S3 refused.
    """
    executor.make(before.put(bucket, rules))
    if executor.dry_run:
        return
    there = {rule.get("ID") for rule in read_lifecycle(clients, bucket).rules}
    missing = sorted({str(rule.get("ID")) for rule in rules if rule.get("ID") not in there})
    if missing:
        raise ServiceUnavailableError(
            f"{bucket} does not have the rules {', '.join(missing)} after they were set."
        )


def bucket_tags(clients: TargetClients, bucket: str) -> dict[str, str]:
    """Returns the tags of a bucket, none where it has no tag set.

    Raises:
        ThriftlineError: S3 did not say.
    """
    with translated(f"reading the tags of {bucket}"):
        try:
            answer = clients.client("s3").get_bucket_tagging(Bucket=bucket)
        except ClientError as error:
            if code_of(error) == "NoSuchTagSet":
                return {}
            raise
    return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}


def is_versioned(clients: TargetClients, bucket: str) -> bool:
    """Whether a bucket keeps old versions of new writes."""
    with translated(f"reading the versioning of {bucket}"):
        answer = clients.client("s3").get_bucket_versioning(Bucket=bucket)
    return bool(answer.get("Status") == "Enabled")


def newest_write(clients: TargetClients, bucket: str, prefix: str) -> datetime | None:
    """Returns when something was last written under a prefix, None when nothing is there."""
    newest: datetime | None = None
    with translated(f"listing s3://{bucket}/{prefix}"):
        pages = clients.client("s3").get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=bucket, Prefix=prefix):
            for one in page.get("Contents", ()):
                newest = max(newest or one["LastModified"], one["LastModified"])
    return newest
