"""``list``: the endpoints of a stack, or the history of a project's endpoint."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from thriftline_cli.callers import name_of
from thriftline_cli.context import Context
from thriftline_cli.endpoints.asking import endpoint_of
from thriftline_cli.money import moment, usd

ENDPOINTS = ("endpoint", "project", "status", "version", "a_month", "kind", "under_way")
DEPLOYMENTS = ("version", "entry", "action", "ending", "opened", "who", "why")
_Row = Mapping[str, Any]


def show(asked: argparse.Namespace, context: Context) -> None:
    """Writes the endpoints, or the deployments of a project, the newest first."""
    if asked.project is None:
        rows = [_with_version(one) for one in context.api.items("/endpoints")]
        context.out.rows(rows, ENDPOINTS, cut=("endpoint",), spare=_SPARE, of=_endpoint)
        return
    history = _history(endpoint_of(asked, context), asked.limit, context)
    context.out.rows(history, DEPLOYMENTS, cut=("why", "who"), spare=("who",), of=_deployment)


_SPARE = ("under_way", "kind")


def _with_version(one: _Row) -> dict[str, Any]:
    return {**one, "version": one["registry_version"]}


def _history(endpoint: str, limit: int, context: Context) -> Sequence[_Row]:
    detail = context.api.get(f"/endpoints/{endpoint}")
    # What `rollback --to` takes; a deployment that did not serve has made none.
    entries = {one["deployment_id"]: one["number"] for one in detail["versions"]}
    return [
        {**_with_version(one), "entry": entries.get(one["deployment_id"])}
        for one in context.api.items(f"/endpoints/{endpoint}/deployments", limit=limit)
    ]


def _endpoint(one: _Row) -> dict[str, Any]:
    return {**one, "a_month": usd(one["month_usd"])}


def _deployment(one: _Row) -> dict[str, Any]:
    return {
        **one,
        "ending": one["ending"] or "under way",
        "opened": moment(one["opened_at"])[5:],
        "who": name_of(one["requested_by"]),
    }
