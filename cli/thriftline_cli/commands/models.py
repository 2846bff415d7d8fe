"""``models``: the versions in a project's registry, and their approval."""

import argparse
from collections.abc import Mapping
from typing import Any

from thriftline_cli.context import Context
from thriftline_cli.exits import Exit
from thriftline_cli.options import count, leaf, steps

COLUMNS = ("version", "approval", "accuracy", "cost", "run")
_STATUS = {"approve": "Approved", "reject": "Rejected"}


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    group = steps(parser)
    listing = leaf(group, "list", "list a project's versions, the newest first")
    listing.add_argument("project", help="the folder under datasets/")
    listing.add_argument("--limit", type=count, default=50, help="most to show (50)")
    for name, about in (
        ("approve", "let a version be deployed"),
        ("reject", "keep a version from being deployed"),
    ):
        one = leaf(group, name, about, acts=True)
        one.add_argument("project", help="the folder under datasets/")
        one.add_argument("version", type=count, help="in the registry")
        one.add_argument("--why", help="a sentence for the record")


def run(args: argparse.Namespace, context: Context) -> int:
    """Lists versions, or answers for one."""
    from thriftline_cli.api.client import segment

    path = f"/projects/{segment(args.project)}/models"
    if args.verb == "list":
        found = context.api.items(path, limit=args.limit)
        context.out.rows(list(found), COLUMNS, of=_row)
        return Exit.DONE
    from thriftline_cli.asking import confirm

    status = _STATUS[args.verb]
    confirm(context, f"version {args.version} of {args.project} becomes {status}{_effect(status)}")
    body = {"status": status, **({"why": args.why} if args.why else {})}
    context.out.one(context.api.post(f"{path}/{args.version}/approval", body))
    return Exit.DONE


def _effect(status: str) -> str:
    if status == "Rejected":
        return "; what serves it goes on serving it"
    return "; it is deployed at once where the project's serve.yaml says on_approval"


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    from thriftline_cli.money import usd

    metrics = one.get("metrics") or one
    accuracy = metrics.get("accuracy")
    # What a notebook handed back has an id of its own, which is no run.
    source = one.get("source_run_id")
    return {
        "version": one["version"],
        "approval": one["approval_status"],
        "accuracy": None if accuracy is None else f"{float(accuracy):.4f}",
        "cost": usd(one.get("cost_usd")),
        "run": f"retrained {source}" if source else one.get("run_id"),
    }
