"""The runs of a workspace, by the calls of its REST API that a preparation needs."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from thriftline.core.errors import (
    AccessDeniedError,
    AwsRequestError,
    InvalidRunSpecError,
    ServiceUnavailableError,
    ThriftlineError,
)
from thriftline.core.text import plain
from thriftline.runs.engines.databricks.answers import (
    ClusterEvent,
    EventList,
    Run,
    RunList,
    RunOutput,
    Submitted,
)
from thriftline.runs.engines.databricks.billing import EVENT_TYPES
from thriftline.runs.engines.databricks.workspace import Json, Refused, Workspace

_RUNS = "/api/2.2/jobs/runs"
_EVENTS = "/api/2.1/clusters/events"
_RUNS_OF_A_PAGE = 24
_EVENTS_OF_A_PAGE = 500
_MOST_PAGES = 40
_MISSING = frozenset({"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"})
# The clock of a workspace is not that of the function.
_CLOCKS_APART = timedelta(hours=1)
# The program's last line on standard error, where the data or the run spec is at fault.
_PROGRAM_ERROR = "PREPARATION_ERROR "
_Found = TypeVar("_Found", bound=BaseModel)


class Runs:
    """Submits, reads and cancels runs. Each call may be made again after a lost answer."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def submit(self, body: Mapping[str, Any]) -> int:
        """Starts a run, or finds the one that has its token; returns its number.

        Raises:
            InvalidRunSpecError: the workspace refuses what the run spec asks for.
            AwsRequestError: the run of this token was started and is deleted by now.
            QuotaExceededError: the workspace runs no more now.
        """
        try:
            answer = self._workspace.post(f"{_RUNS}/submit", body, starts=True)
        except Refused as refused:
            if "idempotency" in refused.text.lower():
                raise AwsRequestError(
                    "Databricks started this preparation once, and somebody deleted its run: "
                    f"{refused}"
                ) from refused
            raise InvalidRunSpecError(
                f"prepare.databricks: the workspace refuses the cluster or its task: {refused}. "
                "Nothing was started."
            ) from refused
        return _read(Submitted, answer).run_id

    def get(self, run_id: int) -> Run | None:
        """Returns a run, None when there is none of the number."""
        try:
            answer = self._workspace.get(f"{_RUNS}/get", run_id=run_id)
        except Refused as refused:
            if _is_missing(refused):
                return None
            raise _unexpected(refused, "reading a run") from refused
        return _read(Run, answer)

    def named(self, name: str, since: datetime) -> int | None:
        """Returns the number of a run by its name, None when none was submitted since a time.

        Raises:
            AwsRequestError: the workspace has too many runs to say so.
        """
        earliest = int((since - _CLOCKS_APART).timestamp() * 1000)
        for page in self._run_pages(earliest):
            for one in page.runs:
                if one.run_name == name:
                    return one.run_id
        return None

    def cancel(self, run_id: int) -> None:
        """Asks a run to end, which takes a while; no error when it has ended or is gone."""
        try:
            self._workspace.post(f"{_RUNS}/cancel", {"run_id": run_id})
        except Refused as refused:
            found = self.get(run_id)
            if found is not None and not found.has_ended:
                raise _unexpected(refused, "cancelling a run") from refused

    def said(self, task_run_id: int) -> str:
        """Returns what the program or Databricks said of a failure; empty where nothing was kept.

        The streams may hold what a library wrote of the data: only the program's own line is read.
        A run that has ended gets its ending also when nobody can say more of it.
        """
        try:
            answer = self._workspace.get(f"{_RUNS}/get-output", run_id=task_run_id)
            output = _read(RunOutput, answer)
        except (Refused, ThriftlineError):
            return ""
        return _own_line(output.logs) or plain(output.error, 300)

    def events(self, cluster_id: str) -> tuple[ClusterEvent, ...] | None:
        """Returns what happened to a cluster; None where that is not kept, or not all of it."""
        found: list[ClusterEvent] = []
        body: Json = {
            "cluster_id": cluster_id,
            "order": "ASC",
            "event_types": list(EVENT_TYPES),
            "page_size": _EVENTS_OF_A_PAGE,
        }
        for _ in range(_MOST_PAGES):
            try:
                page = _read(EventList, self._workspace.post(_EVENTS, body))
            except (Refused, AccessDeniedError):
                return None
            found += page.events
            if not page.next_page_token:
                return tuple(found)
            body = {**body, "page_token": page.next_page_token}
        return None

    def _run_pages(self, earliest: int) -> Iterator[RunList]:
        query: Json = {
            "run_type": "SUBMIT_RUN",
            "start_time_from": earliest,
            "limit": _RUNS_OF_A_PAGE,
        }
        for _ in range(_MOST_PAGES):
            try:
                page = _read(RunList, self._workspace.get(f"{_RUNS}/list", **query))
            except Refused as refused:
                raise _unexpected(refused, "listing runs") from refused
            yield page
            if not page.next_page_token:
                return
            query = {**query, "page_token": page.next_page_token}
        raise AwsRequestError(
            f"Databricks lists more than {_MOST_PAGES * _RUNS_OF_A_PAGE} runs since the quote, so "
            "that whether this preparation was started cannot be said. Look for its name in the "
            "workspace's job runs, and cancel it there."
        )


def _read(kind: type[_Found], answer: Json) -> _Found:
    try:
        return kind.model_validate(answer)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise ServiceUnavailableError(
            f"Databricks answered something else than expected: {place or 'the answer'}: "
            f"{error.errors()[0]['msg']}"
        ) from error


def _is_missing(refused: Refused) -> bool:
    return (
        refused.status == 404
        or refused.code in _MISSING
        or "does not exist" in refused.text.lower()
    )


def _unexpected(refused: Refused, doing: str) -> AwsRequestError:
    return AwsRequestError(f"Databricks, {doing}: {refused}")


def _own_line(logs: str) -> str:
    for line in reversed(logs.splitlines()):
        _, mark, text = line.partition(_PROGRAM_ERROR)
        if not mark:
            continue
        try:
            document = json.loads(text)
        except ValueError:
            continue
        if isinstance(document, dict) and isinstance(document.get("message"), str):
            return plain(document["message"], 1000)
    return ""
