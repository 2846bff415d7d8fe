"""From a file of one's own to an approved model, by `thriftline` alone."""

from pathlib import Path

import pytest

from tests.integration.cli.terminal import Terminal
from tests.integration.workflow.world import csv_of
from thriftline_cli.exits import Exit


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "Meine Daten.csv"
    path.write_text(csv_of(400))
    return path


def test_a_file_is_submitted_watched_and_read(
    terminal: Terminal, project: str, data: Path, tmp_path: Path
) -> None:
    started = terminal.run(
        "runs", "submit", str(data), "--project", project, "--output", "json"
    ).answer
    run = started["run_id"]
    assert run.startswith(project)
    watched = terminal.run("runs", "watch", run, "--every", "200ms", code=2)
    assert "is no time" in watched.err
    watched = terminal.run("runs", "watch", run, "--every", "0.2s", "--output", "json")
    assert watched.answer["status"] == "succeeded"
    assert "[#" in watched.err
    assert max(map(len, watched.err.splitlines())) <= 80

    listed = terminal.run("runs", "list", "--project", project, "--query", "[].run_id")
    assert listed.out == f"{run}\n"
    folder = tmp_path / "out"
    page = terminal.run("runs", "get", run, "--save", str(folder))
    assert "succeeded" in page.out
    assert (folder / "result.json").exists()
    assert (folder / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert terminal.run("budget", "--query", "month", "--output", "text").out.startswith("20")


def test_a_run_waits_for_a_yes_and_goes_on(
    terminal: Terminal, project: str, data: Path, tmp_path: Path
) -> None:
    spec = tmp_path / "mine.yaml"
    spec.write_text("budget: {approval_above_usd: 0.01}\n")
    words = ("runs", "submit", str(data), "--spec", str(spec), "--project", project)
    run = terminal.run(*words, "--output", "json").answer["run_id"]
    watched = terminal.run("runs", "watch", run, "--timeout", "20s", "--every", "1s", code=6)
    assert f"thriftline approvals approve {run}" in watched.err
    (waiting,) = terminal.run("approvals", "list", "--output", "json").answer
    assert waiting["run_id"] == run
    assert float(waiting["worst_case_usd"]) > 0.01
    refused = terminal.run("approvals", "approve", run, code=Exit.REFUSED)
    assert "say --yes" in refused.err
    answer = terminal.run("approvals", "approve", run, "--yes", "--output", "json").answer
    assert answer["standing"] == "approved"
    # The same answer of the same person is no second one; another is too late.
    again = terminal.run("approvals", "approve", run, "--yes", "--output", "json").answer
    assert again["answered_at"] == answer["answered_at"]
    assert terminal.run("approvals", "reject", run, "--yes", code=Exit.REFUSED).out == ""
    assert terminal.run("approvals", "list", "--output", "json").answer == []
    ended = terminal.run("runs", "watch", run, "--every", "0.2s", "--output", "json").answer
    assert ended["approval"]["standing"] == "approved"


def test_a_file_that_no_run_takes_is_refused_with_its_line(
    terminal: Terminal, project: str, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("text,label\nfine,positive\nno label,\n" * 20)
    words = ("runs", "submit", str(bad), "--project", project, "--wait", "--every", "0.2s")
    ended = terminal.run(*words, code=Exit.REFUSED)
    assert "rejected" in ended.out
    terminal.run("runs", "get", "nothing-here", code=Exit.NOT_FOUND)
    other = terminal.run("runs", "list", "--stack", "elsewhere", code=Exit.NOT_FOUND)
    assert other.err == "thriftline: there is no stack elsewhere\n"
