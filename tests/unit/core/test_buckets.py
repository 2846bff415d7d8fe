"""What S3 says of single objects is not lost in a call that succeeds as a whole."""

from typing import Any, cast

import pytest

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import AccessDeniedError, ServiceUnavailableError


class _Paginator:
    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"Contents": [{"Key": "scratch/a", "Size": 1}, {"Key": "scratch/b", "Size": 1}]}]


class _RefusingS3:
    """Deletes the first object and refuses the second."""

    def __init__(self, code: str) -> None:
        self._code = code

    def get_paginator(self, _: str) -> _Paginator:
        return _Paginator()

    def delete_objects(self, **_: Any) -> dict[str, Any]:
        return {"Errors": [{"Key": "scratch/b", "Code": self._code}]}


@pytest.mark.parametrize(
    ("code", "error"),
    [("AccessDenied", AccessDeniedError), ("InternalError", ServiceUnavailableError)],
)
def test_an_object_that_could_not_be_deleted_is_an_error_that_names_it(
    code: str, error: type[Exception]
) -> None:
    bucket = Bucket(cast("Any", _RefusingS3(code)), "artifacts")
    with pytest.raises(error, match="s3://artifacts/scratch/b"):
        bucket.delete_prefix("scratch/")
