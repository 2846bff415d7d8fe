"""Puts the page's files into the stack's bucket, takes out what is no longer one, and says so."""

from collections.abc import Iterable, Mapping
from typing import Any

from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.page.hosted_files import HostedFile

_MOST_AT_ONCE = 1_000


def outputs_of(context: Context) -> Mapping[str, str]:
    """Returns the stack's outputs.

    Raises:
        CommandError: it has no hosted page.
    """
    outputs = context.stack.outputs
    if "PageBucketName" not in outputs:
        raise CommandError(
            f"the stack {context.stack_name} has no hosted page: thriftline deploy HostedPage=on "
            "makes one; thriftline ui needs none",
            Exit.NOT_FOUND,
        )
    return outputs


def keys_in(bucket: str, s3: Any) -> set[str]:
    """Returns what lies in the bucket."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {one["Key"] for page in pages for one in page.get("Contents", ())}


def upload(files: Iterable[HostedFile], bucket: str, s3: Any) -> None:
    """Writes files in their order."""
    for one in files:
        s3.put_object(
            Bucket=bucket,
            Key=one.key,
            Body=one.body,
            ContentType=one.content_type,
            CacheControl=one.caching,
        )


def remove(keys: Iterable[str], bucket: str, s3: Any) -> None:
    """Deletes objects.

    Raises:
        CommandError: S3 kept one.
    """
    left = sorted(keys)
    for start in range(0, len(left), _MOST_AT_ONCE):
        part = [{"Key": key} for key in left[start : start + _MOST_AT_ONCE]]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": part, "Quiet": True})
        if errors := answer.get("Errors"):
            first = errors[0]
            raise CommandError(f"{first['Key']} was not deleted: {first['Code']}", Exit.FAILED)


def invalidate(distribution: str, token: str, cloudfront: Any) -> str:
    """Makes CloudFront forget what it has kept; returns the id of that."""
    made = cloudfront.create_invalidation(
        DistributionId=distribution,
        # All of it counts as one path.
        InvalidationBatch={"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": token},
    )
    return str(made["Invalidation"]["Id"])
