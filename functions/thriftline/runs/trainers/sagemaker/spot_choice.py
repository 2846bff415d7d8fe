"""Spot or on demand for the run that is planned: what the advisor is asked, and what it says."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from thriftline.core.dataclass import dataclass
from thriftline.money.prices import Price
from thriftline.money.spot_advisor import (
    SpotAdvice,
    SpotJob,
    SpotQuestion,
    advise,
)
from thriftline.runs.domain.finished_runs import FinishedRun
from thriftline.runs.domain.work import TrainingWork
from thriftline.runs.trainers.sagemaker.documents import TrainingChoices
from thriftline.runs.trainers.sagemaker.offers import PriceSources

# Whether run.yaml said it or the default did is not known here.
_WISH = "training.spot: true, which is the default where run.yaml is silent,"


class _SpotPlace(BaseModel):
    """What a finished run's place says of its market."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    instance_type: str
    spot: bool
    billed_seconds: int
    interruptions: int


@dataclass(frozen=True)
class SpotChoice:
    """The choices with the market decided, and what to say of it in the plan."""

    choices: TrainingChoices
    advice: SpotAdvice
    asked: bool | str

    @property
    def taken(self) -> bool:
        """Whether the run is put on Spot."""
        return bool(self.choices.spot)

    @property
    def document(self) -> dict[str, Any]:
        """The advice as it stands in ``plan.json``."""
        return {**asdict(self.advice), "asked": self.asked, "taken": self.taken}

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence where what was asked for is not what is advised."""
        if self.asked is True and not self.advice.spot:
            if self.taken:
                return (f"{_WISH} is followed. The advice: {self.advice.reason}",)
            return (f"{_WISH} was not followed. {self.advice.reason}",)
        return ()


def spot_choice(
    work: TrainingWork,
    choices: TrainingChoices,
    rate: Price,
    sources: PriceSources,
) -> SpotChoice:
    """Returns Spot or on demand, as asked for; ``auto`` follows the advice.

    EC2's market is asked about ``auto`` alone. A training without checkpoints is never put on Spot.
    """
    if choices.training_plan:
        advice = SpotAdvice(
            False, "rule", "On the training plan: it is paid for, and Spot would be billed again."
        )
        on_plan = choices.model_copy(update={"spot": False, "max_wait_seconds": None})
        return SpotChoice(on_plan, advice, asked=False)
    goes_on = work.chosen.method != "linear_head"
    asks = choices.spot == "auto" and goes_on
    ec2 = sources.catalogue().ec2.rate(choices.instance_type.removeprefix("ml."), rate.region)
    advice = advise(
        SpotQuestion(
            instance_type=choices.instance_type,
            region=rate.region,
            rate_usd=rate.usd,
            ec2_usd=ec2.usd if ec2 else None,
            has_checkpoints=goes_on,
            jobs=spot_jobs(work.finished),
            market=sources.market_of(choices.instance_type) if asks else None,
        )
    )
    spot = advice.spot if choices.spot == "auto" else bool(choices.spot) and goes_on
    told = {"spot": spot} | ({} if spot else {"max_wait_seconds": None})
    return SpotChoice(choices.model_copy(update=told), advice, choices.spot)


def spot_jobs(finished: Iterable[FinishedRun]) -> Sequence[SpotJob]:
    """Returns the project's finished jobs on Spot; what cannot be read is left out."""
    jobs = []
    for run in finished:
        try:
            place = _SpotPlace.model_validate(run.place)
        except ValidationError:
            continue
        if place.spot and run.seconds > 0:
            jobs.append(
                SpotJob(place.instance_type, run.seconds, place.billed_seconds, place.interruptions)
            )
    return jobs
