"""The job runs of one EMR Serverless application: start, look, find, stop."""

from collections.abc import Mapping
from typing import Any, Protocol

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated
from thriftline.core.errors import InvalidRunSpecError, QuotaExceededError
from thriftline.runs.engines.emr_serverless.states import ACTIVE

_NOT_FOUND = "ResourceNotFoundException"


class EmrServerless(Protocol):
    """What is asked of the service's client."""

    def start_job_run(self, **arguments: Any) -> Any:
        """Starts a run, or returns the one that has the client token."""

    def get_job_run(self, **arguments: Any) -> Any:
        """Describes a run."""

    def list_job_runs(self, **arguments: Any) -> Any:
        """Lists runs, a page at a time."""

    def cancel_job_run(self, **arguments: Any) -> Any:
        """Asks a run to stop."""


class JobRuns:
    """The runs of one application."""

    def __init__(self, client: EmrServerless, application_id: str) -> None:
        self._client = client
        self._application_id = application_id

    def start(self, request: Mapping[str, Any]) -> str:
        """Starts a run, or finds the one that was started with the same token; returns its id.

        Raises:
            QuotaExceededError: the account may not have more runs now.
            InvalidRunSpecError: the service refuses the request.
        """
        name = request["name"]
        with translated(f"starting job run {name} on EMR Serverless"):
            try:
                return str(self._client.start_job_run(**request)["jobRunId"])
            except ClientError as error:
                refused = _refusal(error, name)
                if refused is not None:
                    raise refused from error
                raise

    def describe(self, job_run_id: str) -> Mapping[str, Any] | None:
        """Returns a run as it is now, None when the application has none of this id."""
        with translated(f"looking at job run {job_run_id} of EMR Serverless"):
            try:
                found = self._client.get_job_run(
                    applicationId=self._application_id, jobRunId=job_run_id
                )
            except ClientError as error:
                if code_of(error) == _NOT_FOUND:
                    return None
                raise
        return dict(found["jobRun"])

    def find(self, name: str) -> str | None:
        """Returns the id of the run with a name, None when there is none.

        For a start whose answer was lost. What still runs is looked through first.
        """
        with translated(f"looking for job run {name} of EMR Serverless"):
            return self._listed(name, states=list(ACTIVE)) or self._listed(name)

    def stop(self, job_run_id: str) -> None:
        """Asks a run to stop; no error when it has ended, or never was."""
        with translated(f"stopping job run {job_run_id} of EMR Serverless"):
            try:
                self._client.cancel_job_run(applicationId=self._application_id, jobRunId=job_run_id)
            except ClientError as error:
                # What has ended cannot be stopped; between two calls that is no fault.
                found = self.describe(job_run_id)
                if found is None or found["state"] not in ACTIVE or found["state"] == "CANCELLING":
                    return
                raise error

    def _listed(self, name: str, **filters: Any) -> str | None:
        arguments = {"applicationId": self._application_id, "maxResults": 50, **filters}
        while True:
            page = self._client.list_job_runs(**arguments)
            for one in page["jobRuns"]:
                if one.get("name") == name:
                    return str(one["id"])
            if not page.get("nextToken"):
                return None
            arguments["nextToken"] = page["nextToken"]


def _refusal(error: ClientError, name: str) -> QuotaExceededError | InvalidRunSpecError | None:
    said = str(error.response.get("Error", {}).get("Message", ""))
    if code_of(error) != "ValidationException":
        return None
    if "quota" in said.lower():
        return QuotaExceededError(f"EMR Serverless refuses job run {name} for a quota: {said}")
    return InvalidRunSpecError(
        f"prepare: EMR Serverless refuses job run {name}: {said}. Nothing was spent on it."
    )
