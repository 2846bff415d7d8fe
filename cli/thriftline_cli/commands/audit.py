"""``audit``: what the bill is for."""

import argparse
from datetime import date
from typing import TYPE_CHECKING, Any

from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.options import leaf, steps

if TYPE_CHECKING:
    from thriftline_cli.findings.accept import AcceptedFindingsFile
    from thriftline_cli.findings.accepted_findings import Acceptance

COLUMNS = ("until", "finding", "reason", "accepted_by")


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    group = steps(parser)
    one = leaf(group, "accept", "accept a finding until a day is over", acts=True)
    one.add_argument("finding", nargs="?", help="rule|account|region|resource, in quotation marks")
    one.add_argument("--reason", help="why somebody lives with it")
    one.add_argument("--until", help="the last day that it holds, such as 2026-12-31")
    one.add_argument("--by", help="who accepts it")
    one.add_argument("--list", action="store_true", help="show what is accepted")
    one.add_argument("--remove", metavar="FINDING", help="report it again")


def run(args: argparse.Namespace, context: Context) -> int:
    """Accepts, lists or removes."""
    from thriftline_cli.findings.accept import AcceptedFindingsFile, AcceptError
    from thriftline_cli.findings.accepted_findings import AcceptedFindingsError

    try:
        file = AcceptedFindingsFile(context.aws("s3"), context.stack.output("ArtifactsBucketName"))
        return _accept(args, context, file, context.now().date())
    except (AcceptError, AcceptedFindingsError) as error:
        raise CommandError(str(error), Exit.FAILED) from error


def _accept(
    args: argparse.Namespace, context: Context, file: "AcceptedFindingsFile", today: date
) -> int:
    from thriftline_cli.findings import accept as accepting
    from thriftline_cli.findings.accepted_findings import Acceptance, parse_accepted_findings

    if args.list:
        entries = parse_accepted_findings(file.read().text)
        context.out.rows([_row(one, today) for one in entries], COLUMNS, cut=("reason",))
        return Exit.DONE
    if args.remove:
        accepting.report_again(file, args.remove, dry_run=context.dry_run)
        context.out.one({"finding": args.remove, "outcome": "reported again by the next audit"})
        return Exit.DONE
    checked = accepting.checked(args.finding or "", args.reason or "", args.until or "", today)
    entry = Acceptance(checked.finding, checked.reason, checked.until, args.by, today)
    accepting.accept(file, entry, context.say, dry_run=context.dry_run)
    context.out.one(_row(entry, today))
    return Exit.DONE


def _row(entry: "Acceptance", today: date) -> dict[str, Any]:
    return {
        "finding": entry.finding,
        "until": entry.until,
        "reason": entry.reason,
        "accepted_by": entry.accepted_by,
        "is_over": entry.until < today,
    }
