"""What opens a run, or explains why an upload opened none."""

from typing import Literal

from thriftline.core.payload import Payload
from thriftline.runs.domain.layout import Upload


class OpenRunRequest(Payload):
    """``settled`` is true when the machine has waited for the rest of the upload already."""

    upload: Upload
    execution_arn: str
    settled: bool = False


class OpenRunResponse(Payload):
    """``reason`` is a sentence for a person; ``owner_execution_arn`` is set for duplicates.

    ``prepares`` asks the machine to prepare raw data first.
    """

    decision: Literal["open", "duplicate", "ignored", "wait"]
    run_id: str | None
    reason: str
    owner_execution_arn: str | None = None
    wait_seconds: int = 0
    prepares: bool = False


class ExplainUploadResponse(Payload):
    """``reason`` is the log line."""

    reason: str
