"""``approvals``: runs that wait for a person's yes to what they may spend."""

import argparse
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.options import count, leaf, steps

COLUMNS = ("run", "expected", "worst_case", "left", "until", "asks_for")


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    group = steps(parser)
    listing = leaf(group, "list", "list what waits for an answer")
    listing.add_argument("--limit", type=count, default=50, help="most to show (50)")
    for name, about in (
        ("approve", "let a run spend what its plan says"),
        ("reject", "end a run before it spends anything"),
    ):
        one = leaf(group, name, about, acts=True)
        one.add_argument("run", help="its id")


def run(args: argparse.Namespace, context: Context) -> int:
    """Lists requests, or answers one."""
    if args.verb == "list":
        found = context.api.items("/approvals", limit=args.limit)
        context.out.rows(list(found), COLUMNS, of=_row)
        return Exit.DONE
    from thriftline_cli.api.client import segment
    from thriftline_cli.asking import confirm

    asked = _request(args.run, context)
    confirm(context, _sentence(args.verb, args.run, asked))
    # A run may ask twice: a yes is one to the dollars that were shown.
    shown = {"worst_case_usd": asked["approval"]["worst_case_usd"]}
    body = shown if args.verb == "approve" else {}
    context.out.one(context.api.post(f"/approvals/{segment(args.run)}/{args.verb}", body))
    return Exit.DONE


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    from thriftline_cli.money import moment, usd

    return {
        "run": one["run_id"],
        "expected": usd(one["expected_usd"]),
        "worst_case": usd(one["worst_case_usd"]),
        "left": usd(one["left_usd"]),
        "until": moment(one["expires_at"])[5:],
        "asks_for": one.get("part", "run"),
    }


def _request(run_id: str, context: Context) -> Mapping[str, Any]:
    """Returns what a run asked for."""
    from thriftline_cli.api.client import segment

    found = context.api.get(f"/runs/{segment(run_id)}")
    if found.get("approval") is None:
        raise CommandError(
            f"run {run_id} ({found['status']}) has not asked for an approval", Exit.NOT_FOUND
        )
    return found


def _sentence(verb: str, run_id: str, found: Mapping[str, Any]) -> str:
    from thriftline_cli.money import usd

    asked, expected = found["approval"], found.get("expected_usd")
    worst, spent = asked["worst_case_usd"], usd(asked.get("spent_usd") or 0)
    took = bool(Decimal(str(asked.get("spent_usd") or 0)))
    if verb == "reject":
        rest = f"no more than the {spent} of its preparation" if took else "nothing"
        return f"run {run_id} of {found['project']} ends and spends {rest}"
    if asked.get("part") == "preparation":
        return (
            f"the preparation of run {run_id} of {found['project']} may spend up to {usd(worst)}; "
            "its training has no price yet and is asked for if the run may cost more"
        )
    likely = f", {usd(expected)} expected" if expected is not None else ""
    of_that = f", {spent} of that on its preparation" if took else ""
    return f"run {run_id} of {found['project']} may spend up to {usd(worst)}{likely}{of_that}"
