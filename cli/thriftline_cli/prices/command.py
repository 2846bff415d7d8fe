"""``prices refresh``: reads AWS's Price List into the catalogue of a checkout.

Reads AWS's Price List and the rates of Savings Plans (credentials with pricing:GetProducts and
savingsplans:DescribeSavingsPlansOfferingRates; the calls are free), shows what is new, gone or
another, and writes the catalogue. It writes nothing where an answer is empty, a rate cannot be
right, or the file is damaged.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config
from rich.console import Console
from rich.table import Table

from thriftline.money.price_catalogue import CatalogueError, checked_catalogue
from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.prices.differences import Difference, Outlier, differences, outliers
from thriftline_cli.prices.products import PriceListError, Tiers
from thriftline_cli.prices.reading import PriceListReader
from thriftline_cli.prices.refreshing import plain, read, read_plans, refreshed
from thriftline_cli.prices.savings_plans import PLANS, plan_rates
from thriftline_cli.prices.sections import SECTIONS, Section

# The Price List API answers in a few regions only, and for all of them.
PRICING_REGION = "us-east-1"
_WIDTH = 80
_MOST_NEW = 5


class PricesError(Exception):
    """It cannot be done as asked; the message says why and what to do. Nothing was written."""


def refresh_catalogue(arguments: argparse.Namespace, context: Context) -> int:
    """Reads the list and writes the file; what is new is shown on stderr."""
    width = None if context.stderr.isatty() else _WIDTH
    console = Console(file=context.stderr, width=width, highlight=False)
    config = Config(retries={"total_max_attempts": 1})
    more: dict[str, Any] = {"region_name": PRICING_REGION, "config": config}
    client = context.aws("pricing", **more)
    reader = PriceListReader(client, context.sleep)
    savings = context.aws("savingsplans", **more)

    def plans(region: str) -> dict[str, Tiers]:
        return {**plan_rates(savings, region, context.sleep)}

    today = context.now().date()
    try:
        changed = refresh(arguments, reader, client.meta.endpoint_url, today, console, plans)
    except (PricesError, PriceListError, CatalogueError) as error:
        raise CommandError(str(error), Exit.FAILED) from error
    written = not getattr(arguments, "dry_run", False)
    context.out.one(
        {
            "catalogue": str(arguments.catalogue),
            "date": today,
            "changed": changed,
            "written": written,
        }
    )
    return Exit.DONE


def refresh(
    arguments: argparse.Namespace,
    reader: PriceListReader,
    endpoint: str,
    today: date,
    console: Console,
    plans: Callable[[str], dict[str, Tiers]],
) -> int:
    """Read, show and write; return how many prices are another.

    ``plans`` gives the rates of Savings Plans in a region.

    Raises:
        PricesError: a rate is outside its band, or the list is not AWS's.
        PriceListError: the list is not of its form, or empty where it must not be.
        CatalogueError: the file is damaged.
    """
    path: Path = arguments.catalogue
    source = _source(endpoint, path, arguments.own_catalogue)
    text = path.read_bytes()
    before = checked_catalogue(text, path.name)
    document = json.loads(text)
    regions = sorted(_regions(document) | set(arguments.with_region))
    sections = _sections(arguments.without)
    readings = [read(reader, section, regions, document) for section in sections]
    if PLANS.title not in arguments.without:
        readings.append(read_plans(plans, PLANS, regions, document))
    new = json.dumps(refreshed(document, readings, today, source), indent=1, ensure_ascii=False)
    after = checked_catalogue(new.encode(), path.name)
    changed = differences(before, after)
    _show(console, changed)
    for note in (note for reading in readings for note in reading.notes):
        console.print(note)
    wrong, unchecked = outliers(changed, after)
    if unchecked:
        console.print(f"{unchecked} rates have no EC2 rate to be held against.")
    _require_no_outliers(wrong, accepted=arguments.accept_outliers)
    for title in arguments.without:
        console.print(f"{title}: not read; it keeps its old dates.")
    if getattr(arguments, "dry_run", False):
        console.print("Nothing was written (--dry-run).")
        return len(changed)
    if path.read_bytes() != text:
        raise PricesError(f"{path.name} was changed while the list was read; run it again.")
    write_atomically(path, f"{new}\n".encode())
    console.print(f"{path.name} is as of {today}.")
    return len(changed)


def _source(endpoint: str, path: Path, own: Path) -> str:
    host = urlsplit(endpoint).hostname or ""
    if host.endswith(".amazonaws.com"):
        return "AWS Price List API"
    if path.resolve() == own.resolve():
        raise PricesError(
            f"{host} is not AWS, and the catalogue that ships is AWS's prices: name another file "
            "with --catalogue, or unset AWS_ENDPOINT_URL. Nothing was read."
        )
    return f"a list at {host}"


def _sections(without: Sequence[str]) -> list[Section]:
    known = [section.title for section in (*SECTIONS, PLANS)]
    unknown = [title for title in without if title not in known]
    if unknown:
        raise PricesError(f"--without {unknown[0]}: there is no such part; {', '.join(known)} are.")
    return [section for section in SECTIONS if section.title not in without]


def _regions(document: Any) -> set[str]:
    return {
        region
        for lists in document["instance_hours"].values()
        for one in lists
        for region in one["usd"]
    }


def _show(console: Console, changed: Sequence[Difference]) -> None:
    if not changed:
        console.print("No price is another.")
        return
    table = Table(box=None, pad_edge=False)
    for title in ("Part", "Region", "Name"):
        table.add_column(title, overflow="fold")
    for title in ("Before", "Now", "Change"):
        table.add_column(title, justify="right", no_wrap=True)
    for one in _worth_a_row(changed):
        table.add_row(one.section, one.region, one.name, *_amounts(one))
    console.print(table)
    _count_new(console, changed)


def _worth_a_row(changed: Sequence[Difference]) -> list[Difference]:
    """Return the rows to show: of a part that is new as a whole only the number."""
    counts = _new_counts(changed)
    return [
        one
        for one in changed
        if one.before is not None or counts[one.section, one.region] <= _MOST_NEW
    ]


def _new_counts(changed: Sequence[Difference]) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for one in changed:
        place = one.section, one.region
        counts[place] = counts.get(place, 0) + (one.before is None)
    return counts


def _count_new(console: Console, changed: Sequence[Difference]) -> None:
    for (section, region), count in _new_counts(changed).items():
        if count > _MOST_NEW:
            console.print(f"{section}, {region}: {count} prices are new.")


def _amounts(one: Difference) -> tuple[str, str, str]:
    before = "-" if one.before is None else plain(one.before)
    if one.after is None:
        return before, "gone", "unpriced"
    change = "new" if one.change is None else f"{(one.change - 1) * 100:+.1f} %"
    return before, plain(one.after), change


def _require_no_outliers(wrong: Sequence[Outlier], *, accepted: bool) -> None:
    if not wrong or accepted:
        return
    lines = [f"  {one.place}: {one.rule}" for one in wrong[:20]]
    more = [f"  and {len(wrong) - 20} more"] if len(wrong) > 20 else []
    raise PricesError(
        "\n".join(
            [
                f"{len(wrong)} rates cannot be believed without a look; nothing was written:",
                *lines,
                *more,
                "Look at them, and run it again with --accept-outliers if they are right.",
            ]
        )
    )


def write_atomically(
    path: Path, text: bytes, replace: Callable[[Path, Path], object] = os.replace
) -> None:
    """Write a file whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as new:
        name = Path(new.name)
        try:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
            name.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
            replace(name, path)
        except BaseException:
            name.unlink(missing_ok=True)
            raise
