"""The results of the defaults' benchmark as Markdown, and what they come to against the bars."""

from collections.abc import Iterable, Iterator, Mapping
from statistics import mean

from benchmarks.defaults_methods import GRID
from benchmarks.defaults_results import Key, Result, latest

COLUMNS = {
    "TF-IDF + LR": "tfidf",
    "linear head": "linear_head",
    "fine-tuned": "finetune",
    "SetFit": "setfit",
    "default": "default",
    "before": "before",
    "best of 12": "grid",
}
Row = Mapping[str, Result]


def table(results: Iterable[tuple[Key, Result]], version: str = "") -> str:
    """Returns the results as Markdown.

    Args:
        results: of any versions of the code; of one training the last counts.
        version: of the code as it is; results of others get a star.
    """
    rows = {name: _with_grid(found) for name, found in sorted(latest(results).items())}
    lines = [
        "| rows | task | tokens | most frequent | "
        + " | ".join(COLUMNS)
        + " | error | processor s, default | before |",
        "| " + " | ".join(["---"] * (7 + len(COLUMNS))) + " |",
    ]
    for (task, size, length), found in rows.items():
        cells = [_cell(found.get(method), version) for method in COLUMNS.values()]
        default = found.get("default", {})
        lines.append(
            f"| {size} | {task} | {length} | {next(iter(found.values()))['majority']:.3f} | "
            + " | ".join(cells)
            + f" | {_figure(default, 'calibration_error', '.3f')}"
            + f" | {_figure(default, 'training_processor_seconds', '.1f')}"
            + f" | {_figure(found.get('before', {}), 'training_processor_seconds', '.1f')} |"
        )
    return "\n".join([*lines, "", *summary(list(rows.values()))])


def summary(rows: list[Row]) -> Iterator[str]:
    """Says what the sets come to together."""
    for method in ("default", "linear_head", "finetune", "setfit", "before"):
        both = [row for row in rows if method in row and "tfidf" in row]
        if both:
            won = sum(row[method]["accuracy"] >= row["tfidf"]["accuracy"] for row in both)
            error = mean(row[method]["calibration_error"] for row in both)
            accuracy = mean(row[method]["accuracy"] for row in both)
            yield (
                f"- {method}: at least TF-IDF's accuracy on {won} of {len(both)} sets; mean "
                f"accuracy {accuracy:.3f}; mean calibration error {error:.3f}"
            )
    for rival, name in (("grid", "the best of 12"), ("setfit", "SetFit")):
        both = [row for row in rows if rival in row and "default" in row]
        if both:
            gap = mean(row[rival]["accuracy"] - row["default"]["accuracy"] for row in both)
            yield f"- {name} is {100 * gap:+.1f} points from the default on {len(both)} sets"
    yield from _prices(rows)


def _prices(rows: list[Row]) -> Iterator[str]:
    name = "training_processor_seconds"
    both = [row for row in rows if name in row.get("default", {}) and name in row.get("before", {})]
    if both:
        ratios = [row["default"][name] / row["before"][name] for row in both]
        yield (
            f"- processor time of the training, default as a multiple of before: mean "
            f"{mean(ratios):.2f}, most {max(ratios):.2f}, on {len(both)} sets"
        )


def _with_grid(found: Row) -> dict[str, Result]:
    """Adds the grid's best on the test rows, where all of it was measured.

    SetFit is taken with the most pairs that were measured.
    """
    row = dict(found)
    if GRID.keys() <= found.keys():
        row["grid"] = max((found[each] for each in GRID), key=lambda one: float(one["accuracy"]))
    pairs = [each for each in found if each.startswith("setfit ")]
    if pairs and "setfit" not in found:
        row["setfit"] = found[max(pairs, key=lambda each: int(each.split()[1]))]
    return row


def _cell(result: Result | None, version: str) -> str:
    if result is None:
        return ""
    of_version = str(result.get("of_version", ""))
    is_old = len(of_version) == len(version) and of_version != version
    return f"{result['accuracy']:.3f}" + ("*" if is_old else "")


def _figure(result: Result, name: str, form: str) -> str:
    return format(result[name], form) if name in result else ""
