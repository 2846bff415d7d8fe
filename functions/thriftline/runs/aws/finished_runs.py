"""What a project's finished runs took: one item a project in the runs table, a field for each run.

A field is written once and never read to be changed, so two runs that end at one instant both stay.
"""

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

from thriftline.core.aws.clients import translated
from thriftline.runs.domain.finished_runs import FinishedRun

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# An item may have 400 KB; a run has about 700 bytes.
MOST_RUNS = 200
_PREFIX = "run#"
_FIELDS = [field.name for field in fields(FinishedRun) if field.name != "run_id"]
_deserialize = TypeDeserializer().deserialize


class FinishedRuns:
    """The projects' items in the table ``RunsTable``."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def of(self, project: str) -> tuple[FinishedRun, ...]:
        """Returns a project's finished runs, the oldest first."""
        runs = [
            _finished_run(name.removeprefix(_PREFIX), json.loads(str(_deserialize(value))))
            for name, value in self._item(project).items()
            if name.startswith(_PREFIX)
        ]
        return tuple(sorted(runs, key=lambda run: (run.ended_at, run.run_id)))

    def add(self, project: str, run: FinishedRun) -> None:
        """Keeps a run, and lets the oldest go when there are too many; safe to repeat."""
        others = [one.run_id for one in self.of(project) if one.run_id != run.run_id]
        gone = others[: max(0, len(others) + 1 - MOST_RUNS)]
        names = {"#run": _PREFIX + run.run_id}
        names |= {f"#gone{index}": _PREFIX + name for index, name in enumerate(gone)}
        removed = f" REMOVE {', '.join(f'#gone{i}' for i in range(len(gone)))}" if gone else ""
        kept = {
            "trainer": run.trainer,
            "workload": run.workload,
            "place": run.place,
            "seconds": run.seconds,
            "ended_at": run.ended_at,
            "undisturbed": run.undisturbed,
        }
        with translated(f"keeping what run {run.run_id} took"):
            self._client.update_item(
                TableName=self._name,
                Key=_key(project),
                UpdateExpression=f"SET #run = :run{removed}",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={":run": {"S": json.dumps(kept)}},
            )

    def _item(self, project: str) -> dict[str, Any]:
        with translated(f"reading what the runs of {project} took"):
            found = self._client.get_item(
                TableName=self._name, Key=_key(project), ConsistentRead=True
            )
        return dict(found.get("Item", {}))


def _finished_run(run_id: str, kept: dict[str, Any]) -> FinishedRun:
    # A later version, which was rolled back, may have kept more.
    return FinishedRun(run_id, **{name: kept[name] for name in _FIELDS if name in kept})


def _key(project: str) -> Any:
    return {"run_id": {"S": f"finished#{project}"}}
