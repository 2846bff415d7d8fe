"""What is known of an endpoint that Thriftline deployed: its tags say it, wherever it lies."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from thriftline.audit.domain.facts import known
from thriftline.audit.domain.findings import Signal
from thriftline.audit.domain.resources.endpoints import Endpoint
from thriftline.core.dataclass import dataclass
from thriftline.core.tags import (
    EXPERIMENT_TAG,
    PROJECT_TAG,
    SCHEDULE_TAG,
    STACK_TAG,
    VERSION_TAG,
)

# A tag is anybody's text, and a command must be no more than it looks like.
_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True)
class Ours:
    """An endpoint that a deployment of Thriftline made; what its tags do not say is None."""

    name: str
    stack: str
    project: str
    version: str | None
    schedule: str | None
    experiment_until: datetime | None

    def command(self, what: str, *more: str) -> str:
        """Returns a command on the endpoint."""
        words = ("thriftline endpoints", what, self.project, *more, "--endpoint", self.name)
        return " ".join(words)

    def signals(self) -> Iterator[Signal]:
        """Yields what a person must know of it."""
        yield Signal("Deployed by Thriftline", f"project {self.project}, stack {self.stack}")
        if self.version:
            yield Signal("Version in the registry", self.version)
        if self.schedule:
            yield Signal("Schedule", self.schedule)
        if self.experiment_until:
            yield Signal("Experiment until", f"{self.experiment_until:%Y-%m-%d %H:%M} UTC")


def ours(endpoint: Endpoint) -> Ours | None:
    """Returns what the tags say, None of an endpoint that somebody else made.

    Tags that could not be read say nothing.
    """
    tags = dict(known(endpoint.tags) or ())
    stack, project = tags.get(STACK_TAG), tags.get(PROJECT_TAG, "")
    if not stack or not _PROJECT.fullmatch(project):
        return None
    return Ours(
        endpoint.name,
        stack,
        project,
        tags.get(VERSION_TAG),
        tags.get(SCHEDULE_TAG),
        _instant(tags.get(EXPERIMENT_TAG)),
    )


def _instant(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    if found is None:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
