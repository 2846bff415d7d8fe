"""``serving/{endpoint}/index.html``: one endpoint for a person, what it serves and since when.

What is shown is put together elsewhere; here a state becomes words, a tone and a page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.core.reports.pages import render
from thriftline.serving.domain.costs import MonthlyRow
from thriftline.serving.domain.verdicts import IN_SERVICE, MOVING

MOST_DEPLOYMENTS = 20


@dataclass(frozen=True)
class ShownVersion:
    """One entry of the history."""

    number: int
    registry_version: int
    who: str
    when: datetime
    why: str
    config: str
    in_use: bool


@dataclass(frozen=True)
class ShownDeployment:
    """One deployment; ``ending`` is None while it is under way."""

    deployment_id: str
    action: str
    registry_version: int | None
    who: str
    why: str
    opened_at: datetime
    ended_at: datetime | None
    ending: str | None
    reason: str
    requests: int | None = None
    usd: Decimal | None = None
    stages: tuple[str, ...] = ()

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it is under way."""
        return None if self.ended_at is None else (self.ended_at - self.opened_at).total_seconds()


@dataclass(frozen=True)
class ShownComparison:
    """The last comparison. ``ending`` is None while it runs."""

    experiment_id: str
    kind: str
    measure: str
    ending: str | None
    reason: str
    deadline: datetime | None
    after: str = ""
    counts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ShownSignal:
    """One signal of the watch over quality."""

    variant: str
    name: str
    level: str
    psi: float | None
    reason: str


@dataclass(frozen=True)
class ShownQuality:
    """The last window that was judged."""

    start: datetime
    end: datetime
    rows: int
    estimated_accuracy: float | None
    live_accuracy: tuple[float, float, float, int] | None
    signals: tuple[ShownSignal, ...]
    breaches: tuple[str, ...]


@dataclass(frozen=True)
class ShownEndpoint:
    """All that the page shows. ``status`` is None where there is no endpoint."""

    endpoint: str
    project: str
    kind: str
    status: str | None
    made_at: datetime
    stages: tuple[str, ...] = ()
    instances: Mapping[str, int] = field(default_factory=dict)
    instance_type: str | None = None
    asleep: bool = False
    under_way: str | None = None
    scaling: str = ""
    schedule: str = ""
    versions: Sequence[ShownVersion] = ()
    deployments: Sequence[ShownDeployment] = ()
    comparison: ShownComparison | None = None
    quality: ShownQuality | None = None
    months: Sequence[MonthlyRow] = ()
    price_source: str = ""

    @property
    def in_use(self) -> ShownVersion | None:
        """The version that serves, as far as the history says."""
        return next((one for one in self.versions if one.in_use), None)


@dataclass(frozen=True)
class _Banner:
    tone: str
    headline: str
    sentence: str


ENDING_TONES = {"deployed": "good", "rolled_back": "warn", "inconclusive": "warn", "failed": "bad"}
LEVEL_TONES = {"quiet": "good", "drift": "warn", "severe": "bad", "unknown": ""}
_COMPARISON_TONES = {"better": "good", "worse": "bad"}


def endpoint_page(shown: ShownEndpoint) -> str:
    """Returns the page of an endpoint."""
    return render(
        "thriftline.serving.reports",
        "endpoint.html.j2",
        shown=shown,
        banner=_banner(shown),
        newest=shown.deployments[:MOST_DEPLOYMENTS],
        more=max(0, len(shown.deployments) - MOST_DEPLOYMENTS),
        month=next((row for row in shown.months if row.chosen), None),
        ending_tones=ENDING_TONES,
        level_tones=LEVEL_TONES,
        comparison_tones=_COMPARISON_TONES,
    )


def _banner(shown: ShownEndpoint) -> _Banner:
    last = shown.deployments[0] if shown.deployments else None
    if shown.asleep:
        return _Banner("info", "Asleep", f"By its schedule; nothing is billed. {shown.schedule}")
    if shown.status is None:
        return _Banner("warn", "Not there", "The endpoint does not exist; `deploy` makes it.")
    if shown.status in MOVING:
        stages = ", ".join(shown.stages) or "it goes on by itself"
        return _Banner("info", shown.status, f"{shown.under_way or 'A change'}: {stages}.")
    if shown.status != IN_SERVICE:
        return _Banner("bad", shown.status, last.reason if last else "SageMaker says no more.")
    return _in_service(shown, last)


def _in_service(shown: ShownEndpoint, last: ShownDeployment | None) -> _Banner:
    if shown.quality and shown.quality.breaches:
        return _Banner(
            "warn", "In service, with a breach of quality", "; ".join(shown.quality.breaches)
        )
    if last is not None and last.ending is not None and last.ending != "deployed":
        return _Banner(
            ENDING_TONES.get(last.ending, "warn"),
            f"In service; the last deployment {_WORDS.get(last.ending, last.ending)}",
            last.reason,
        )
    return _Banner("good", "In service", last.reason if last else "")


_WORDS = {
    "rolled_back": "was rolled back",
    "inconclusive": "proved nothing",
    "failed": "failed",
    "refused": "was refused",
}
