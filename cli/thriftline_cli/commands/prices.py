"""``prices``: the dated price catalogue of a checkout."""

import argparse
import sys
from pathlib import Path

from thriftline_cli.checkout import CATALOGUE, required
from thriftline_cli.context import Context
from thriftline_cli.options import leaf, steps


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    group = steps(parser)
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
    """Refreshes the catalogue."""
    folder = required("prices refresh")
    # The catalogue is read by the functions' own reader.
    sys.path.insert(0, str(folder / "functions"))
    from thriftline_cli.prices.command import refresh_catalogue

    args.own_catalogue = folder / CATALOGUE
    args.catalogue = args.catalogue or args.own_catalogue
    return refresh_catalogue(args, context)
