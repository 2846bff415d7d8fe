"""One run as a page of a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from thriftline_cli.answers import as_table, as_text
from thriftline_cli.money import lasted, moment, usd

ATTEMPTS = ("attempt", "instance_type", "market", "status", "ending", "billed")
_Run = Mapping[str, Any]


def page(run: _Run) -> str:
    """Returns what is known of a run: its state, its dollars, its attempts, its documents."""
    parts = [as_text(_facts(run)), _attempts(run), _documents(run)]
    return "\n\n".join(part for part in parts if part)


def _facts(run: _Run) -> dict[str, Any]:
    progress, of_bedrock = run.get("progress") or {}, run.get("trainer") == "bedrock"
    return {
        "run": run["run_id"],
        "project": run["project"],
        "status": run["status"],
        "state": run.get("state") if run.get("progress") else None,
        "why": run.get("summary"),
        "upload": run.get("key"),
        "trainer": run.get("trainer"),
        "instance type": run.get("instance_type"),
        "opened": _known(run.get("opened_at"), moment),
        "ended": _known(run.get("ended_at"), moment),
        "step": _steps(progress),
        "took so far": _known(progress.get("seconds"), lasted),
        "expected": _known(run.get("expected_usd"), usd),
        "worst case": _known(run.get("worst_case_usd"), usd),
        "cost so far": _known(progress.get("cost_so_far_usd"), usd),
        "cost": _known(run.get("cost_usd"), usd),
        # Bedrock has no Spot.
        "saved by Spot": None if of_bedrock else _known(run.get("saved_usd"), usd),
        "model version": run.get("model_version"),
        **_metrics(run),
    }


def _known(value: Any, shown: Any) -> Any:
    return None if value is None else shown(value)


def _steps(progress: Mapping[str, Any]) -> str | None:
    if not progress.get("step") or not progress.get("steps"):
        return None
    said = f"{progress['step']:,} of {progress['steps']:,}"
    if progress["step"] < progress["steps"]:
        return said
    return f"{said}; what follows the last step is not counted: evaluation and upload"


def _metrics(run: _Run) -> dict[str, Any]:
    found = (run.get("result") or {}).get("metrics") or {}
    return {
        name: found[name] if found[name] is None else f"{float(found[name]):.4f}"
        for name in ("accuracy", "macro_f1")
        if name in found
    }


def _attempts(run: _Run) -> str:
    rows = [
        *_preparation(run),
        *(
            {
                **one,
                "market": {True: "spot", False: "on-demand"}.get(one.get("spot")),
                "billed": usd(one.get("billed_usd")),
            }
            for one in run.get("attempts") or ()
        ),
    ]
    return as_table(rows, ATTEMPTS, cut=("status",)) if rows else ""


def _preparation(run: _Run) -> Iterator[_Run]:
    """The run's cost has the preparation's dollars, so that they are a row of their own."""
    made = run.get("preparation")
    if made and made.get("attempt") is not None:
        yield {
            "attempt": "preparation",
            "instance_type": made["engine"],
            "market": None,
            "status": made["status"],
            "ending": made["ending"],
            "billed": usd(made["billed_usd"]),
        }


def _documents(run: _Run) -> str:
    return "\n".join(_lines(run))


def _lines(run: _Run) -> Iterator[str]:
    names = [one["name"] for one in run.get("documents") or ()]
    if names:
        yield f"documents  {', '.join(names)}"
        yield f"thriftline runs get {run['run_id']} --save FOLDER"
