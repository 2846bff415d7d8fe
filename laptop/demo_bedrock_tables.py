"""A run on Bedrock on a terminal: loss curve, evaluation, and what is left."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import ceil
from statistics import mean
from typing import Any

from rich.console import Console
from rich.table import Table

from laptop.demo_bedrock_services import Region

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 48
_NAMES = {"zero_shot": "the base model, zero-shot", "few_shot": "the base model, with examples"}


def show_curve(curve: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Show the loss of each epoch, and its way."""
    epochs: dict[int, list[float]] = defaultdict(list)
    for point in curve:
        epochs[ceil(point["epoch"])].append(point["loss"])
    means = ", ".join(f"{mean(losses):.2f}" for losses in epochs.values())
    console.print(f"loss by epoch: {means}", highlight=False)
    console.print(f"  {bars([point['loss'] for point in curve])}", highlight=False)


def bars(values: Sequence[float], width: int = _WIDTH) -> str:
    """Return values as a row of bars; several share one where there are many."""
    if not values:
        return ""
    width = min(width, len(values))
    bounds = [round(number * len(values) / width) for number in range(width + 1)]
    shown = [mean(values[bounds[i] : bounds[i + 1]]) for i in range(width)]
    highest = max(shown) or 1.0
    return "".join(_BARS[round(value / highest * (len(_BARS) - 1))] for value in shown)


def show_evaluation(evaluation: Mapping[str, Any], console: Console) -> None:
    """Show base and tuned model, and the champion, on the same records."""
    answers = evaluation["answers"]
    table = Table(box=None, padding=(0, 1), title="On the test split", title_justify="left")
    table.add_column("model", overflow="fold")
    for name in ("accuracy", "95 % interval", "unparsed"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in evaluation["baselines"]:
        if one["kind"] in _NAMES:
            _add(table, _NAMES[one["kind"]], one, one["unparsed"])
    if evaluation["champion"]:
        champion = evaluation["champion"]
        _add(table, "the model in use", champion, champion["missing_predictions"])
    _add(table, "tuned", evaluation["candidate"], answers["unparsed"])
    console.print(table)
    console.print(answers["sentence"], highlight=False)


def show_left(regions: Sequence[Region], console: Console) -> None:
    """Show what each region has that costs, or can be asked."""
    table = Table(box=None, padding=(0, 1))
    table.add_column("region")
    for name in ("deployments", "custom models", "throughputs"):
        table.add_column(name, justify="right")
    for region in regions:
        left = region.left()
        counts = (len(left.deployments), len(left.models), len(left.throughputs))
        table.add_row(region.name, *(str(count) for count in counts))
    console.print(table)


def _add(table: Table, name: str, scores: Mapping[str, Any], unparsed: int | None) -> None:
    interval = scores["intervals"]["accuracy"]
    table.add_row(
        name,
        f"{scores['accuracy']:.3f}",
        f"{interval['low']:.3f} to {interval['high']:.3f}",
        "-" if unparsed is None else str(unparsed),
    )
