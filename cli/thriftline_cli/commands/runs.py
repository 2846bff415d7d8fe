"""``runs``: what is trained: submit it, watch it, stop it, read how it ended."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.options import count, leaf, steps, waits

STATUSES = ("running", "waiting_for_approval", "succeeded", "not_promoted", "rejected", "failed")
COLUMNS = ("run", "status", "cost", "at_most", "opened")


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    group = steps(parser)
    _add_submit(leaf(group, "submit", "upload a data set and start its run", acts=True))
    listing = leaf(group, "list", "list runs, the newest first")
    listing.add_argument("--project", help="only of this project")
    listing.add_argument(
        "--status", choices=STATUSES, metavar="STATUS", help=f"only with it: {', '.join(STATUSES)}"
    )
    listing.add_argument("--limit", type=count, default=50, help="most runs to show (50)")
    one = leaf(group, "get", "show a run: its bill, its attempts, its documents")
    one.add_argument("run", help="its id")
    one.add_argument("--document", metavar="NAME", help="write this document out, as it is")
    one.add_argument("--model", type=Path, metavar="FOLDER", help="unpack its model into it")
    one.add_argument("--save", type=Path, metavar="FOLDER", help="write all documents into it")
    watched = leaf(group, "watch", "follow a run to its end")
    watched.add_argument("run", help="its id")
    waits(watched, None, seconds=86_400)
    stop = leaf(group, "stop", "stop a run; what was billed stays billed", acts=True)
    stop.add_argument("run", help="its id")
    stop.add_argument("--why", help="a sentence for the record")
    waits(stop, "wait for its end")


def _add_submit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="what is learnt from")
    parser.add_argument("--project", required=True, help="the folder under datasets/")
    parser.add_argument("--spec", type=Path, metavar="FILE", help="a run.yaml")
    parser.add_argument(
        "--no-check", action="store_true", help="leave it to the stack whether run.yaml is valid"
    )
    parser.add_argument("--validation", type=Path, metavar="FILE", help="held out while it trains")
    parser.add_argument("--test", type=Path, metavar="FILE", help="held out for the comparison")
    waits(parser, "watch the run to its end", seconds=86_400)


def run(args: argparse.Namespace, context: Context) -> int:
    """Runs a command and writes its answer."""
    commands = {"submit": _submit, "list": _list, "get": _get, "watch": _watch, "stop": _stop}
    return commands[args.verb](args, context)


def _submit(args: argparse.Namespace, context: Context) -> int:
    from thriftline_cli.runs.data_set import data_set
    from thriftline_cli.runs.submitting import submit

    files = data_set(args.files, args.spec, args.validation, args.test)
    if args.spec is not None and not args.no_check:
        _check(args.spec, context)
    context.goes_on = "what is uploaded stays and may start a run; thriftline runs list shows it"
    started = submit(args.project, files, context)
    context.say(f"run {started['run_id']} was accepted")
    if context.waits:
        return _ended(started["run_id"], context)
    context.say(
        f"to watch it: thriftline runs watch {started['run_id']}\n"
        "`thriftline runs list` has it once its files have settled, a minute after the last one"
    )
    context.out.one(started)
    return Exit.DONE


def _check(spec: Path, context: Context) -> None:
    """Returns for a run.yaml that can be used, as far as this machine knows."""
    why = context.refusal_of(spec, context.environ)
    if why is not None:
        raise CommandError(
            f"{spec} cannot be used, and nothing was uploaded:\n{why}\n"
            "(a stack of another version may take it: --no-check)",
            Exit.USAGE,
        )


def _list(args: argparse.Namespace, context: Context) -> int:
    found = context.api.items("/runs", limit=args.limit, project=args.project, status=args.status)
    rows = list(found)
    context.out.rows(rows, COLUMNS, cut=("status",), spare=("opened",), of=_row)
    if not rows and args.status is None:
        context.say(
            "no run here yet; an upload is listed a minute after its last file, and `thriftline "
            "runs watch RUN` follows it from the start"
        )
    return Exit.DONE


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    from thriftline_cli.money import moment, usd

    return {
        "run": one["run_id"],
        "status": one["status"],
        "cost": usd(one["cost_usd"]),
        "at_most": usd(one["worst_case_usd"]),
        "opened": moment(one["opened_at"])[5:],
    }


def _get(args: argparse.Namespace, context: Context) -> int:
    from thriftline_cli.api.client import segment
    from thriftline_cli.runs.showing import page

    path = f"/runs/{segment(args.run)}"
    if args.document:
        body = context.api.document(f"{path}/documents/{segment(args.document)}")
        context.out.write_bytes(body)
        return Exit.DONE
    found = context.api.get(path)
    if args.save:
        _save(found, args.save, context)
    if args.model:
        from thriftline_cli.runs.models import unpack

        unpack(found, args.model, context)
    context.out.one(found, page(found))
    return Exit.DONE


def _save(found: Mapping[str, Any], folder: Path, context: Context) -> None:
    from thriftline_cli.api.client import segment

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in found["documents"]:
            name = segment(one["name"])
            path = f"/runs/{segment(found['run_id'])}/documents/{name}"
            (folder / name).write_bytes(context.api.document(path))
            context.say(f"{folder / name}")
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}", Exit.USAGE) from error


def _watch(args: argparse.Namespace, context: Context) -> int:
    return _ended(args.run, context)


def _ended(run_id: str, context: Context) -> int:
    from thriftline_cli.runs.showing import page
    from thriftline_cli.runs.watching import watch

    found, code = watch(run_id, context)
    context.out.one(found, page(found))
    return code


def _stop(args: argparse.Namespace, context: Context) -> int:
    from thriftline_cli.api.client import segment
    from thriftline_cli.asking import confirm
    from thriftline_cli.money import usd

    path = f"/runs/{segment(args.run)}"
    found = context.api.get(path)
    so_far = (found.get("progress") or {}).get("cost_so_far_usd")
    billed = "what was billed so far stays" if so_far is None else f"{usd(so_far)} so far stay"
    confirm(context, f"run {found['run_id']} ({found['status']}) is stopped; {billed} billed")
    answer = context.api.post(f"{path}/stop", {"why": args.why} if args.why else {})
    if not context.waits:
        context.out.one(answer)
        return Exit.DONE
    from thriftline_cli.runs.watching import watch

    ended, _ = watch(args.run, context)
    context.out.one(ended)
    return Exit.DONE
