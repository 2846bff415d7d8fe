"""What goes into and comes out of the function that ends a wait between two looks early.

The workflow hands over the token of its wait; EventBridge sends what SageMaker and Bedrock say of a
job's state. Both become a ``WakeRunRequest``.
"""

from typing import Any

from pydantic import model_validator

from thriftline.core.payload import Payload

# Where each service puts the name of a job in its event.
_JOB_NAMES = {"aws.sagemaker": "TrainingJobName", "aws.bedrock": "jobName"}


class WakeRunRequest(Payload):
    """``task_token`` is what the workflow waits on; None: the job has changed its state."""

    job_name: str
    task_token: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_an_event(cls, event: Any) -> Any:
        if not isinstance(event, dict) or "source" not in event or "detail" not in event:
            return event
        name = _JOB_NAMES.get(event["source"], "")
        return {"job_name": event["detail"].get(name)}


class WakeRunResponse(Payload):
    """``woken``: the wait has ended, and the next look comes now."""

    woken: bool
