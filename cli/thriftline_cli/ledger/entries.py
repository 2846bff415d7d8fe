"""What the API's documents say that somebody did, as one list in the order of time.

What is not known is None: of an upload beside the API S3 names the account alone, and an ending
that nobody asked for has nobody's name.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

COLUMNS = (
    "when",
    "what",
    "who",
    "project",
    "run_id",
    "model_version",
    "endpoint",
    "status",
    "cost_usd",
    "why",
)
# How a version's reason begins where a person decided: the caller, and behind it a sentence.
_DECIDED_BY = re.compile(r"(?P<who>arn:[^ ]+?)(?:: (?P<why>.*))?", re.DOTALL)
# How the summary of a run says who stopped it by the API, and behind it a sentence.
_STOPPED_BY = re.compile(r"(?P<who>arn:\S+) stopped the run(?:: (?P<why>.*))?", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """One thing that was done. ``cost_usd`` is what was billed, as the API's exact text."""

    when: datetime
    what: str
    who: str | None
    project: str
    run_id: str | None = None
    model_version: int | None = None
    endpoint: str | None = None
    status: str | None = None
    cost_usd: str | None = None
    why: str | None = None

    @property
    def row(self) -> dict[str, Any]:
        """The entry as an answer shows it."""
        return {**asdict(self), "when": self.when.isoformat()}


def of_run(run: Mapping[str, Any]) -> Iterator[Entry]:
    """Yields what was done in one run, by ``GET /runs/{id}``."""
    about = {"project": run["project"], "run_id": run["run_id"]}
    if run["opened_at"]:
        who = run.get("requested_by")
        yield Entry(_time(run["opened_at"]), "uploaded", who, why=run["key"], **about)
    prepared = run.get("preparation") or {}
    asked = run.get("approval")
    if prepared.get("approved_at") and (asked or {}).get("part") == "run":
        yield Entry(
            _time(prepared["approved_at"]),
            "spending approved",
            prepared["approved_by"],
            why=f"a preparation of {prepared['approved_usd']} USD at the most",
            **about,
        )
    if asked and asked["answered_at"]:
        yield Entry(
            _time(asked["answered_at"]),
            f"spending {asked['standing']}",
            asked["answered_by"],
            why=f"a worst case of {asked['worst_case_usd']} USD{_part(asked)}",
            **about,
        )
    if run["ended_at"]:
        stopped = _STOPPED_BY.search(run["summary"] or "")
        yield Entry(
            _time(run["ended_at"]),
            "stopped" if stopped else "ended",
            stopped["who"] if stopped else None,
            model_version=run["model_version"],
            status=run["status"],
            cost_usd=_text(run["cost_usd"]),
            why=(stopped["why"] or run["summary"]) if stopped else run["summary"],
            **about,
        )


def of_version(project: str, version: Mapping[str, Any]) -> Iterator[Entry]:
    """Yields what was done to one version, by ``GET /projects/{project}/models``.

    When a person decided is not in the registry; the entry stands at the version's making.
    """
    about = {
        "project": project,
        "run_id": version["run_id"],
        "model_version": version["version"],
    }
    made = _time(version["created_at"])
    yield Entry(made, "registered", version["registered_by"], why=version["reason"], **about)
    decided = _DECIDED_BY.fullmatch(version["approval_reason"] or "")
    if decided:
        what = f"version {str(version['approval_status']).lower()}"
        yield Entry(made, what, decided["who"], why=decided["why"], **about)


def of_deployment(deployment: Mapping[str, Any]) -> Iterator[Entry]:
    """Yields what was done in one change of an endpoint."""
    about = {
        "project": deployment["project"],
        "endpoint": deployment["endpoint"],
        "model_version": deployment["registry_version"],
    }
    yield Entry(
        _time(deployment["opened_at"]),
        f"{deployment['action']} asked for",
        deployment["requested_by"],
        why=deployment["why"] or None,
        **about,
    )
    if deployment["ended_at"]:
        yield Entry(
            _time(deployment["ended_at"]),
            f"{deployment['action']} ended",
            deployment["aborted_by"],
            status=deployment["ending"],
            why=deployment["reason"] or None,
            **about,
        )


def of_restore(saved: Mapping[str, Any]) -> Iterator[Entry]:
    """Yields that an audit ended an endpoint, and that it came back; by ``GET /restores``."""
    about = {"project": saved["project"] or "", "endpoint": saved["endpoint"]}
    if saved["saved_at"]:
        why = "by an audit's rule"
        yield Entry(_time(saved["saved_at"]), "endpoint ended", None, why=why, **about)
    if saved["restored_at"]:
        yield Entry(_time(saved["restored_at"]), "endpoint restored", None, **about)


def in_order(entries: Iterable[Entry], since: datetime | None) -> list[Entry]:
    """Returns entries from a moment on, the oldest first."""
    kept = [one for one in entries if since is None or one.when >= since]
    return sorted(kept, key=lambda one: (one.when, one.project, one.what))


def _time(value: object) -> datetime:
    return datetime.fromisoformat(str(value))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _part(asked: Mapping[str, Any]) -> str:
    return " for the preparation" if asked.get("part") == "preparation" else ""
