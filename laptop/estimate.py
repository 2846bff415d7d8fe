"""What a run of some files would cost, before anything is uploaded: a table, a page, a document.

The functions' own validation and prices answer, in a process of their own and without AWS; what
they say is read from `estimate.json`.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from samtranslator.yaml_helper import yaml_parse

from laptop.routing_table import show_break_evens, show_routing
from local_aws.options import ROOT

PROGRAM = "thriftline.wiring.estimate"
_RUN_YAML = "run.yaml"
_DOCUMENTS = ("estimate.html", "estimate.json")
_DATA_ENDINGS = (".jsonl", ".csv", ".parquet", ".jsonl.gz", ".csv.gz", ".parquet.gz")
_DEFAULTS = {
    "base_model": "DefaultBaseModel",
    "instance_type": "DefaultInstanceType",
    "max_usd": "DefaultMaxUsd",
}


_WITHOUT_CENTS = 100_000


class EstimateError(Exception):
    """There is nothing to estimate, or it cannot be; the message says what to do."""


def run_estimate(
    data: Path, run_yaml: Path | None, region: str, folder: Path, console: Console
) -> None:
    """Estimate, leave `estimate.json` and `estimate.html` in `folder`, and print the table.

    Raises:
        EstimateError: the files cannot be used; the message names the place and the fix.
    """
    request = _request(data, run_yaml)
    # Two estimates at once each show their own; the last one's files stay.
    with TemporaryDirectory() as own:
        _ask(region, own, json.dumps(request))
        show(json.loads((Path(own) / "estimate.json").read_text(encoding="utf-8")), console)
        folder.mkdir(parents=True, exist_ok=True)
        for name in _DOCUMENTS:
            shutil.move(Path(own) / name, folder / name)
    for name in _DOCUMENTS:
        path = folder / name
        console.print(
            f"{name}  {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}",
            highlight=False,
        )


def run_guides(region: str, console: Console) -> None:
    """Print what usual cases cost by the hour.

    Raises:
        EstimateError: the region has no price for one of them.
    """
    show_guides(json.loads(_ask(region, "--guides", "")), console)
    console.print(f"At SageMaker's on-demand rates of {region}; Spot bills less.", highlight=False)


def _ask(region: str, argument: str, request: str) -> str:
    answer = subprocess.run(
        [sys.executable, "-m", PROGRAM, argument],
        input=request,
        capture_output=True,
        text=True,
        check=False,
        env=_environment(os.environ, region),
    )
    if answer.returncode:
        raise EstimateError(_last_words(answer.stderr))
    return answer.stdout


def _request(data: Path, run_yaml: Path | None) -> dict[str, Any]:
    files = _files(data)
    beside = data / _RUN_YAML if data.is_dir() else None
    if run_yaml is None and beside is not None and beside.exists():
        run_yaml = beside
    if run_yaml is not None and not run_yaml.is_file():
        raise EstimateError(f"RUN: there is no file {run_yaml}")
    declared = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))["Parameters"]
    return {
        "files": [str(path.resolve()) for path in files],
        "run_yaml": str(run_yaml.resolve()) if run_yaml else None,
        **{name: str(declared[parameter]["Default"]) for name, parameter in _DEFAULTS.items()},
        "trainers": declared["Trainers"]["Default"].split(","),
        "engines": declared["PreparationEngines"]["Default"].split(","),
        "preparation_max_vcpus": int(declared["PreparationMaxVcpus"]["Default"]),
        "spark_processing_image": declared["SparkProcessingImage"]["Default"],
    }


def _files(data: Path) -> list[Path]:
    if data.is_file():
        return [data]
    if not data.is_dir():
        raise EstimateError(f"DATA: there is no file or folder {data}")
    found = sorted(path for path in data.iterdir() if path.name.endswith(_DATA_ENDINGS))
    if not found:
        raise EstimateError(
            f"DATA: {data} holds no data; a data set is a {', '.join(_DATA_ENDINGS)} file"
        )
    return found


def _environment(mine: Mapping[str, str], region: str) -> dict[str, str]:
    """No credentials: the client is made for its list of types, and never calls."""
    kept = {name: value for name, value in mine.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "PYTHONPATH": str(ROOT / "functions"),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _last_words(stderr: str) -> str:
    """What the program says of its own accord; of a crash the last line, which names it."""
    lines = stderr.strip().splitlines()
    if not lines:
        return "the estimate ended without a word"
    return lines[-1] if lines[0].startswith("Traceback") else "\n".join(lines)


def show(document: Mapping[str, Any], console: Console) -> None:
    """Print an estimate, the cheapest choice first."""
    if document.get("preparation"):
        for line in _of_raw_data(document["preparation"], document["refusal"]):
            console.print(escape(line), highlight=False)
        return
    plan, data = document["plan"], document["data"]
    rows = ", ".join(f"{count:,} {split}" for split, count in data["splits"].items())
    console.print(
        f"{', '.join(data['files'])}: {data['rows']:,} records ({rows}), {data['labels']} labels",
        highlight=False,
        markup=False,
    )
    show_routing(plan, console)
    show_break_evens(plan, console)
    console.print(_table(plan["quotes"]))
    if _is_by_the_hour(plan):
        legend = "* would be taken   ~ its range touches the cheapest one's"
        console.print(legend, highlight=False)
    for line in _facts(document):
        console.print(escape(line), highlight=False)


def _of_raw_data(found: Mapping[str, Any], refusal: str | None) -> list[str]:
    engine = found["engine"] or "unknown"
    minutes = found["likely_minutes"]
    lines = [
        f"{_counted(found['files'], 'raw file')}, {_counted(found['stored_bytes'], 'byte')}. "
        f"{found['size']}",
        f"Engine: {engine}. {found['reason']}",
        f"Preparation: likely {_usd(found['likely_usd'])}"
        + (f" in about {_counted(minutes, 'minute')}" if minutes is not None else "")
        + f", at most {_usd(found['worst_usd'])} for an attempt and {_usd(found['most_usd'])} for "
        "all.",
        *([f"That is {found['basis']}."] if found["basis"] else []),
        *(f"Not taken: {name}: {why}" for name, why in found["left_out"].items()),
        *([found["advice"]] if found["advice"] else []),
        *found["warnings"],
        f"Training: unknown. {found['training_unknown']}",
    ]
    return [*lines, refusal] if refusal else lines


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _usd(value: str | None) -> str:
    return "unknown" if value is None else f"{Decimal(value):,.2f} USD"


def _table(quotes: Sequence[Mapping[str, Any]]) -> Table:
    # The GPUs alone may take a second line; nothing is cut.
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True, width=2)
    table.add_column("type", no_wrap=True)
    table.add_column("GPUs")
    for name in ("hours", "low", "likely", "high", "at most"):
        table.add_column(name, justify="right", no_wrap=True, min_width=_width(name, quotes))
    for quote in quotes:
        table.add_row(
            ("*" if quote["chosen"] else "") + ("~" if quote["like_cheapest"] else ""),
            quote["name"],
            _gpus(quote["details"]),
            *(_amount(quote, name) for name in ("hours", "low", "likely", "high", "at most")),
            style="bold" if quote["chosen"] else "",
        )
    return table


_KEYS = {
    "hours": "expected_hours",
    "low": "low_usd",
    "likely": "expected_usd",
    "high": "high_usd",
    "at most": "worst_case_usd",
}


def _amount(quote: Mapping[str, Any], name: str) -> str:
    value = quote[_KEYS[name]]
    if value is None:
        return "-"
    amount = Decimal(value)
    # Cents of such amounts would push others off the screen.
    return f"{amount:,.0f}" if amount >= _WITHOUT_CENTS else f"{amount:,.2f}"


def _width(name: str, quotes: Sequence[Mapping[str, Any]]) -> int:
    return max(len(name), *(len(_amount(quote, name)) for quote in quotes))


def _gpus(details: Mapping[str, Any]) -> str:
    if not details.get("gpu"):
        return "-"
    return f"{details['gpu_count']} x {details['gpu'].removeprefix('NVIDIA ')}"


def _facts(document: Mapping[str, Any]) -> list[str]:
    plan = document["plan"]
    rate = plan["rungs"][0]["rate"]
    by_the_hour = _is_by_the_hour(plan)
    lines = [
        f"USD at the {'on-demand ' if by_the_hour else ''}rates of {plan['region']} of "
        f"{rate['date']}{'; Spot bills less' if by_the_hour else ''}.",
        *([document["choice"]] if document.get("choice") else []),
        plan["expected_reason"],
        *([document["not_asked"]] if document.get("not_asked") else []),
        *plan["warnings"],
        *document["data"]["warnings"],
    ]
    return [*lines, document["refusal"]] if document["refusal"] else lines


def _is_by_the_hour(plan: Mapping[str, Any]) -> bool:
    return bool(plan["rungs"][0]["rate"]["unit"] == "instance-hour")


def show_guides(document: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Print what usual cases cost by the hour."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("case", "type"):
        table.add_column(name, no_wrap=True)
    for name in ("hours", "USD"):
        table.add_column(name, justify="right", no_wrap=True)
    for guide in document:
        table.add_row(
            guide["name"],
            guide["instance_type"],
            f"{guide['least_hours']} to {guide['most_hours']}",
            f"{Decimal(guide['low_usd']):,.2f} to {Decimal(guide['high_usd']):,.2f}",
        )
    console.print(table)
