"""A small model of the world of one project: uploads are handed to ``decide`` as they come.

It stands in for S3, EventBridge and the table: events wait in a list and are handed over at once
or after the wait that the decision asks for.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from thriftline.runs.domain.arrivals import (
    Action,
    Arrival,
    Claim,
    Decision,
    FileVersion,
    Member,
    ProjectState,
    Settings,
    content_digest,
    decide,
    member_digests,
)
from thriftline.runs.domain.uploads import RUN_SPEC_NAME

FOLDER = "datasets/reviews/"
NO_SPEC = Settings(None, "defaults")


@dataclass
class Project:
    """One project's folder, its claims, and how often anything was looked at."""

    files: dict[str, FileVersion] = field(default_factory=dict)
    settings: Settings = NO_SPEC
    claims: list[Claim] = field(default_factory=list)
    runs: list[tuple[Member, ...]] = field(default_factory=list)
    left_out: list[tuple[str, ...]] = field(default_factory=list)
    looks: Counter[Action] = field(default_factory=Counter)
    puts: int = 0

    def put(self, name: str, body: str = "x", settings: Settings = NO_SPEC) -> Arrival:
        version = f"{name}@{body}"
        self.puts += 1
        self.files[name] = FileVersion(name, version, len(body), f"{name}:{body}", self.puts)
        if name == RUN_SPEC_NAME:
            self.settings = replace(settings, version_id=version)
        return Arrival(FOLDER + name, version, f"execution of {version}", settled=False)

    def ask(self, arrival: Arrival) -> Decision:
        settings, scene = None, None
        while True:
            decision = decide(arrival, settings, scene)
            self.looks[decision.action] += 1
            if decision.action is Action.READ_SETTINGS:
                settings, scene = self.settings, None
            elif decision.action is Action.LOOK:
                scene = ProjectState(dict(self.files), tuple(reversed(self.claims)))
            else:
                return decision

    def arrive(self, arrival: Arrival) -> Decision:
        """Ask, and open what is to be opened."""
        decision = self.ask(arrival)
        if decision.action in (Action.OPEN, Action.REJECT):
            self.claims.append(
                Claim(
                    run_id=f"run-{len(self.claims)}",
                    execution_arn=arrival.execution_arn,
                    trigger=arrival.trigger,
                    settings_version=self.settings.version_id,
                    settings_digest=self.settings.digest,
                    members=member_digests(decision.members),
                    content=content_digest(decision.members),
                    ended="running" if decision.action is Action.OPEN else "rejected",
                )
            )
        if decision.action is Action.OPEN:
            self.runs.append(decision.members)
            self.left_out.append(decision.left_out)
        return decision

    def settle(self, arrival: Arrival) -> Decision:
        """Arrive, and once more after the wait if it is asked for."""
        decision = self.arrive(arrival)
        if decision.action is Action.WAIT:
            decision = self.arrive(replace(arrival, settled=True))
            assert decision.action is not Action.WAIT
        return decision

    def end(self, status: str) -> None:
        self.claims[-1] = replace(self.claims[-1], ended=status)

    @property
    def names(self) -> list[dict[str, str | None]]:
        return [{one.file.version_id: one.split for one in run} for run in self.runs]

    @property
    def times_trained(self) -> Counter[str]:
        return Counter(
            one.file.version_id for run in self.runs for one in run if one.split in (None, "train")
        )


SPLITS = ("train.csv", "validation.csv", "test.csv")
WHOLE = {"train.csv@x": "train", "validation.csv@x": "validation", "test.csv@x": "test"}


def orders_with_waits(items: Sequence[str]) -> Iterator[tuple[list[str], tuple[int, ...]]]:
    """Every order, and for each item after how many further uploads its wait is over."""
    for order in itertools.permutations(items):
        for waits in itertools.product((0, len(items)), repeat=len(items)):
            yield list(order), waits


def play(project: Project, order: Sequence[str], waits: Sequence[int]) -> None:
    """Upload in order; the wait of each item ends so many uploads later, or at the end."""
    pending: list[tuple[int, Arrival]] = []
    for index, item in enumerate(order):
        name, _, body = item.partition("=")
        arrival = project.put(name, body or "x")
        if project.arrive(arrival).action is Action.WAIT:
            pending.append((index + waits[index], replace(arrival, settled=True)))
        for due, waiting in list(pending):
            if due <= index:
                pending.remove((due, waiting))
                project.arrive(waiting)
    for _, waiting in pending:
        project.arrive(waiting)
