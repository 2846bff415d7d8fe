"""``prices``: the rates that a stack reckons with, and the dated catalogue of a checkout."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from thriftline_cli.checkout import CATALOGUE, required
from thriftline_cli.context import Context
from thriftline_cli.exits import Exit
from thriftline_cli.options import count, leaf, steps

COLUMNS = ("instance_type", "usd_an_hour", "component", "region", "date")
_COMPONENTS = ("Training", "Hosting", "Processing", "Notebook")


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    group = steps(parser)
    shown = leaf(group, "show", "list the stack's rates of instances")
    shown.add_argument("instance_type", nargs="?", help="only this one, such as ml.g5.xlarge")
    shown.add_argument(
        "--component",
        choices=_COMPONENTS,
        metavar="USE",
        help=f"one of {', '.join(_COMPONENTS)} (Training)",
    )
    shown.add_argument("--of-region", metavar="REGION", help="whose rates (the stack's)")
    shown.add_argument("--limit", type=count, default=500, help="most rates to show (500)")
    one = leaf(group, "refresh", "read AWS's Price List into the catalogue", acts=True)
    one.add_argument(
        "--with-region",
        action="append",
        default=[],
        metavar="REGION",
        help="a region more than the catalogue's",
    )
    one.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="PART",
        help="a part that keeps its old prices and dates, such as FSx",
    )
    one.add_argument(
        "--accept-outliers",
        action="store_true",
        help="believe rates outside the usual band; look at them first",
    )
    one.add_argument("--catalogue", type=Path, help="the file; the checkout's by default")


def run(args: argparse.Namespace, context: Context) -> int:
    """Shows rates, or refreshes the catalogue."""
    return _show(args, context) if args.verb == "show" else _refresh(args, context)


def _show(args: argparse.Namespace, context: Context) -> int:
    found = context.api.items(
        "/prices",
        limit=args.limit,
        region=args.of_region,
        component=args.component,
        instance_type=args.instance_type,
    )
    context.out.rows(list(found), COLUMNS, spare=("region", "component"), of=_rate)
    return Exit.DONE


def _rate(one: Mapping[str, Any]) -> dict[str, Any]:
    # An hour's rate is never rounded: a person reckons with it.
    return {**one, "usd_an_hour": f"${one['usd']}"}


def _refresh(args: argparse.Namespace, context: Context) -> int:
    folder = required("prices refresh")
    # The catalogue is read by the functions' own reader.
    sys.path.insert(0, str(folder / "functions"))
    from thriftline_cli.prices.command import refresh_catalogue

    args.own_catalogue = folder / CATALOGUE
    args.catalogue = args.catalogue or args.own_catalogue
    return refresh_catalogue(args, context)
