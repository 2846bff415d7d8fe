"""What a run costs on SageMaker: the type of the run spec, and others beside it."""

from dataclasses import replace

from thriftline.runs.domain.quotes import Expectation, Quote, Rung, round_up
from thriftline.runs.domain.work import TrainingWork
from thriftline.runs.trainers.sagemaker.documents import TrainingChoices
from thriftline.runs.trainers.sagemaker.estimate import CANDIDATE_TYPES
from thriftline.runs.trainers.sagemaker.ladder import Quotas, Step, ladder_of
from thriftline.runs.trainers.sagemaker.offers import NAME, Offers, PriceSources
from thriftline.runs.trainers.sagemaker.priced_instances import (
    SHORTEST_ATTEMPT_SECONDS,
    PricedInstances,
)
from thriftline.runs.trainers.sagemaker.spot_choice import spot_choice

__all__ = ["NAME", "PriceSources", "quote"]

# Image pulls of 60 to 180 s were billed; a run that takes over warm instances is spared at most it.
SAVED_BILLED_SECONDS = 180


def quote(work: TrainingWork, sources: PriceSources, quotas: Quotas = lambda _: {}) -> Quote:
    """Returns the quote for the ladder of the run spec, with other types for comparison.

    A quota that is not among ``quotas`` is not known, and refuses nothing.

    Raises:
        UnknownInstanceTypeError: SageMaker has no such type.
        UnpricedInstanceError: the catalogue has no rate for it here.
        NoQuotaError: the account may have none of what the run may train on.
        InvalidRunSpecError: the data do not fit its disk, or the model its GPUs.
    """
    asked = TrainingChoices.model_validate(work.section)
    first_asked = Offers(work, asked, sources)
    named = first_asked.instances_for(asked.instance_type)
    first_asked.require_input()
    market = spot_choice(work, asked, named.rate, sources)
    choices = market.choices
    offers = Offers(work, choices, sources)
    tried = {lesson.instance_type for lesson in offers.lessons}
    usual = [
        offers.instances_for(name)
        for name in (*CANDIDATE_TYPES, *sorted(tried.difference(CANDIDATE_TYPES)))
        if offers.has_price(name)
    ]
    ladder = ladder_of(work, choices, offers, usual, quotas)
    first = ladder.steps[0]
    chosen, spot = first.instances, first.spot
    others = [one for one in usual if one.instance_type != chosen.instance_type]
    candidate = offers.candidate(chosen, spot=spot)
    costliest = max(ladder.steps, key=lambda step: step.rung.worst_case_usd)
    expected = offers.expected(costliest.instances, costliest.limit, spot=costliest.spot)
    return Quote(
        trainer=NAME,
        chosen=candidate,
        rungs=tuple(_with_its_data(step) for step in ladder.steps),
        max_attempts=ladder.most_attempts,
        basis=_basis(costliest.instances, costliest.limit, expected),
        alternatives=tuple(offers.candidate(one, spot=spot) for one in others),
        remedies=_remedies(
            costliest.instances, offers.seconds_within_cap(costliest.instances), expected
        ),
        warnings=(
            *market.warnings,
            *offers.plan_warnings(chosen),
            *offers.input_warnings(chosen),
            *_warnings(chosen, candidate.expected, first.limit),
        ),
        market_advice=market.document,
        workload=offers.work_document,
        longest_seconds=first.limit,
        goes_on=work.chosen.method != "linear_head",
        left_out=ladder.left_out,
    )


def _with_its_data(step: Step) -> Rung:
    """Says how the data are read where that is not the copy that everybody expects."""
    data = step.instances.data
    if data.is_copied:
        return step.rung
    return replace(step.rung, reason=f"{step.rung.reason} {data.reason}".strip())


def _basis(instances: PricedInstances, limit: int, expected: Expectation) -> str:
    rate = instances.rate
    likely = (
        f"; expected are {instances.expected_usd(expected.seconds)} USD for "
        f"{expected.seconds:,} seconds"
        if expected.seconds is not None
        else "; what to expect is not known"
    )
    return (
        f"{instances.instance_count} x {instances.instance_type} at {rate.usd} USD an hour "
        f"({rate.region}, {rate.component}, {rate.date}) for {limit} "
        f"seconds, with {instances.volume_gib} GiB of storage{_kept(instances)}"
        f"{_express(instances)}{likely}"
    )


def _kept(instances: PricedInstances) -> str:
    if not instances.kept_seconds:
        return ""
    usd = round_up(instances.kept_usd)
    return f", and {instances.kept_seconds} seconds of a warm pool for {usd} USD"


def _express(instances: PricedInstances) -> str:
    if instances.express is None:
        return ""
    usd = round_up(instances.most_express_usd)
    return f", and {usd} USD for the data in {instances.express.bucket}"


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
    if late := _late(expected, max_runtime_seconds):
        warnings.append(late)
    if instances.kept_seconds > SAVED_BILLED_SECONDS:
        warnings.append(
            f"The warm pool costs up to {round_up(instances.kept_usd)} USD for "
            f"{instances.kept_seconds:,} seconds and saves the next run about "
            f"{SAVED_BILLED_SECONDS} billed seconds and its wait for instances: it buys time, not "
            "money."
        )
    if expected.warning:
        warnings.append(expected.warning)
    if instances.rate.component != "Training":
        warnings.append(
            f"The rate is that of component {instances.rate.component}, which training usually "
            f"shares; the worst case adds {instances.rate.margin:.1%} to it. `make prices` reads "
            "the training rate."
        )
    if instances.storage.is_upper_bound:
        warnings.append(
            f"The price of ML storage in {instances.storage.region} is not known; an upper bound "
            f"of {instances.storage.usd} USD for a GB a month is used."
        )
    return tuple(warnings)


def _late(expected: Expectation, limit: int) -> str | None:
    """Says when the limit is below what the work may need."""
    if expected.seconds is not None and expected.seconds > limit:
        return (
            f"The training is expected to need {expected.seconds} seconds and may take "
            f"{limit}: it will probably be stopped at its limit."
        )
    if expected.high is not None and expected.high.seconds > limit:
        return (
            f"The training may need up to {expected.high.seconds} seconds and may take {limit}: "
            "it may be stopped at its limit, with a checkpoint from which a run with more goes on."
        )
    return None
