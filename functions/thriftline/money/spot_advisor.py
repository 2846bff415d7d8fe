"""Spot or on demand for one run: what is known decides, the nearest to the run first.

The project's own finished jobs come first, then EC2's market of today, then what was measured
elsewhere. Spot is billed (1 - saving) of the rate for the work, and for what an interruption makes
the job do again. What cannot be known leaves the decision to what is known less well, and never
stops a run.
"""

from collections.abc import Sequence
from decimal import Decimal
from statistics import median
from typing import Literal

from thriftline.core.dataclass import dataclass
from thriftline.money.spot_prior import prior_of

Basis = Literal["rule", "own record", "market", "prior"]

# From one or two jobs nothing is known of the next.
FEWEST_JOBS = 3
# Less is not worth waiting for capacity and working twice after an interruption.
LEAST_SAVING = 0.10
# A score says how likely a request is to be met, from 1 to 10.
LOWEST_SCORE = 3
# SageMaker's rate by EC2's of the same hardware, where EC2's own is not known.
_MARKUPS = (Decimal("1.1"), Decimal("1.45"))
# Until jobs of its own say otherwise: an interruption in so many hours.
_PRIOR_HOURS = 20.0
# Image and data again, and half of the time between two checkpoints.
_RESTART_SECONDS = 300.0
_HALF_A_CHECKPOINT_SECONDS = 150.0


@dataclass(frozen=True)
class SpotJob:
    """A finished job on Spot of the same project."""

    instance_type: str
    training_seconds: int
    billed_seconds: int
    interruptions: int


@dataclass(frozen=True)
class SpotMarket:
    """EC2's market of one type now: USD an hour in each zone that sells it, and the region's score.

    ``score`` is None where it was not asked for, or says nothing.
    """

    usd_by_zone: Sequence[Decimal] = ()
    score: int | None = None


@dataclass(frozen=True)
class SpotQuestion:
    """The run that is asked for. ``rate_usd`` is SageMaker's on demand, ``ec2_usd`` EC2's.

    ``has_checkpoints`` is whether a job goes on where it was interrupted. ``market`` is None where
    nobody could be asked.
    """

    instance_type: str
    region: str
    rate_usd: Decimal
    ec2_usd: Decimal | None
    has_checkpoints: bool
    jobs: Sequence[SpotJob] = ()
    market: SpotMarket | None = None


@dataclass(frozen=True)
class SpotAdvice:
    """What is recommended, why, and the saving that it rests on, as a share of the bill."""

    spot: bool
    basis: Basis
    reason: str
    saving: float | None = None


@dataclass(frozen=True)
class _Saving:
    """What Spot takes off the rate, and where that is known from."""

    share: float
    basis: Basis
    words: str


def advise(question: SpotQuestion) -> SpotAdvice:
    """Returns Spot or on demand for this run."""
    if not question.has_checkpoints:
        return SpotAdvice(
            False,
            "rule",
            "On demand: this training writes no checkpoints, so each interruption would make it "
            "begin again.",
        )
    own = _own_record(question)
    score = question.market.score if question.market else None
    if own is None and score is not None and score < LOWEST_SCORE:
        return SpotAdvice(
            False,
            "market",
            f"On demand: EC2 gives Spot of this kind a placement score of {score} of 10 in "
            f"{question.region} today, so the run would probably wait.",
        )
    known = own or _market(question) or _prior(question)
    return _advice(question, known)


def _advice(question: SpotQuestion, known: _Saving) -> SpotAdvice:
    if known.share <= 0:
        return SpotAdvice(
            False,
            known.basis,
            f"On demand: Spot costs more than on demand here ({known.words}).",
            known.share,
        )
    again = _again(question)
    saved = 1 - (1 - known.share) * (1 + again)
    repeated = f"; interruptions make it work {again:.1%} longer"
    if saved < LEAST_SAVING:
        return SpotAdvice(
            False,
            known.basis,
            f"On demand: Spot would save {max(0.0, saved):.0%} of this run ({known.words}"
            f"{repeated}), which is less than the {LEAST_SAVING:.0%} that make up for its waits.",
            saved,
        )
    return SpotAdvice(
        True,
        known.basis,
        f"Spot: it saves about {saved:.0%} of this run ({known.words}{repeated}).",
        saved,
    )


def _own_record(question: SpotQuestion) -> _Saving | None:
    jobs = _alike(question)
    trained = sum(job.training_seconds for job in jobs)
    if len(jobs) < FEWEST_JOBS or trained <= 0:
        return None
    share = 1 - sum(job.billed_seconds for job in jobs) / trained
    stops = sum(job.interruptions for job in jobs)
    return _Saving(
        share,
        "own record",
        f"{len(jobs)} finished jobs of this project on {question.instance_type}: {share:.0%} "
        f"saved, interrupted {stops} times",
    )


def _alike(question: SpotQuestion) -> list[SpotJob]:
    return [
        job
        for job in question.jobs
        if job.instance_type == question.instance_type and job.training_seconds > 0
    ]


def _market(question: SpotQuestion) -> _Saving | None:
    if question.market is None or not question.market.usd_by_zone:
        return None
    usd = median(question.market.usd_by_zone)
    if question.ec2_usd:
        share = float(1 - usd / question.ec2_usd)
        return _Saving(
            share,
            "market",
            f"EC2's Spot price of {usd} USD an hour, today, is {share:.0%} below EC2's "
            f"{question.ec2_usd} on demand"
            if share > 0
            else f"EC2's Spot price of {usd} USD an hour, today, against {question.ec2_usd} on "
            "demand",
        )
    # EC2's rate lies somewhere in the band: what Spot saves at the least.
    least = question.rate_usd / _MARKUPS[1]
    share = float(1 - usd / least)
    return _Saving(
        share,
        "market",
        f"EC2's Spot price of {usd} USD an hour, today, against at least {least:.4f} on demand",
    )


def _prior(question: SpotQuestion) -> _Saving:
    prior = prior_of(question.instance_type, question.region)
    return _Saving(prior.likely, "prior", f"{prior.likely:.0%} by {prior.source}")


def _again(question: SpotQuestion) -> float:
    """Returns the time that interruptions add, as a share of the work."""
    jobs = _alike(question)
    hours = sum(job.training_seconds for job in jobs) / 3600
    an_hour = (1 + sum(job.interruptions for job in jobs)) / (_PRIOR_HOURS + hours)
    return an_hour * (_RESTART_SECONDS + _HALF_A_CHECKPOINT_SECONDS) / 3600
