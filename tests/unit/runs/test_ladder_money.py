"""No sum of attempts passes the cap and the stated grace, whatever the plan and whatever happens.

A simulation over the code that decides: ``admit``, ``next_rung``, ``left_of``, ``attempt_limit``
and what a job charges. Only SageMaker is made up. ``make test-plans-million`` makes a million.
"""

import os
import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from thriftline.core.errors import AllowanceSpentError, BudgetExceededError
from thriftline.money.prices import Price
from thriftline.runs.domain.affordable import Room
from thriftline.runs.domain.attempts import AttemptState, left_of
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.ladder import Tried, next_rung
from thriftline.runs.domain.quotes import Candidate, Expectation, Quote, Rung, admit
from thriftline.runs.trainers.sagemaker.attempt_limit import attempt_limit
from thriftline.runs.trainers.sagemaker.documents import RungTerms, instances_of
from thriftline.runs.trainers.sagemaker.job import TrainingJob
from thriftline.runs.trainers.sagemaker.priced_instances import (
    STOP_GRACE_SECONDS,
    PricedInstances,
)

COUNT = int(os.environ.get("THRIFTLINE_PLANS", "20000"))
SEED = 20_261_129
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LISTED = date(2026, 11, 1)
GOES_ON = [
    Ending.CAPACITY,
    Ending.INTERRUPTED,
    Ending.INTERNAL_ERROR,
    Ending.QUOTA,
    Ending.OUT_OF_WAIT_TIME,
    Ending.OUT_OF_RUNG_WAIT,
]
UNKNOWN = Expectation(None, None, "")


@dataclass
class Spent:
    """What a run was billed, and what its plan had stated."""

    usd: Decimal
    cap_usd: Decimal
    grace_usd: Decimal
    attempts: int

    @property
    def is_within(self) -> bool:
        return self.usd <= self.cap_usd + self.grace_usd


def decimal(dice: random.Random, low: float, high: float, places: int) -> Decimal:
    return Decimal(round(dice.uniform(low, high) * 10**places)).scaleb(-places)


def a_rung(dice: random.Random) -> Rung:
    rate = Price(
        decimal(dice, 0.01, 10 ** dice.uniform(-1, 2), 4), "hour", "r", "Training", "l", LISTED
    )
    storage = Price(decimal(dice, 0, 1, 4), "GB-month", "r", "c", "l", LISTED)
    instances = PricedInstances(
        "ml.x.y",
        dice.randint(1, 32),
        rate,
        dice.choice([0, 1, 30, 16_384]),
        storage,
        kept_seconds=dice.choice([0, 0, 600, 21_600]),
    )
    limit = round(10 ** dice.uniform(0, 6.38))
    terms = RungTerms(
        instance_type=instances.instance_type,
        instance_count=instances.instance_count,
        spot=dice.random() < 0.5,
        volume_gib=instances.volume_gib,
        max_runtime_seconds=limit,
        max_wait_seconds=None,
        storage=storage,
        keep_alive_seconds=instances.kept_seconds,
    )
    return Rung(
        "a rung",
        rate,
        instances.worst_case_usd(limit),
        instances.stop_grace_usd,
        terms.model_dump(),
        fixed_usd=instances.kept_usd,
    )


def a_quote(dice: random.Random) -> Quote:
    rungs = tuple(a_rung(dice) for _ in range(dice.randint(1, 6)))
    needed = Expectation(dice.randint(60, 10_000), Decimal(1), "")
    expected = UNKNOWN if dice.random() < 0.3 else needed
    chosen = Candidate("ml.x.y", rungs[0].rate, rungs[0].worst_case_usd, expected)
    limit = int(rungs[0].terms["max_runtime_seconds"])
    return Quote(
        "sagemaker",
        chosen,
        rungs,
        dice.randint(1, 12),
        "",
        longest_seconds=limit,
        goes_on=dice.random() < 0.8,
    )


def billed_seconds(dice: random.Random, limit: int) -> int:
    """Nothing, to the limit, or to the end of the time to stop."""
    longest = limit + STOP_GRACE_SECONDS
    return dice.choice([0, dice.randint(0, longest), limit, longest])


def an_end(dice: random.Random, limit: int, billed: int, kept: int, keep_alive: int) -> TrainingJob:
    """The job as SageMaker describes it: what it was billed is reported, or only its times, or not.

    What is not reported is never less than what was billed. So it is with its warm pool.
    """
    known = dice.random()
    return TrainingJob(
        "r-01",
        "Failed",
        "Failed",
        NOON,
        limit,
        started_at=NOON,
        billable_seconds=billed if known < 0.6 else None,
        training_seconds=dice.randint(billed, 2 * billed + 1) if 0.6 <= known < 0.8 else None,
        retained_seconds=kept if dice.random() < 0.5 else None,
        keep_alive_seconds=keep_alive,
    )


def climb(dice: random.Random, quote: Quote, cap_usd: Decimal, *, broken: bool = False) -> Spent:
    """Lets a run spend what it may. The broken twin forgets attempts whose bill is not known."""
    allowance, _ = admit(quote, Room(cap_usd, "the cap"))
    tried: list[Tried] = []
    passed: set[int] = set()
    billed_usd = Decimal(0)
    while (number := next_rung(len(quote.rungs), quote.max_attempts, tried, passed)) is not None:
        rung = quote.rungs[number - 1]
        try:
            left = left_of(allowance, [one.state for one in tried])
            limit = attempt_limit(rung, left)
        except AllowanceSpentError:
            passed.add(number)
            continue
        if dice.random() < 0.1:
            passed.add(number)  # no quota
            continue
        billed = billed_seconds(dice, limit)
        _, instances = instances_of(rung)
        kept = dice.choice([0, dice.randint(0, instances.kept_seconds), instances.kept_seconds])
        job = an_end(dice, limit, billed, kept, instances.kept_seconds)
        billed_usd += instances.usd(billed) + instances.most_kept_usd(kept)
        charged = instances.usd(job.charged_seconds)
        charged += instances.most_kept_usd(job.charged_kept_seconds)
        if broken and job.billed_seconds is None:
            charged = Decimal(0)
        ending = dice.choice(GOES_ON)
        tried.append(Tried(number, AttemptState("a", "r", "s", "p", NOON, charged, ending=ending)))
    return Spent(billed_usd, cap_usd, quote.stop_grace_usd, len(tried))


def random_runs(count: int, *, broken: bool = False) -> Counter[str]:
    """Returns what became of so many random plans."""
    seen: Counter[str] = Counter()
    dice = random.Random(SEED)
    for _ in range(count):
        quote = a_quote(dice)
        cap = decimal(dice, 0.01, 10 ** dice.uniform(0, 6), 2)
        if dice.random() < 0.7:
            cap = max(cap, quote.worst_case_usd)
        try:
            spent = climb(dice, quote, cap, broken=broken)
        except BudgetExceededError:
            seen["refused"] += 1
            continue
        seen["climbed"] += 1
        seen["attempts"] += spent.attempts
        seen["beyond the cap"] += spent.usd > spent.cap_usd
        seen["beyond cap and grace"] += not spent.is_within
    return seen


@pytest.mark.timeout(0)
def test_no_sum_of_attempts_passes_the_cap_and_the_stated_grace() -> None:
    seen = random_runs(COUNT)

    assert seen["beyond cap and grace"] == 0
    # The plans are no trivial ones: some are refused, runs make several attempts, some use grace.
    assert seen["refused"] > COUNT / 20
    assert seen["attempts"] > 2 * seen["climbed"]
    assert seen["beyond the cap"] > 0


def test_a_twin_that_forgets_what_it_does_not_know_is_found_out() -> None:
    assert random_runs(2000, broken=True)["beyond cap and grace"] > 0
