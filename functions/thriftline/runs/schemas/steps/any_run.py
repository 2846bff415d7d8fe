"""Steps that need to know the run only, or the run and what a completed job left."""

from thriftline.core.payload import Payload


class RunRequest(Payload):
    """A step that needs to know the run only."""

    run_id: str


class JobRequest(Payload):
    """A step that reads what a completed job left."""

    run_id: str
    job_name: str
