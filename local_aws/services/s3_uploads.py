"""S3's list of multipart uploads: when each began, page by page."""

from typing import Any

from moto.s3.models import OWNER, FakeMultipart

from local_aws.clock import Clock
from local_aws.hooks import Hooks
from local_aws.http.own_calls import Operation, Request
from local_aws.services.s3_lifecycle import find_bucket

_PAGE = 1000


def install(hooks: Hooks, clock: Clock) -> None:
    """Let uploads remember when they began."""
    original = FakeMultipart.__init__

    def init(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        self.initiated = clock.now()

    hooks.replace(FakeMultipart, "__init__", init)


def operations() -> dict[str, Operation]:
    """Return the calls by name."""
    return {"ListMultipartUploads": _list}


def _list(request: Request) -> dict[str, Any]:
    bucket = find_bucket(request)
    prefix, size = request.get("Prefix", ""), min(request.get("MaxUploads", _PAGE), _PAGE)
    after = (request.get("KeyMarker", ""), request.get("UploadIdMarker", ""))
    uploads = sorted(
        (upload for upload in bucket.multiparts.values() if upload.key_name.startswith(prefix)),
        key=lambda upload: (upload.key_name, upload.initiated, upload.id),
    )
    left = uploads[_start(uploads, *after) :]
    page = left[:size]
    owner = {"ID": OWNER, "DisplayName": "webfile"}
    answer = {
        "Bucket": bucket.name,
        "KeyMarker": after[0],
        "UploadIdMarker": after[1],
        "Prefix": prefix,
        "MaxUploads": size,
        "IsTruncated": len(left) > size,
        "Uploads": [
            {
                "Key": upload.key_name,
                "UploadId": upload.id,
                "Initiated": upload.initiated,
                "StorageClass": upload.storage or "STANDARD",
                "Owner": owner,
                "Initiator": owner,
            }
            for upload in page
        ],
    }
    if len(left) > size:
        last = page[-1]
        answer |= {"NextKeyMarker": last.key_name, "NextUploadIdMarker": last.id}
    return answer


def _start(uploads: list[Any], key: str, upload_id: str) -> int:
    """Return the index of the first upload behind the markers; a key alone skips all of its."""
    last = -1
    for index, upload in enumerate(uploads):
        if upload.key_name < key or (upload.key_name == key and upload_id in ("", upload.id)):
            last = index
    return last + 1
