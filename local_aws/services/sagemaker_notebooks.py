"""SageMaker's notebook instances: they stop and start, and run nothing."""

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.pages import Listing
from local_aws.services.places import Places
from local_aws.services.sagemaker_store import Properties, SageMakerStore

_NOTEBOOKS = Listing("NotebookInstances", "NotebookInstanceName", "NotebookInstanceStatus")
_SUMMARY = (
    "NotebookInstanceName",
    "NotebookInstanceArn",
    "NotebookInstanceStatus",
    "InstanceType",
    "CreationTime",
    "LastModifiedTime",
)


class SageMakerNotebooks:
    """The calls about notebook instances."""

    def __init__(self, stores: Places[SageMakerStore]) -> None:
        self._stores = stores

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "DescribeNotebookInstance": self._find,
            "ListNotebookInstances": self._list,
            "StartNotebookInstance": self._start,
            "StopNotebookInstance": self._stop,
        }

    def _find(self, request: Request) -> Properties:
        store = self._stores.of(request)
        name = request["NotebookInstanceName"]
        if name not in store.notebooks:
            raise AwsError("ValidationException", "RecordNotFound")
        return store.notebooks[name]

    def _list(self, request: Request) -> Properties:
        notebooks = self._stores.of(request).notebooks.values()
        rows = [{key: each[key] for key in _SUMMARY} for each in notebooks]
        return _NOTEBOOKS.answer(rows, request)

    def _stop(self, request: Request) -> None:
        # Minutes on AWS, with Stopping in between; at once here.
        self._turn(request, allowed={"InService"}, status="Stopped")

    def _start(self, request: Request) -> None:
        self._turn(request, allowed={"Stopped", "Failed"}, status="InService")

    def _turn(self, request: Request, *, allowed: set[str], status: str) -> None:
        notebook = self._find(request)
        before = notebook["NotebookInstanceStatus"]
        if before not in allowed:
            raise AwsError(
                "ValidationException",
                f"Status ({before}) not in ({sorted(allowed)}). Unable to transition to "
                f"({status}) for Notebook Instance ({notebook['NotebookInstanceArn']})",
            )
        notebook["NotebookInstanceStatus"] = status
        notebook["LastModifiedTime"] = request.now
