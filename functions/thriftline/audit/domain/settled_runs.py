"""What the stack's runs settled beside what AWS billed under their tag, run by run.

A run is compared on the days on which it ran, if the bill is complete for all of them: what its
model costs afterwards, or a run that has only begun, would make a difference where there is none.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal

from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.resources.runs import RunBill, SettledRun
from thriftline.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """What the compared runs of a project settled and were billed."""

    project: str
    runs: int
    settled_usd: Decimal
    billed_usd: Decimal

    @property
    def difference_usd(self) -> Decimal:
        """What was billed beyond what was settled; below 0 where less was billed."""
        return self.billed_usd - self.settled_usd


@dataclass(frozen=True, slots=True)
class RunReconciliation:
    """Runs that ran wholly on the days from ``start`` to before ``end``.

    ``has_tag`` is False where no line of the bill has the tag: then nothing is known of what was
    billed. ``outside`` counts settled runs that ran on other days too, or at unknown times.
    ``later_usd`` was billed under the runs' tag on other days than those on which they ran,
    ``others_usd`` under the tag of runs that are not among the settled ones.
    """

    start: date
    end: date
    estimated_days: int
    has_tag: bool
    rows: tuple[ProjectRow, ...]
    without_line: int
    outside: int
    later_usd: Decimal
    others_usd: Decimal

    @property
    def runs(self) -> int:
        """How many runs are compared."""
        return sum(row.runs for row in self.rows)

    @property
    def settled_usd(self) -> Decimal:
        """What they settled."""
        return sum((row.settled_usd for row in self.rows), Decimal(0))

    @property
    def billed_usd(self) -> Decimal | None:
        """What AWS billed for them, None when the bill does not know the tag."""
        if not self.has_tag:
            return None
        return sum((row.billed_usd for row in self.rows), Decimal(0))

    @property
    def difference_usd(self) -> Decimal | None:
        """What was billed beyond what was settled, None where that is not known."""
        billed = self.billed_usd
        return None if billed is None else billed - self.settled_usd


def reconcile_runs(inventory: Inventory, lag_days: int) -> RunReconciliation:
    """Compares the runs of the window; the bill is complete ``lag_days`` after a day."""
    start = inventory.window.start.date()
    end = min(inventory.window.end.date(), inventory.now.date() - timedelta(days=lag_days))
    lines = [one for one in inventory.run_bills if one.run_id and start <= one.day < end]
    ran: dict[str, tuple[SettledRun, date, date]] = {}
    outside = 0
    for run in inventory.settled_runs:
        days = run.days
        if days is not None and start <= days[0] and days[1] < end:
            ran[run.run_id] = (run, *days)
        elif run.settled_usd and _may_touch(days, start, end):
            outside += 1
    own, later = _split(lines, ran)
    known = {run.run_id for run in inventory.settled_runs}
    return RunReconciliation(
        start=start,
        end=end,
        estimated_days=len({one.day for one in lines if one.is_estimated}),
        has_tag=any(one.run_id for one in inventory.run_bills),
        rows=_rows([run for run, _, _ in ran.values()], own),
        without_line=sum(
            run.settled_usd > 0 and name not in own for name, (run, *_) in ran.items()
        ),
        outside=outside,
        later_usd=later,
        others_usd=sum((one.usd for one in lines if one.run_id not in known), Decimal(0)),
    )


def _may_touch(days: tuple[date, date] | None, start: date, end: date) -> bool:
    """Whether a run may have run on one of the days; one at unknown times may."""
    return days is None or (days[1] >= start and days[0] < end)


def _split(
    lines: Iterable[RunBill], ran: Mapping[str, tuple[SettledRun, date, date]]
) -> tuple[Mapping[str, Decimal], Decimal]:
    """Returns what each run was billed on its own days, and all of them on other days."""
    own: dict[str, Decimal] = defaultdict(Decimal)
    later = Decimal(0)
    for line in lines:
        if line.run_id not in ran:
            continue
        _, first, last = ran[line.run_id]
        if first <= line.day <= last:
            own[line.run_id] += line.usd
        else:
            later += line.usd
    return own, later


def _rows(runs: Iterable[SettledRun], own: Mapping[str, Decimal]) -> tuple[ProjectRow, ...]:
    projects: dict[str, list[SettledRun]] = defaultdict(list)
    for run in runs:
        projects[run.project].append(run)
    return tuple(
        ProjectRow(
            project,
            len(mine),
            sum((run.settled_usd for run in mine), Decimal(0)),
            sum((own.get(run.run_id, Decimal(0)) for run in mine), Decimal(0)),
        )
        for project, mine in sorted(projects.items())
    )
