"""`make demo-audit AUDIT="--mode act"`: marks, lets the clock go on, ends, and brings back."""

import io
from pathlib import Path

from rich.console import Console

from laptop import demo_audit, demo_ending
from tests.integration.audit_workflow.conftest import Start

IDLE = "llama3-endpoint-1"


def test_the_demo_marks_ends_and_restores_in_a_terminal_of_80_columns(
    start: Start, tmp_path: Path
) -> None:
    aws = start("act").aws
    before = demo_ending.endpoints(aws)
    out = io.StringIO()
    console = Console(file=out, width=80)

    report = demo_audit.run_audit(aws, {}, tmp_path / "audit", console)
    demo_audit.summarise(report, tmp_path / "audit", console)
    demo_ending.end_and_restore(aws, report, tmp_path / "audit", console)

    said = out.getvalue()
    top = next(each for each in report["findings"] if each["resource"] == IDLE)
    assert f"{float(top['monthly_usd']):,.2f}" in said.partition("finding")[2]
    assert "…" not in said
    assert max(len(line) for line in said.splitlines()) <= 80
    steps = ["3 days later", "execute done", f"gone: {IDLE}", "$ thriftline restore", "restored"]
    places = [said.index(step) for step in steps]
    assert places == sorted(places)
    assert demo_ending.endpoints(aws) == before
    assert (tmp_path / "audit/ended/report.html").exists()
