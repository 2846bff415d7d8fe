"""Sends a file by a presigned POST, as a stream: a large file needs no memory."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree as ET

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.filepost import encode_multipart_formdata

from thriftline_cli.exits import CommandError, Exit

_PATIENT = urllib3.Timeout(connect=5, read=300)
# S3 takes the same file under the same key again; nothing is charged twice.
_RETRIES = urllib3.Retry(
    total=3,
    backoff_factor=0.5,
    status_forcelist=(500, 503),
    allowed_methods=None,
    raise_on_status=False,
)
_FILE = "file"


class Form:
    """The body of the POST: the fields, then the file. It can be read again from its start."""

    def __init__(
        self,
        fields: Mapping[str, str],
        path: Path,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        # urllib3 writes the form around an empty file; the file itself goes in its place.
        whole, self.content_type = encode_multipart_formdata(
            {**fields, _FILE: (path.name, b"", "application/octet-stream")}
        )
        boundary = self.content_type.rpartition("boundary=")[2].encode()
        tail = b"\r\n--" + boundary + b"--\r\n"
        self._head, self._tail = whole.removesuffix(tail), tail
        self._file = path.open("rb")
        self._size = os.fstat(self._file.fileno()).st_size
        self._progress = progress
        self._at = 0

    def __len__(self) -> int:
        """Returns the length of the whole body."""
        return len(self._head) + self._size + len(self._tail)

    def tell(self) -> int:
        """Returns where the next read begins."""
        return self._at

    def seek(self, place: int) -> None:
        """Goes to a place: a retry begins at 0."""
        self._at = place

    def read(self, most: int = -1) -> bytes:
        """Returns the next bytes, none at the end."""
        left = len(self) - self._at
        if most < 0:
            return b"".join(iter(lambda: self.read(max(1, left)), b""))
        if not left or not most:
            return b""
        found = self._piece(min(most, left))
        self._at += len(found)
        self._progress(max(0, min(self._size, self._at - len(self._head))))
        return found

    def _piece(self, most: int) -> bytes:
        end_of_file = len(self._head) + self._size
        if self._at < len(self._head):
            return self._head[self._at : self._at + most]
        if self._at < end_of_file:
            self._file.seek(self._at - len(self._head))
            found = self._file.read(min(most, end_of_file - self._at))
            if not found:
                raise CommandError(f"{self._file.name} became shorter meanwhile", Exit.FAILED)
            return found
        start = self._at - end_of_file
        return self._tail[start : start + most]

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def upload(
    given: Mapping[str, Any],
    path: Path,
    connections: urllib3.PoolManager,
    progress: Callable[[int], None] = lambda _: None,
) -> str | None:
    """Sends a file as the API allowed it; returns the version that S3 gave it.

    Raises:
        CommandError: S3 does not take it, or does not answer.
    """
    form = Form(given["fields"], path, progress)
    try:
        answer = connections.request(
            "POST",
            given["url"],
            body=cast("Any", form),
            headers={"Content-Type": form.content_type, "Content-Length": str(len(form))},
            timeout=_PATIENT,
            retries=_RETRIES,
        )
    except HTTPError as error:
        raise CommandError(f"{path} was not uploaded: S3 does not answer", Exit.FAILED) from error
    finally:
        form.close()
    if answer.status >= 300:
        raise CommandError(f"{path} was not uploaded: {_why(answer)}", Exit.FAILED)
    return answer.headers.get("x-amz-version-id")


def _why(answer: urllib3.BaseHTTPResponse) -> str:
    try:
        code = ET.fromstring(answer.data).findtext("Code")
    except ET.ParseError:
        code = None
    if code == "EntityTooLarge":
        return "it is larger than what was asked for; call this again"
    return f"S3 answered {answer.status}{f' {code}' if code else ''}"
