"""What ends every run: it is cleaned up and its result is published."""

from typing import Literal

from thriftline.core.payload import Payload
from thriftline.runs.domain.layout import Upload
from thriftline.runs.schemas.steps.registration import StartedDeployment


class CleanUpRequest(Payload):
    """``run_id`` is None when Open run failed; the upload says which run it would be."""

    run_id: str | None
    upload: Upload
    execution_arn: str


class CleanUpResponse(Payload):
    """Jobs that are still stopping (call again), or how much was removed.

    ``left`` are attempts of which the trainer still has something that the sweep will take away.
    """

    stopped_jobs: tuple[str, ...]
    deleted_objects: int
    left: tuple[str, ...] = ()


class Failure(Payload):
    """What went wrong, as the machine caught it. ``message`` may be Lambda's JSON cause."""

    state: str
    error: str
    message: str


class PublishResultRequest(Payload):
    """``ending`` says how the run ended; ``failure`` is set for rejected and failed.

    ``run_id`` is None when Open run failed; the upload says which run it would be.
    """

    run_id: str | None
    upload: Upload
    execution_arn: str
    ending: Literal["succeeded", "not_promoted", "rejected", "failed"]
    failure: Failure | None = None
    model_package_arn: str | None = None
    deployment: StartedDeployment | None = None


class PublishResultResponse(Payload):
    """The execution's output."""

    run_id: str
    status: str
    reason: str
    result_uri: str
    report_uri: str
