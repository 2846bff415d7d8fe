"""The cost audit of an account file, by the APIs alone: run, summarised, its pages left here."""

import json
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from laptop.demo_error import DemoError
from local_aws.server import ROOT, EmbeddedAws

DOCUMENTS = ("report.html", "report.json", "report.md", "report.csv")
_SHOWN = 10
_SECONDS_BETWEEN_LOOKS = 0.3


def run_audit(
    aws: EmbeddedAws, given: dict[str, Any], folder: Path, console: Console
) -> dict[str, Any]:
    """Run one audit with this input, leave its documents in `folder`, return its report.

    Raises:
        DemoError: the audit failed; the message is its cause.
    """
    started = time.monotonic()
    output = execute(aws, "CostAuditStateMachineArn", given, console)
    report = leave_documents(aws, output["audit_id"], folder)
    console.print(f"audited in {time.monotonic() - started:.0f} s")
    return report


def leave_documents(aws: EmbeddedAws, audit_id: str, folder: Path) -> dict[str, Any]:
    """Fetch an audit's documents into a fresh folder; return its report."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    bucket = aws.outputs["ArtifactsBucketName"]
    for name in DOCUMENTS:
        aws.client("s3").download_file(bucket, f"audits/{audit_id}/{name}", str(folder / name))
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return report


def execute(
    aws: EmbeddedAws, machine: str, given: dict[str, Any], console: Console
) -> dict[str, Any]:
    """Run a state machine, named by its output of the stack; say its states, return its output.

    Raises:
        DemoError: it failed; the message is its cause.
    """
    states = aws.client("stepfunctions")
    arn = states.start_execution(stateMachineArn=aws.outputs[machine], input=json.dumps(given))[
        "executionArn"
    ]
    said: set[str] = set()
    while True:
        execution = states.describe_execution(executionArn=arn)
        for name in _entered(states, arn):
            if name not in said:
                said.add(name)
                console.print(f"  {name}", highlight=False)
        if execution["status"] != "RUNNING":
            break
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    if execution["status"] != "SUCCEEDED":
        raise DemoError(f"the audit ended as {execution['status']}: {_cause(execution)}")
    output: dict[str, Any] = json.loads(execution["output"])
    return output


def _cause(execution: dict[str, Any]) -> str:
    """Return the sentence of a function's error, or the cause as it stands."""
    cause = str(execution.get("cause", ""))
    try:
        return str(json.loads(cause)["errorMessage"])
    except (KeyError, TypeError, ValueError):
        return cause


def _entered(states: Any, arn: str) -> Iterator[str]:
    for page in states.get_paginator("get_execution_history").paginate(executionArn=arn):
        for event in page["events"]:
            if "stateEnteredEventDetails" in event:
                yield event["stateEnteredEventDetails"]["name"]


def summarise(report: dict[str, Any], folder: Path, console: Console) -> None:
    """Print what a person wants to know first, and where the rest lies."""
    console.rule("Cost audit")
    for sentence in report["summary"]:
        console.print(sentence, highlight=False)
    console.print(_bill(report["reconciliation"]))
    console.print(_savings(report["findings"]))
    console.print(f"without dollars: {_without_dollars(report['findings'])}", highlight=False)
    for name in DOCUMENTS:
        path = folder / name
        console.print(str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path))


def _bill(reconciliation: dict[str, Any]) -> Table:
    table = Table(box=None, padding=(0, 2))
    table.add_column("service", overflow="fold")
    for column in ("billed, USD", "explained", "residual"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in [*reconciliation["rows"], {"service": "together", **reconciliation}]:
        amounts = [_dollars(row[f"{name}_usd"]) for name in ("billed", "explained", "residual")]
        table.add_row(row["service"], *amounts)
    return _with_whole_money(table)


def _with_whole_money(table: Table) -> Table:
    """Give columns of money the width of their widest cell: other columns give way instead."""
    for column in table.columns:
        if column.justify == "right":
            cells = [str(column.header), *(str(cell) for cell in column.cells)]
            column.min_width = max(len(cell) for cell in cells)
    return table


def _savings(findings: list[dict[str, Any]]) -> Table:
    """The largest savings; what has no price and is likely large is among them."""
    table = Table(box=None, padding=(0, 1))
    table.add_column("USD a month", justify="right", no_wrap=True)
    table.add_column("finding", overflow="fold")
    table.add_column("confidence", no_wrap=True)
    table.add_column("resource", overflow="fold")
    for finding in [one for one in findings if _is_shown(one)][:_SHOWN]:
        table.add_row(
            "likely large" if finding["monthly_usd"] is None else _dollars(finding["monthly_usd"]),
            finding["title"],
            finding["confidence"],
            finding["resource"],
        )
    return _with_whole_money(table)


def _without_dollars(findings: list[dict[str, Any]]) -> str:
    counts = Counter(one["title"] for one in findings if not _is_shown(one))
    return ", ".join(f"{title} ({count})" for title, count in counts.items())


def _is_shown(finding: dict[str, Any]) -> bool:
    """Whether it has dollars, or none and a severity that says that they are many."""
    if finding["monthly_usd"] is None:
        return (finding["severity"], finding["resource_type"] == "cost") == ("high", False)
    return Decimal(finding["monthly_usd"]) != 0


def _dollars(text: str | None) -> str:
    return "unknown" if text is None else f"{Decimal(text):,.2f}"
