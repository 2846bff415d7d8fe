"""The training benchmark's figures, and their tables for docs/benchmarks.md."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.trainer_baselines import B0, B1, B2_BF16, B2_COMPILED, B2_FP32
from benchmarks.training_clock import least_seconds
from benchmarks.training_data_sets import Workload
from benchmarks.training_methods import OURS, Measured
from benchmarks.training_profile import Profile

TIMES = "\N{MULTIPLICATION SIGN}"
B2 = (B2_FP32.name, B2_BF16.name, B2_COMPILED.name)


@dataclass(frozen=True)
class Figures:
    """What is known of one method on one workload."""

    samples_per_second: float
    per_processor_second: float
    mfu: float
    real_share: float
    peak_gib: float | None
    steps: int
    repeats: int
    spread: float
    """Slowest over fastest repeat, by the clock that counts: how much neighbours disturbed."""


@dataclass(frozen=True)
class Result:
    """One workload's table."""

    workload: Workload
    peak_flops: float
    figures: dict[str, Figures]
    profiles: dict[str, Profile]


def figures(runs: Sequence[Measured], peak: float, device: str) -> Figures:
    """Puts the repeats of one method together."""
    wall = least_seconds([run.steps.wall for run in runs])
    processor = least_seconds([run.steps.processor for run in runs])
    # On a CPU one thread computes, and its seconds are the ones without the neighbours'.
    counted = wall if device == "cuda" else processor
    totals = [sum(run.steps.wall if device == "cuda" else run.steps.processor) for run in runs]
    first = runs[0]
    return Figures(
        samples_per_second=first.rows / wall,
        per_processor_second=first.rows / processor,
        mfu=first.flops / counted / peak,
        real_share=statistics.mean(run.real_share for run in runs),
        peak_gib=first.peak_gib,
        steps=len(first.steps.wall),
        repeats=len(runs),
        spread=max(totals) / min(totals),
    )


def rate(each: Figures, device: str) -> float:
    """Samples a second by the clock that counts for ratios."""
    return each.samples_per_second if device == "cuda" else each.per_processor_second


def best_b2(found: dict[str, Figures], device: str) -> str | None:
    """Names the fastest of the tuned ways; None where none was measured."""
    measured = [name for name in B2 if name in found]
    return max(measured, key=lambda name: rate(found[name], device), default=None)


def speed_table(result: Result, device: str) -> str:
    """One row for each method; ratios are to each baseline, by the clock that counts."""
    found = result.figures
    rivals = {"B0": found.get(B0.name), "B1": found.get(B1.name)}
    best = best_b2(found, device)
    rivals["B2"] = found[best] if best else None
    on_cpu = device != "cuda"
    columns = ["method", "real samples/s"]
    columns += ["per processor second"] if on_cpu else []
    columns += [f"{TIMES} {short}" for short in rivals]
    columns += ["real tokens in products", "MFU", f"steps {TIMES} repeats", "slowest repeat"]
    columns += [] if on_cpu else ["peak GiB"]
    lines = [_row(columns), _row(["---", *["---:"] * (len(columns) - 1)])]
    for name, each in found.items():
        cells = [f"**{name}**" if name == OURS else name, f"{each.samples_per_second:,.2f}"]
        cells += [f"{each.per_processor_second:,.2f}"] if on_cpu else []
        for rival in rivals.values():
            ratio = f"{rate(each, device) / rate(rival, device):.2f}" if rival else ""
            cells.append(ratio)
        cells += [
            f"{each.real_share:.1%}",
            f"{each.mfu:.1%}",
            f"{each.steps} {TIMES} {each.repeats}",
            f"{each.spread:.2f} {TIMES}",
        ]
        cells += [] if each.peak_gib is None else [f"{each.peak_gib:.1f}"]
        lines.append(_row(cells))
    return "\n".join(lines)


def profile_table(profiles: dict[str, Profile]) -> str:
    """Where the time of a step goes, a column for each method."""
    if not profiles:
        return ""
    names = list(profiles)
    kinds = list(next(iter(profiles.values())).shares)
    lines = [_row(["share of a step's time", *names]), _row(["---", *["---:"] * len(names)])]
    for kind in kinds:
        lines.append(_row([kind, *(f"{profiles[name].shares[kind]:.1%}" for name in names)]))
    lines.append(
        _row(["nothing: launches, Python", *(f"{profiles[name].waiting:.1%}" for name in names)])
    )
    lines.append(
        _row(["launches a step", *(f"{profiles[name].launches_per_step:,.0f}" for name in names)])
    )
    lines.append(_row(["what limits it", *(profiles[name].limit for name in names)]))
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
