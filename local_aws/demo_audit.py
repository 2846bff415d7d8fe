"""The cost audit of an account file, by the APIs alone: run, summarised, its pages left here."""

import json
import shutil
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local_aws.demo import DemoError
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
    output = _execute(aws, given, console)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    bucket = aws.outputs["ArtifactsBucketName"]
    for name in DOCUMENTS:
        key = f"audits/{output['audit_id']}/{name}"
        aws.client("s3").download_file(bucket, key, str(folder / name))
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    console.print(f"audited in {time.monotonic() - started:.0f} s")
    return report


def _execute(aws: EmbeddedAws, given: dict[str, Any], console: Console) -> dict[str, Any]:
    states = aws.client("stepfunctions")
    arn = states.start_execution(
        stateMachineArn=aws.outputs["CostAuditStateMachineArn"], input=json.dumps(given)
    )["executionArn"]
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
        raise DemoError(f"the audit ended as {execution['status']}: {execution.get('cause', '')}")
    output: dict[str, Any] = json.loads(execution["output"])
    return output


def _entered(states: Any, arn: str) -> Iterator[str]:
    for page in states.get_paginator("get_execution_history").paginate(executionArn=arn):
        for event in page["events"]:
            if "stateEnteredEventDetails" in event:
                yield event["stateEnteredEventDetails"]["name"]


def summarise(report: dict[str, Any], folder: Path, console: Console) -> None:
    """Print what a person wants to know first, and where the rest lies."""
    console.rule("Cost audit")
    table = Table(box=None, show_header=False, padding=(0, 2))
    for name, value in _facts(report):
        table.add_row(Text(name, "bold"), value)
    console.print(table)
    console.print(_findings(report))
    for action in report["planned_actions"][:_SHOWN]:
        console.print(f"would {action['action']} {action['resource']}: {action['reason']}")
    for name in DOCUMENTS:
        path = folder / name
        console.print(str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path))


def _facts(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    window, bill = report["window"], report["reconciliation"]
    yield "window", f"{window['start'][:10]} to {window['end'][:10]}"
    yield "billed", _dollars(bill["billed_usd"])
    yield "explained", _dollars(bill["explained_usd"])
    yield "residual", _dollars(bill["residual_usd"])
    yield "findings", str(len(report["findings"]))
    yield "unknown", str(len(report["unknown"]))


def _findings(report: dict[str, Any]) -> Table:
    table = Table("USD a month", "rule", "resource", "confidence", box=None, padding=(0, 2))
    for finding in report["findings"][:_SHOWN]:
        table.add_row(
            _dollars(finding["monthly_usd"], unknown="-"),
            finding["title"],
            finding["resource"],
            finding["confidence"],
        )
    return table


def _dollars(text: str | None, unknown: str = "unknown") -> str:
    return unknown if text is None else f"{Decimal(text):,.2f}"
