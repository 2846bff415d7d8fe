"""Lists of runs, out of the indexes of the table of runs; no document is read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

from thriftline.core.aws.clients import translated
from thriftline.core.dataclass import dataclass
from thriftline.core.unread import Unread, read_each
from thriftline.runs.domain.listed_runs import (
    BILLED,
    LIST_KIND,
    RUNNING,
    WAITING,
    ListedRun,
    is_run,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The keys of a page's beginning; what the list is of comes from its filters.
KEY_NAMES = ("opened_at", "run_id")
# So many pages are read for one of a list, however many runs the caller may not see.
_MOST_READS = 5
_MOST_ACTIVE = 1_000
_BATCH = 100
# Less than any id: of two runs that were opened at one microsecond, one may be listed twice.
_NAMELESS = "-"
_deserialize = TypeDeserializer().deserialize


@dataclass(frozen=True)
class Page:
    """Some runs, and where the next page begins; None where there is none."""

    runs: tuple[ListedRun, ...]
    next_key: dict[str, str] | None
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True)
class ActiveRuns:
    """The runs that have not ended; ``billed`` are those that prepare or train now.

    ``unread`` are those whose dollars cannot be read, and which may be billed now.
    """

    running: int
    waiting: int
    billed: tuple[ListedRun, ...]
    unread: tuple[Unread, ...] = ()


class RunLists:
    """The indexes of the table ``RunsTable``."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def page(
        self,
        project: str | None,
        status: str | None,
        *,
        limit: int,
        start: Mapping[str, str] | None,
        may_see: Callable[[str], bool] = lambda _project: True,
    ) -> Page:
        """Returns a page of runs, the newest first; ``may_see`` says of which projects."""
        index, name, value = _index_of(project, status)
        found: list[ListedRun] = []
        unread: list[Unread] = []
        key = dict(start) if start else None
        for _ in range(_MOST_READS):
            items, key = self._query(index, name, value, limit - len(found), key)
            runs, more = _read(items)
            found += [run for run in runs if may_see(run.project)]
            unread += more
            if key is None or len(found) >= limit:
                break
        if key is not None and len(found) < limit:
            # The last that was read may be a run that the caller may not see: its name goes.
            key = {**key, "run_id": _NAMELESS}
        return Page(tuple(found), key, tuple(unread))

    def active(self) -> ActiveRuns:
        """Returns what goes on now; of more than a thousand runs the newest."""
        running = self._of_status(RUNNING)
        runs, unread = _read(filter(_may_be_billed, running))
        return ActiveRuns(
            running=len(running),
            waiting=len(self._of_status(WAITING)),
            billed=tuple(run for run in runs if run.is_billed),
            unread=tuple(unread),
        )

    def of(self, run_ids: Sequence[str]) -> dict[str, ListedRun | Unread]:
        """Returns runs by their ids, read or not; one that is not there is left out."""
        found: dict[str, ListedRun | Unread] = {}
        for start in range(0, len(run_ids), _BATCH):
            keys = [{"run_id": {"S": one}} for one in run_ids[start : start + _BATCH]]
            asked: Any = {self._name: {"Keys": keys}}
            while asked:
                with translated("reading runs"):
                    answer = self._client.batch_get_item(RequestItems=asked)
                items = map(_plain, answer["Responses"].get(self._name, ()))
                runs, unread = _read(filter(is_run, items))
                found |= {run.run_id: run for run in runs} | {one.id: one for one in unread}
                asked = answer.get("UnprocessedKeys")
        return found

    def _of_status(self, status: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        key: dict[str, str] | None = None
        while len(found) < _MOST_ACTIVE:
            items, key = self._query("by_status", "status", status, _MOST_ACTIVE, key)
            found += items
            if key is None:
                break
        return found

    def _query(
        self, index: str, name: str, value: str, limit: int, start: Mapping[str, str] | None
    ) -> tuple[list[dict[str, Any]], dict[str, str] | None]:
        request: dict[str, Any] = {
            "TableName": self._name,
            "IndexName": index,
            "KeyConditionExpression": "#of = :value",
            "ExpressionAttributeNames": {"#of": name},
            "ExpressionAttributeValues": {":value": {"S": value}},
            "ScanIndexForward": False,
            "Limit": limit,
        }
        if start:
            key = {**start, name: value}
            request["ExclusiveStartKey"] = {one: {"S": text} for one, text in key.items()}
        with translated("listing runs"):
            answer = self._client.query(**request)
        last = answer.get("LastEvaluatedKey")
        next_key = {one: str(last[one]["S"]) for one in KEY_NAMES} if last else None
        return [_plain(item) for item in answer["Items"]], next_key


def _index_of(project: str | None, status: str | None) -> tuple[str, str, str]:
    """Returns an index, its key and the value that is asked for."""
    if project and status:
        return "by_project_status", "project_status", f"{project}#{status}"
    if project:
        return "by_project", "project", project
    if status:
        return "by_status", "status", status
    return "by_time", "kind", LIST_KIND


def _read(items: Iterable[Mapping[str, Any]]) -> tuple[list[ListedRun], list[Unread]]:
    return read_each(items, ListedRun.of, lambda item: str(item["run_id"]))


def _may_be_billed(item: Mapping[str, Any]) -> bool:
    state = item.get("state")
    return state in BILLED or not isinstance(state, str)


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _deserialize(value) for name, value in item.items()}
