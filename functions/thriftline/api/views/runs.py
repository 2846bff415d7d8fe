"""Runs: lists, and one with all that is known of it."""

from collections.abc import Mapping
from typing import Any

from thriftline.api.paging import next_token, start_of
from thriftline.api.problems import not_found
from thriftline.api.requests import Call
from thriftline.api.schemas.runs import Run, RunDetail, RunPage, RunsAsk
from thriftline.runs.aws.run_lists import KEY_NAMES
from thriftline.runs.domain.listed_runs import ListedRun, is_run
from thriftline.wiring import api as wiring


def list_runs(call: Call, query: RunsAsk) -> RunPage:
    """Returns a page of the runs that the caller may see."""
    filters = {"of": "runs", "project": query.project, "status": query.status}
    page = wiring.run_lists().page(
        query.project,
        query.status,
        limit=query.limit,
        start=start_of(query.next_token, filters, KEY_NAMES),
        may_see=call.may,
    )
    return RunPage(
        items=tuple(map(Run.of, page.runs)), next_token=next_token(page.next_key, filters)
    )


def get_run(call: Call) -> RunDetail:
    """Returns one run."""
    from thriftline.api.run_detail import detail_of

    item = run_item(call)
    return detail_of(
        item,
        approvals=wiring.approvals_table(),
        artifacts=wiring.artifacts(),
        now=call.now,
    )


def run_item(call: Call) -> Mapping[str, Any]:
    """Returns the item of the run in the path.

    Raises:
        Problem: there is none that the caller may see or change.
    """
    run_id = call.parameters["id"]
    item = wiring.runs_table().get(run_id)
    if item is None or not is_run(item):
        raise not_found(f"Run {run_id}")
    call.require(ListedRun.of(item).project, f"run {run_id}")
    return item
