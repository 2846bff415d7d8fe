"""What a run costs on SageMaker: the type of the run spec, and others beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from thriftline.money.instances import gpus_of
from thriftline.money.prices import PriceCatalogue
from thriftline.runs.domain.quotes import Candidate, Expectation, Quote, Rung
from thriftline.runs.domain.tokens import mean_tokens
from thriftline.runs.domain.work import TrainingWork
from thriftline.runs.trainers.sagemaker.documents import TrainingChoices, terms_of
from thriftline.runs.trainers.sagemaker.estimate import CANDIDATE_TYPES, estimate
from thriftline.runs.trainers.sagemaker.expected_time import Workload
from thriftline.runs.trainers.sagemaker.priced_instances import (
    SHORTEST_ATTEMPT_SECONDS,
    PricedInstances,
    priced,
    require_known,
)
from thriftline.runs.trainers.sagemaker.runtime_limit import LONGEST_SECONDS, runtime_limit

NAME = "sagemaker"
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class PriceSources:
    """Where prices and names come from; ``known_types`` are those of the API's own list."""

    catalogue: Callable[[], PriceCatalogue]
    known_types: Callable[[], frozenset[str]]
    region: str


def quote(work: TrainingWork, sources: PriceSources) -> Quote:
    """Returns the quote for the type of the run spec, with other types for comparison.

    Raises:
        UnknownInstanceTypeError: SageMaker has no such type.
        UnpricedInstanceError: the catalogue has no rate for it here.
    """
    choices = TrainingChoices.model_validate(work.section)
    require_known(choices.instance_type, sources.known_types())
    prices = sources.catalogue()

    def instances(instance_type: str) -> PricedInstances:
        return priced(
            prices,
            sources.region,
            instance_type=instance_type,
            instance_count=choices.instance_count,
            volume_gib=choices.volume_gib,
        )

    chosen = instances(choices.instance_type)
    others = [
        instances(name)
        for name in CANDIDATE_TYPES
        if name != choices.instance_type and prices.training_rate(name, sources.region)
    ]
    jobs = _Jobs(work, choices)
    limit, candidate = jobs.limit(chosen), jobs.candidate(chosen)
    return Quote(
        trainer=NAME,
        chosen=candidate,
        rungs=(_rung(choices, chosen, limit),),
        max_attempts=choices.max_attempts,
        basis=_basis(chosen, limit, candidate.expected),
        alternatives=tuple(jobs.candidate(one) for one in others),
        remedies=_remedies(chosen, jobs.seconds_within_cap(chosen), candidate.expected),
        warnings=_warnings(chosen, candidate.expected, limit),
    )


@dataclass(frozen=True)
class _Jobs:
    """What the work takes on one type or another, and how long it may take there."""

    work: TrainingWork
    choices: TrainingChoices

    def expected(self, instances: PricedInstances, limit: int) -> Expectation:
        return estimate(
            instances,
            _workload(self.work),
            self.work.encoder,
            base_model=self.work.base_model,
            max_runtime_seconds=limit,
        )

    def seconds_within_cap(self, instances: PricedInstances) -> int:
        # A worst case is whole cents, rounded up.
        return instances.seconds_within(self.work.cap_usd.quantize(_CENT, rounding=ROUND_FLOOR))

    def limit(self, instances: PricedInstances) -> int:
        if self.choices.max_runtime_seconds is not None:
            return self.choices.max_runtime_seconds
        needed = self.expected(instances, LONGEST_SECONDS).seconds
        limit = runtime_limit(needed, self.seconds_within_cap(instances))
        return min(limit, self.choices.max_wait_seconds or limit)

    def candidate(self, instances: PricedInstances) -> Candidate:
        found = gpus_of(instances.instance_type)
        limit = self.limit(instances)
        expected = self.expected(instances, limit)
        return Candidate(
            name=instances.instance_type,
            rate=instances.rate,
            worst_case_usd=instances.worst_case_usd(limit),
            expected=expected,
            details={
                "gpu": found[0].name if found else None,
                "gpu_count": found[1] * instances.instance_count if found else None,
                "max_runtime_seconds": limit,
            },
            has_time=expected.seconds is None or expected.seconds <= limit,
        )


def _workload(work: TrainingWork) -> Workload | None:
    if work.mean_characters is None:
        return None
    max_length = int(str(work.hyperparameters["max_length"]))
    return Workload(
        train_rows=work.splits.get("train", 0),
        validation_rows=work.splits.get("validation", 0),
        test_rows=work.splits.get("test", 0),
        mean_characters=work.mean_characters,
        epochs=work.chosen.epochs,
        batch_tokens=work.chosen.tokens_of_step(mean_tokens(work.mean_characters, max_length)),
        max_length=max_length,
        has_champion=work.champion is not None,
        search=work.search,
        is_frozen=work.chosen.method == "linear_head",
    )


def _rung(choices: TrainingChoices, instances: PricedInstances, limit: int) -> Rung:
    market = "Spot" if choices.spot else "on demand"
    return Rung(
        name=f"{instances.instance_count} x {instances.instance_type}, {market}",
        rate=instances.rate,
        worst_case_usd=instances.worst_case_usd(limit),
        stop_grace_usd=instances.stop_grace_usd,
        terms=terms_of(choices, instances, limit),
    )


def _basis(instances: PricedInstances, limit: int, expected: Expectation) -> str:
    rate = instances.rate
    likely = (
        f"; expected are {instances.worst_case_usd(expected.seconds)} USD for "
        f"{expected.seconds:,} seconds"
        if expected.seconds is not None
        else "; what to expect is not known"
    )
    return (
        f"{instances.instance_count} x {instances.instance_type} at {rate.usd} USD an hour "
        f"({rate.region}, {rate.component}, {rate.date}) for {limit} "
        f"seconds, with {instances.volume_gib} GiB of storage{likely}"
    )


def _remedies(
    instances: PricedInstances, within_cap: int, expected: Expectation
) -> tuple[str, ...]:
    """A shorter limit helps only where the work is done within it."""
    if within_cap < max(SHORTEST_ATTEMPT_SECONDS, expected.seconds or 0):
        return ()
    least = f"from {expected.seconds} to {within_cap}" if expected.seconds else str(within_cap)
    less = "" if expected.seconds else " or less"
    return (f"set training.max_runtime_seconds to {least}{less}",)


def _warnings(
    instances: PricedInstances, expected: Expectation, max_runtime_seconds: int
) -> tuple[str, ...]:
    warnings = []
    if expected.seconds is not None and expected.seconds > max_runtime_seconds:
        warnings.append(
            f"The training is expected to need {expected.seconds} seconds and may take "
            f"{max_runtime_seconds}: it will probably be stopped at its limit."
        )
    if expected.warning:
        warnings.append(expected.warning)
    if instances.rate.component != "Training":
        warnings.append(
            f"The rate is that of component {instances.rate.component}, which training usually "
            "shares; `make prices` reads the training rate."
        )
    if instances.storage.is_upper_bound:
        warnings.append(
            f"The price of ML storage in {instances.storage.region} is not known; an upper bound "
            f"of {instances.storage.usd} USD for a GB a month is used."
        )
    return tuple(warnings)
