"""Many runs on one budget with faults at every step, and twins that are broken on purpose.

``make test-ledger`` plays 1,000 seeds.
"""

import os
from datetime import datetime
from decimal import Decimal

import pytest

from tests.unit.money.ledger_simulation import KEY, Simulation, Sweeping
from tests.unit.money.ledgers import MemoryLedger
from thriftline.money.month import Change, Holding, Month, Refusal, Settling
from thriftline.money.sweeping import Seen, Verdict

SEEDS = int(os.environ.get("LEDGER_SEEDS", "60"))
GROUPS = 10


@pytest.mark.parametrize("group", range(GROUPS))
def test_no_seed_passes_the_budget_or_leaks_a_hold(group: int) -> None:
    for seed in range(group, SEEDS, GROUPS):
        played = Simulation(seed).play()
        assert played.violations == [], f"seed {seed}"
        # The budget is tight enough that it refuses, and wide enough that runs settle.
        assert played.refused > 0, f"seed {seed}"
        assert played.truth.month(KEY).settled_usd > 20, f"seed {seed}"


class WithoutCondition(MemoryLedger):
    """Reads, checks and writes in three steps, as if nobody else were there."""

    def __init__(self) -> None:
        super().__init__()
        self.stale = Month(KEY)
        self.reads = 0

    def change(self, key: str, change: Change) -> Month | None:
        self.reads += 1
        if self.reads % 3 == 0:
            self.stale = self.month(key)
        if isinstance(change, Holding):
            # What was read some writes ago decides.
            refused = change.refused_by(self.stale)
            if refused in {Refusal.MONTH_FULL, Refusal.PROJECT_FULL}:
                return self.stale
            self.months[key] = change.made(self.month(key))
            return None
        return super().change(key, change)


class CompensatingTwice(MemoryLedger):
    """Gives a hold back on every settlement that is repeated, also when it is gone already."""

    def change(self, key: str, change: Change) -> Month | None:
        month = self.month(key)
        if isinstance(change, Settling) and change.run_id in month.closed:
            return super().change(key, change)
        refused = super().change(key, change)
        if isinstance(change, Settling) and refused is None and change.held_usd is not None:
            again = self.month(key)
            fields = {**again.__dict__, "committed_usd": again.committed_usd - change.held_usd}
            self.months[key] = Month(**fields)
        return refused


class Forgetful(MemoryLedger):
    """Keeps no run as closed, so that a late message holds again."""

    def change(self, key: str, change: Change) -> Month | None:
        refused = super().change(key, change)
        fields = {**self.month(key).__dict__, "closed": frozenset()}
        self.months[key] = Month(**fields)
        return refused


class LosingWhatIsFiled(MemoryLedger):
    """Takes closed runs out of the month, and does not find them again."""

    def is_filed(self, key: str, run_id: str) -> bool:
        return False


class ReleasingWhileItRuns(Sweeping):
    """Takes what cannot be seen for what has ended."""

    @staticmethod
    def judge(seen: Seen, now: datetime) -> Verdict:
        return Verdict(seen.billed_usd or Decimal(0), "It looks old.")


class NeverSweeping(Sweeping):
    """Leaves what a crash has left."""

    @staticmethod
    def judge(seen: Seen, now: datetime) -> Verdict:
        return Verdict(None, "Somebody else does it.")


@pytest.mark.parametrize(
    "twin",
    [WithoutCondition, CompensatingTwice, Forgetful, LosingWhatIsFiled],
    ids=lambda twin: twin.__name__,
)
def test_a_ledger_that_is_broken_fails_the_same_test(twin: type[MemoryLedger]) -> None:
    broken = [Simulation(seed, ledger=twin()).play().violations for seed in range(3)]
    assert all(broken), twin.__name__


@pytest.mark.parametrize(
    "twin", [ReleasingWhileItRuns, NeverSweeping], ids=lambda twin: twin.__name__
)
def test_a_sweep_that_is_broken_fails_the_same_test(twin: type[Sweeping]) -> None:
    broken = [Simulation(seed, judge=twin).play().violations for seed in range(3)]
    assert all(broken), twin.__name__


def test_the_twins_break_what_they_say() -> None:
    assert "released while it runs" in " ".join(
        Simulation(0, judge=ReleasingWhileItRuns).play().violations
    )
    assert "holds are left" in " ".join(Simulation(0, judge=NeverSweeping).play().violations)
    assert "are committed" in " ".join(Simulation(0, ledger=WithoutCondition()).play().violations)
