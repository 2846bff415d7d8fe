"""``audit``: what the bill is for."""

import argparse
from typing import Any

from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.options import count, leaf, steps, waits

ACCEPTED = ("until", "finding", "reason", "accepted_by")
AUDITS = ("audit", "scope", "status", "findings", "saves_a_month", "started")
FINDINGS = ("saves_a_month", "severity", "resource", "rule")


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    group = steps(parser)
    _add_run(leaf(group, "run", "start an audit", acts=True))
    listing = leaf(group, "list", "list audits, the newest first")
    listing.add_argument("--limit", type=count, default=20, help="most audits to show (20)")
    report = leaf(group, "report", "show an audit: what was billed, what can be saved")
    report.add_argument("audit", nargs="?", help="its id (the newest one with a report)")
    findings = leaf(group, "findings", "list findings, the largest saving first")
    findings.add_argument("--audit-id", help="of this audit (the last whole one)")
    findings.add_argument("--rule", help="only of this rule")
    findings.add_argument("--severity", help="only of this severity")
    findings.add_argument("--resource", help="only where the name holds this")
    findings.add_argument("--limit", type=count, default=50, help="most findings to show (50)")
    one = leaf(group, "accept", "accept a finding until a day is over", acts=True)
    one.add_argument("finding", nargs="?", help="rule|account|region|resource, in quotation marks")
    one.add_argument("--reason", help="why somebody lives with it")
    one.add_argument("--until", help="the last day that it holds, such as 2026-12-31")
    one.add_argument("--list", action="store_true", help="show what is accepted")
    one.add_argument("--remove", metavar="FINDING", help="report it again")


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mode", choices=["report", "mark", "act"], help="the most that it does")
    parser.add_argument("--scope", choices=["account", "endpoints"], help="all, or endpoints")
    parser.add_argument("--window-days", type=count, metavar="N", help="that it looks back")
    waits(parser, "wait for its end", seconds=3600)


def run(args: argparse.Namespace, context: Context) -> int:
    """Runs a command and writes its answer."""
    commands = {
        "run": _run,
        "list": _list,
        "report": _report,
        "findings": _findings,
        "accept": _accept,
    }
    return commands[args.verb](args, context)


def _run(args: argparse.Namespace, context: Context) -> int:
    from thriftline_cli.audits import follow

    given = {"mode": args.mode, "scope": args.scope, "window_days": args.window_days}
    body = {name: value for name, value in given.items() if value is not None}
    if args.mode == "act":
        from thriftline_cli.asking import confirm

        confirm(context, "the audit ends what was marked and is due, after saving it")
    started = context.api.post("/audits", body)
    context.say(f"audit {started['id']} was started")
    context.goes_on = f"the audit goes on: thriftline audit report {started['id']}"
    if not context.waits:
        context.out.one(started)
        return Exit.DONE
    found = follow(started["id"], context)
    context.out.one(found, _page(found))
    return Exit.DONE if found["status"] == "succeeded" else Exit.FAILED


def _list(args: argparse.Namespace, context: Context) -> int:
    found = context.api.items("/audits", limit=args.limit)
    context.out.rows(list(found), AUDITS, spare=("started", "scope"), of=_audit)
    return Exit.DONE


def _audit(one: Any) -> dict[str, Any]:
    from thriftline_cli.money import moment, usd

    return {
        "audit": one["audit_id"],
        "scope": one["scope"],
        "status": one["status"],
        "findings": one["findings"],
        "saves_a_month": usd(one["monthly_usd"]),
        "started": moment(one["started_at"]),
    }


def _report(args: argparse.Namespace, context: Context) -> int:
    from thriftline_cli.api.client import segment

    named = args.audit or _newest(context)
    found = context.api.get(f"/audits/{segment(named)}")
    context.out.one(found, _page(found))
    return Exit.DONE


def _newest(context: Context) -> str:
    for one in context.api.items("/audits", scope="account"):
        if one["status"] == "succeeded":
            return str(one["audit_id"])
    raise CommandError("no audit has made a report yet; thriftline audit run", Exit.NOT_FOUND)


def _page(found: Any) -> str:
    from thriftline_cli.answers import as_text, shown
    from thriftline_cli.money import moment

    told = {
        "audit": found["audit_id"],
        "status": found["status"],
        "started": moment(found["started_at"]),
        "ended": moment(found["ended_at"]),
        "why": found.get("reason"),
    }
    report = found.get("report") or {}
    lines = [as_text(told)]
    lines += [
        f"- {shown(line)}" for line in (*report.get("summary", ()), *report.get("alerts", ()))
    ]
    lines += [f"{one['name']}  {one['uri']}" for one in found.get("documents", ())]
    return "\n".join(lines)


def _findings(args: argparse.Namespace, context: Context) -> int:
    filters = ("audit_id", "rule", "severity", "resource")
    given = {name: getattr(args, name) for name in filters}
    found = context.api.items("/findings", limit=args.limit, **given)
    context.out.rows(list(found), FINDINGS, cut=("resource",), tails=("rule",), of=_finding)
    return Exit.DONE


def _finding(one: Any) -> dict[str, Any]:
    from thriftline_cli.money import usd

    return {**one, "saves_a_month": usd(one.get("monthly_usd"))}


def _accept(args: argparse.Namespace, context: Context) -> int:
    from thriftline_cli import findings

    if args.list:
        rows = list(context.api.items("/acceptances"))
        context.out.rows(
            rows, ACCEPTED, cut=("reason",), tails=("finding",), spare=("accepted_by",)
        )
        return Exit.DONE
    if args.remove:
        taken = findings.report_again(args.remove, context)
        context.out.one(
            {"finding": taken["finding"], "outcome": "reported again by the next audit"}
        )
        return Exit.DONE
    found = findings.accept(args.finding, args.reason, args.until, context)
    context.out.one(found)
    return Exit.DONE
