"""S3's list of buckets, with their regions, page by page."""

from typing import Any

from moto.s3.models import OWNER, s3_backends

from local_aws.http.own_calls import Operation, Request
from local_aws.services.pages import page_of

_PAGE = 10_000


def operations() -> dict[str, Operation]:
    """Return the calls by name."""
    return {"ListBuckets": _list}


def _list(request: Request) -> dict[str, Any]:
    prefix, region = request.get("Prefix", ""), request.get("BucketRegion")
    buckets = sorted(
        (
            bucket
            for bucket in s3_backends[request.account]["aws"].buckets.values()
            if bucket.name.startswith(prefix) and region in (None, bucket.region_name)
        ),
        key=lambda bucket: str(bucket.name),
    )
    size = request.get("MaxBuckets", _PAGE)
    page, token = page_of(buckets, request.get("ContinuationToken"), size, "InvalidArgument")
    # AWS tells regions only to those who ask with a parameter.
    told = bool(request.parameters)
    answer: dict[str, Any] = {
        "Buckets": [
            {"Name": bucket.name, "CreationDate": bucket.creation_date}
            | ({"BucketRegion": bucket.region_name} if told else {})
            for bucket in page
        ],
        "Owner": {"ID": OWNER, "DisplayName": "webfile"},
    }
    return answer | ({"ContinuationToken": token} if token else {})
