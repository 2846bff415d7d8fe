"""How far a run came, on a terminal and in a log."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from laptop.demo_error import DemoError
from laptop.follow import Snapshot, Training


class Line(NamedTuple):
    """A line of a log. Of the lines with one key only the first is worth a look."""

    key: tuple[object, ...]
    text: str


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
        said: set[tuple[object, ...]] = set()
        for last in snapshots:
            for line in lines(last):
                if line.key not in said:
                    said.add(line.key)
                    console.print(line.text, highlight=False)
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
        bar = ProgressBar(total=training.total_steps, completed=training.step, width=16)
        row = Table.grid(padding=(0, 1))
        row.add_row("  ", bar, f"step {training.step}/{training.total_steps}, {_pace(training)}")
        parts.append(row)
    if scores := _scores(training):
        parts.append(Text(f"   {scores}", "dim"))
    return Group(*parts)


def _pace(training: Training) -> str:
    parts = []
    if training.loss is not None:
        parts.append(f"loss {training.loss:.3f}")
    if training.samples_per_second is not None:
        parts.append(f"{training.samples_per_second:.0f} samples/s")
    if training.seconds_left:
        parts.append(f"{training.seconds_left:.0f} s to go")
    return ", ".join(parts)


def _scores(training: Training) -> str:
    named = (("accuracy", "accuracy"), ("macro_f1", "macro-F1"))
    found = [
        f"{name} {training.validation[key]:.3f}"
        for key, name in named
        if key in training.validation
    ]
    return f"on the validation split: {', '.join(found)}" if found else ""


def lines(snapshot: Snapshot) -> Iterator[Line]:
    """What a log gets: each state, each status of the job, each tenth of its steps, each score."""
    for name, _ in snapshot.states:
        yield Line(("state", name), f"  {name}")
    training = snapshot.training
    job = training.job_name
    if not job:
        return
    status = training.secondary_status
    yield Line(("status", job, status), f"    {job}: {status}")
    if training.total_steps and (tenth := training.step * 10 // training.total_steps):
        text = f"    training {tenth * 10} %, {_pace(training)}"
        yield Line(("tenth", job, tenth), text)
    if scores := _scores(training):
        yield Line(("scores", job, scores), f"    {scores}")
