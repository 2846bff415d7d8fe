"""Two hundred runs on one month's budget, in an order and with faults that a seed decides.

The decisions are the real ones: reserve, settle and the sweep's verdict, over a ledger that
makes each change as one conditional write. Every call may fail before it is made, or after it with
its answer lost; every step may crash, be repeated, or be repeated much later by a message that was
delivered twice. The world says what truly runs and what it truly costs, and checks after every
step that the month never passes its budget by holds and settlements.
"""

import random
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests.unit.money.ledgers import MemoryLedger
from thriftline.core.errors import (
    BudgetExceededError,
    RunSettledError,
    ServiceUnavailableError,
    ThriftlineError,
    ThrottledError,
)
from thriftline.money.ledger import Budgets, Ledger, reserve, settle
from thriftline.money.month import Change, Hold, Month
from thriftline.money.sweeping import Life, Seen, Verdict, verdict

KEY = "2026-11"
START = datetime(2026, 11, 3, tzinfo=UTC)
PROJECTS = ("reviews", "tickets", "mails")
CENT = Decimal("0.01")
MOST_CLOSED = 20


class CrashError(Exception):
    """The function's machine is gone in the middle of a step."""


@dataclass
class Job:
    """A job that truly exists. ``usd`` is what it is billed when it has ended."""

    usd: Decimal
    ended: bool = False


@dataclass
class SimulatedRun:
    """A run and what is true of it, whatever the ledger says."""

    run_id: str
    project: str
    worst_usd: Decimal
    jobs: list[Job] = field(default_factory=list)
    life: Life = Life.RUNNING
    ended_at: datetime | None = None

    @property
    def is_active(self) -> bool:
        return any(not job.ended for job in self.jobs)

    @property
    def spent_usd(self) -> Decimal:
        return sum((job.usd for job in self.jobs), Decimal(0))


@dataclass
class FaultyLedger:
    """Passes calls on to the ledger, or does not, or loses the answer."""

    inner: Ledger
    chance: random.Random
    faults: float = 0.05

    def month(self, key: str) -> Month:
        self._before()
        return self.inner.month(key)

    def change(self, key: str, change: Change) -> Month | None:
        self._before()
        refused = self.inner.change(key, change)
        drawn = self.chance.random()
        if drawn < self.faults:
            raise ServiceUnavailableError("the answer was lost")
        if drawn < 2 * self.faults:
            raise CrashError
        return refused

    def file(self, key: str, run_ids: Iterable[str]) -> None:
        for run_id in run_ids:
            self._before()
            self.inner.file(key, [run_id])

    def is_filed(self, key: str, run_id: str) -> bool:
        self._before()
        return self.inner.is_filed(key, run_id)

    def _before(self) -> None:
        drawn = self.chance.random()
        if drawn < self.faults:
            raise ThrottledError("a conflict was injected")
        if drawn < 2 * self.faults:
            raise CrashError


class Sweeping:
    """The real rules of the sweep."""

    @staticmethod
    def judge(seen: Seen, now: datetime) -> Verdict:
        return verdict(seen, now)


Step = Generator[None, None, None]


class Simulation:
    """One seed. ``violations`` are the promises that were broken, in words."""

    def __init__(
        self,
        seed: int,
        *,
        runs: int = 200,
        budget_usd: Decimal = Decimal(300),
        ledger: Ledger | None = None,
        judge: type[Sweeping] = Sweeping,
    ) -> None:
        self.chance = random.Random(seed)
        self.truth = ledger or MemoryLedger()
        self.ledger = FaultyLedger(self.truth, self.chance)
        self.judge = judge
        self.budgets = Budgets(budget_usd, {"mails": budget_usd / 5})
        self.now = START
        self.violations: list[str] = []
        self.refused = 0
        self.runs = [
            SimulatedRun(f"run-{n}", self.chance.choice(PROJECTS), self._usd(1, 12))
            for n in range(runs)
        ]
        self.late: list[SimulatedRun] = []

    def play(self) -> "Simulation":
        """Runs everything to its end, sweeps until nothing changes, and checks."""
        going = [(run, self._execution(run)) for run in self.runs]
        while going:
            # Any step of any run may be next, and any may be the last of its execution.
            index = self.chance.randrange(len(going))
            run, execution = going[index]
            if self.chance.random() < 0.01:
                self._end(run)
            else:
                next(execution, None)
            if run.life is Life.ENDED:
                going[index] = going[-1]
                going.pop()
            self._pass_time()
            self._check()
            if self.chance.random() < 0.01:
                self._sweep()
            if self.late and self.chance.random() < 0.05:
                self._deliver_late()
        while self.late:
            self._deliver_late()
        self._end_jobs()
        for _ in range(40):
            self.now += timedelta(hours=1)
            self._sweep()
        self._check_the_end()
        return self

    # ---- One execution: the machine's steps with their retries, and its end

    def _execution(self, run: SimulatedRun) -> Step:
        reserved = yield from self._task(lambda: self._reserve(run))
        if self.chance.random() < 0.3:
            # The same message again, some other time.
            self.late.append(run)
        if reserved:
            for _ in range(self.chance.choice((1, 1, 2, 3))):
                yield from self._attempt(run)
        while run.is_active:
            self._end_one(run)
            yield
        yield from self._task(lambda: self._settle(run))
        if self.chance.random() < 0.2:
            self.late.append(run)
        self._end(run)

    def _task(self, act: Callable[[], None]) -> Generator[None, None, bool]:
        """A Task with its Retry: whether it was done in the end."""
        for _ in range(4):
            yield
            try:
                act()
            except (ThrottledError, ServiceUnavailableError, CrashError):
                continue
            except (BudgetExceededError, RunSettledError):
                self.refused += 1
                return False
            return True
        return False

    def _attempt(self, run: SimulatedRun) -> Step:
        yield
        # Start training asks whether the run holds its dollars.
        if run.run_id not in self.truth.month(KEY).holds:
            return
        left = run.worst_usd - run.spent_usd
        if left > 0:
            run.jobs.append(Job(self._usd(0, 1) * left))
        yield
        self._end_one(run)

    # ---- The steps

    def _reserve(self, run: SimulatedRun) -> None:
        held = Hold(run.run_id, run.project, run.worst_usd, self.now)
        reserve(self.ledger, KEY, held, self.budgets)

    def _settle(self, run: SimulatedRun) -> None:
        self._settle_usd(run, run.spent_usd)

    def _settle_usd(self, run: SimulatedRun, usd: Decimal) -> None:
        # A month that keeps few closed runs files them all the time.
        day, few = self.now.date(), MOST_CLOSED
        settle(self.ledger, KEY, run.run_id, run.project, usd, day, most_closed=few)

    def _sweep(self) -> None:
        by_id = {run.run_id: run for run in self.runs}
        for hold in list(self.truth.month(KEY).holds.values()):
            run = by_id[hold.run_id]
            # Now and then Step Functions or SageMaker can not be asked.
            blind = self.chance.random() < 0.05
            seen = Seen(
                hold,
                Life.UNKNOWN if blind else run.life,
                run.ended_at,
                may_run=run.is_active,
                billed_usd=None if run.is_active else run.spent_usd,
                most_usd=hold.usd,
            )
            usd = self.judge.judge(seen, self.now).settle_usd
            if usd is None:
                continue
            if run.is_active or run.life is Life.RUNNING:
                self._violated(f"{run.run_id} was released while it runs")
            try:
                self._settle_usd(run, usd)
            except (ThriftlineError, CrashError):
                continue

    def _deliver_late(self) -> None:
        run = self.late.pop(self.chance.randrange(len(self.late)))
        act = self.chance.choice((self._reserve, self._settle))
        if act == self._settle and (run.is_active or run.life is Life.RUNNING):
            # Settle asks what runs, and keeps the hold.
            return
        try:
            act(run)
        except (ThriftlineError, CrashError):
            return

    # ---- The world

    def _pass_time(self) -> None:
        # A clock that jumps: an hour ahead, or back.
        jump = self.chance.choice((0,) * 30 + (-3600, 3600))
        self.now += timedelta(seconds=self.chance.randrange(20) + jump)

    def _end(self, run: SimulatedRun) -> None:
        run.life, run.ended_at = Life.ENDED, self.now

    def _end_one(self, run: SimulatedRun) -> None:
        for job in run.jobs:
            if not job.ended:
                job.ended = True
                return

    def _end_jobs(self) -> None:
        for run in self.runs:
            while run.is_active:
                self._end_one(run)

    def _usd(self, low: int, high: int) -> Decimal:
        return Decimal(self.chance.randint(low * 100, high * 100)) * CENT

    # ---- The promises

    def _violated(self, text: str) -> None:
        if len(self.violations) < 10:
            self.violations.append(text)

    def _check(self) -> None:
        month = self.truth.month(KEY)
        if month.committed_usd > self.budgets.month_usd:
            self._violated(f"{month.committed_usd} USD are committed")
        mails = self.budgets.projects["mails"]
        if month.committed_to("mails") > mails:
            self._violated(f"{month.committed_to('mails')} USD are committed to mails")

    def _check_the_end(self) -> None:
        self._check()
        month = self.truth.month(KEY)
        spent = sum((run.spent_usd for run in self.runs), Decimal(0))
        if month.holds:
            self._violated(f"{len(month.holds)} holds are left: {sorted(month.holds)[:3]}")
        if month.settled_usd != spent:
            self._violated(f"{month.settled_usd} USD are settled, {spent} USD were spent")
        if month.committed_usd != month.settled_usd:
            self._violated(f"{month.committed_usd} USD are committed, {month.settled_usd} settled")
        if len(month.closed) > MOST_CLOSED:
            self._violated(f"{len(month.closed)} closed runs are in the month itself")
        if spent > self.budgets.month_usd:
            self._violated(f"{spent} USD were spent")
