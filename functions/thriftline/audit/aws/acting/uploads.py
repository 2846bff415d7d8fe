"""Multipart uploads that never ended."""

from collections.abc import Mapping
from datetime import datetime

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.aws.target_clients import TargetClients

Upload = tuple[str, str]


def begun_uploads(clients: TargetClients, bucket: str) -> Mapping[Upload, datetime]:
    """Returns by key and upload id when each incomplete upload of a bucket began.

    Raises:
        ThriftlineError: S3 did not say.
    """
    with translated(f"listing the uploads of {bucket}"):
        pages = clients.client("s3").get_paginator("list_multipart_uploads")
        return {
            (one["Key"], one["UploadId"]): one["Initiated"]
            for page in pages.paginate(Bucket=bucket)
            for one in page.get("Uploads", ())
        }


def last_part(clients: TargetClients, bucket: str, upload: Upload) -> datetime | None:
    """Returns when the newest part of an upload arrived, None when none has.

    Raises:
        ThriftlineError: S3 did not say.
    """
    newest: datetime | None = None
    with translated(f"listing the parts of {upload[0]} in {bucket}"):
        pages = clients.client("s3").get_paginator("list_parts")
        try:
            for page in pages.paginate(Bucket=bucket, Key=upload[0], UploadId=upload[1]):
                for one in page.get("Parts", ()):
                    newest = max(newest or one["LastModified"], one["LastModified"])
        except ClientError as error:
            if code_of(error) != "NoSuchUpload":
                raise
    return newest
