"""What a program of Spark prints, where a run wants it: in S3, and in CloudWatch Logs."""

import gzip
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from local_aws.preparation.program import Outcome
from local_aws.preparation.storage import DataError, Place, RoleStorage
from local_aws.training.storage import split_uri

LOG = logging.getLogger(__name__)

GROUP = "/aws/emr-serverless"
_KIND = "SPARK_DRIVER"
# Group, stream, lines.
WriteLog = Callable[[str, str, Iterable[str]], None]


class DriverLogs:
    """The driver's two streams; executors are threads of the driver here, and have none."""

    def __init__(
        self,
        monitoring: Mapping[str, Any],
        folder: str,
        storage: RoleStorage,
        write_log: WriteLog,
    ) -> None:
        self._monitoring = monitoring
        self._folder = folder
        self._storage = storage
        self._write_log = write_log

    def write(self, outcome: Outcome) -> None:
        """Write what a program printed; a run does not end because its log cannot be written."""
        stderr = outcome.stderr + (f"{outcome.problem}\n".encode() if outcome.problem else b"")
        for name, content in (("stdout", outcome.stdout), ("stderr", stderr)):
            try:
                self._to_s3(name, content)
            except DataError as error:
                LOG.warning("a log is not written: %s", error)
            self._to_cloudwatch(name, content)

    def _to_s3(self, name: str, content: bytes) -> None:
        uri = (self._monitoring.get("s3MonitoringConfiguration") or {}).get("logUri")
        if not uri:
            return
        bucket, prefix = split_uri(f"{uri.rstrip('/')}/{self._folder}/{_KIND}/{name}.gz")
        self._storage.write(Place(bucket, prefix), gzip.compress(content, mtime=0))

    def _to_cloudwatch(self, name: str, content: bytes) -> None:
        given = self._monitoring.get("cloudWatchLoggingConfiguration") or {}
        if not given.get("enabled"):
            return
        prefix = given.get("logStreamNamePrefix", "")
        stream = f"{prefix}/{self._folder}/{_KIND}/{name}".lstrip("/")
        lines = [line for line in content.decode(errors="replace").splitlines() if line.strip()]
        self._write_log(given.get("logGroupName", GROUP), stream, lines)
