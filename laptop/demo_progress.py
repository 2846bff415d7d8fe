"""How far a run came, on a terminal and in a log."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from laptop.demo_error import DemoError
from laptop.follow import Snapshot, Training


def show(snapshots: Iterator[Snapshot], console: Console) -> Snapshot:
    """Show snapshots as they come; return the last.

    Raises:
        DemoError: there was none.
    """
    last = None
    if console.is_terminal:
        with Live(console=console, refresh_per_second=4) as live:
            for last in snapshots:
                live.update(_picture(last))
    else:
        said: list[str] = []
        for last in snapshots:
            for line in lines(last):
                if line not in said:
                    said.append(line)
                    console.print(line, highlight=False)
    if last is None:
        raise DemoError("nothing was followed")
    return last


def _picture(snapshot: Snapshot) -> Group:
    table = Table(box=None, show_header=False, padding=(0, 2))
    for index, (name, seconds) in enumerate(snapshot.states):
        running = snapshot.status == "RUNNING" and index == len(snapshot.states) - 1
        mark = Text("▶", "cyan") if running else Text("✓", "green")
        table.add_row(mark, name, Text(f"{seconds:.1f} s", "dim"))
    parts: list[Any] = [table]
    training = snapshot.training
    if training.job_name:
        parts.append(Text(f"   {training.job_name}  {training.secondary_status}", "dim"))
    if training.total_steps:
        bar = ProgressBar(total=training.total_steps, completed=training.step, width=40)
        row = Table.grid(padding=(0, 1))
        row.add_row("  ", bar, _progress(training))
        parts.append(row)
    return Group(*parts)


def _progress(training: Training) -> str:
    parts = [f"step {training.step}/{training.total_steps}"]
    if training.loss is not None:
        parts.append(f"loss {training.loss:.3f}")
    if training.samples_per_second is not None:
        parts.append(f"{training.samples_per_second:.0f} samples/s")
    if training.seconds_left is not None:
        parts.append(f"{training.seconds_left:.0f} s to go")
    if accuracy := training.validation.get("accuracy"):
        parts.append(f"validation accuracy {accuracy:.3f}")
    return "  ".join(parts)


def lines(snapshot: Snapshot) -> Iterator[str]:
    """What a log gets: each state, each status of the job, and a line for each tenth of it."""
    for name, _ in snapshot.states:
        yield f"  {name}"
    training = snapshot.training
    if training.job_name:
        yield f"    {training.job_name}: {training.secondary_status}"
    tenth = training.step * 10 // training.total_steps if training.total_steps else 0
    if tenth:
        yield f"    training {tenth * 10} %" + ("" if tenth < 10 else "  " + _progress(training))
    if accuracy := training.validation.get("accuracy"):
        yield f"    validation accuracy {accuracy:.3f}"
