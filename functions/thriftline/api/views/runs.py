"""Runs: lists, one with all that is known of it, and starting and stopping one."""

from collections.abc import Mapping
from typing import Any

from thriftline.api.answers import Accepted, PageAsk, RawDocument
from thriftline.api.paging import next_token, start_of
from thriftline.api.problems import conflict, not_found, unreadable
from thriftline.api.requests import Call
from thriftline.api.schemas.run_orders import RunAsk, RunEventPage, StopAsk
from thriftline.api.schemas.runs import Run, RunDetail, RunPage, RunsAsk
from thriftline.core.aws.executions import execution_arn
from thriftline.core.kept_project import project_of
from thriftline.core.unread import shown as shown_unread
from thriftline.runs.aws.run_lists import KEY_NAMES
from thriftline.runs.domain.listed_runs import has_ended, is_run
from thriftline.runs.steps.start_run import RunOrder, execution_name
from thriftline.runs.steps.start_run import start_run as begin
from thriftline.wiring import api as wiring


def list_runs(call: Call, query: RunsAsk) -> RunPage:
    """Returns a page of the runs that the caller may see."""
    filters = {"of": "runs", "project": query.project, "status": query.status}

    def seen(project: str) -> bool:
        return query.project in (None, project) and call.may(project)

    page = wiring.run_lists().page(
        query.project,
        query.status,
        limit=query.limit,
        start=start_of(query.next_token, filters, KEY_NAMES),
        may_see=call.may,
    )
    return RunPage(
        items=tuple(map(Run.of, page.runs)),
        unreadable=shown_unread(page.unread, seen),
        next_token=next_token(page.next_key, filters),
    )


def get_run(call: Call) -> RunDetail:
    """Returns one run."""
    from thriftline.api.run_detail import detail_of, early_of

    run_id = call.parameters["id"]
    item = wiring.runs_table().get(run_id)
    if item is None:
        arn = execution_arn(wiring.settings().training_machine_arn, execution_name(run_id))
        early = early_of(run_id, wiring.executions().read(arn))
        if early is None:
            raise not_found(f"Run {run_id}")
        call.require(early.project, f"run {run_id}")
        return early
    return detail_of(
        run_item(call),
        approvals=wiring.approvals_table(),
        artifacts=wiring.artifacts(),
        learning=wiring.learning,
        now=call.now,
    )


def start_run(call: Call, body: RunAsk) -> Accepted:
    """Starts the run of what lies in the data bucket, once for each version of it."""
    call.require(body.project, f"project {body.project}")
    run_id = begin(
        RunOrder(body.project, body.key, body.version_id, body.again, call.by, call.token),
        data=wiring.data_bucket(),
        copies=wiring.copies(),
        runs=wiring.runs_table(),
        executions=wiring.executions(),
        machine_arn=wiring.settings().training_machine_arn,
    )
    return Accepted(id=run_id, kind="run", href=f"/runs/{run_id}")


def stop_run(call: Call, body: StopAsk) -> Accepted:
    """Stops the workflow; what tidies up after a stop stops the job and settles the bill."""
    item = run_item(call)
    run_id, status, execution = _standing(item)
    if has_ended(status):
        raise conflict(f"Run {run_id} has ended: {status}.")
    if not wiring.executions().is_running(execution):
        raise conflict(f"Run {run_id} is being cleaned up.")
    why = f": {body.why}" if body.why else "."
    wiring.executions().stop(execution, "Stopped", f"{call.by} stopped the run{why}")
    return Accepted(id=run_id, kind="run", href=f"/runs/{run_id}")


def _standing(item: Mapping[str, Any]) -> tuple[str, str, str]:
    """Returns id, status and execution: a run can be stopped whatever else cannot be read of it."""
    return str(item["run_id"]), str(item["status"]), str(item.get("execution_arn", ""))


def list_events(call: Call, query: PageAsk) -> RunEventPage:
    """Returns what the workflow of a run did."""
    from thriftline.api.run_events import shown

    run_id, _, execution = _standing(run_item(call))
    filters = {"of": "events", "run": run_id}
    start = start_of(query.next_token, filters, ("page",))
    found = wiring.executions().history(execution, query.limit, start["page"] if start else None)
    if found is None and start:
        raise unreadable("next_token is too old; begin without one.")
    events, page = found or ([], None)
    return RunEventPage(
        items=tuple(shown(events)),
        next_token=next_token({"page": page} if page else None, filters),
    )


def get_document(call: Call) -> RawDocument:
    """Returns a document of a run as it lies in the artifacts bucket."""
    from thriftline.api.documents import read_document

    return read_document(str(run_item(call)["run_id"]), call.parameters["name"], wiring.artifacts())


def run_item(call: Call) -> Mapping[str, Any]:
    """Returns the item of the run in the path.

    Raises:
        Problem: there is none that the caller may see or change.
    """
    run_id = call.parameters["id"]
    item = wiring.runs_table().get(run_id)
    if item is None or not is_run(item):
        raise not_found(f"Run {run_id}")
    # Before all else is read: what is wrong with it is said to those alone who may see it.
    call.require(project_of(item), f"run {run_id}")
    return item
