"""The ladder of a run on SageMaker: the rungs of ``run.yaml``, or those that the plan chooses.

Where ``run.yaml`` names one place alone, the plan puts two more behind it: the same type on demand,
and the cheapest other type that does the work. These never cost more than the first may, so they
change neither the run's worst case nor what is held for it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import (
    InvalidRunSpecError,
    NoQuotaError,
    UnknownInstanceTypeError,
    UnpricedInstanceError,
)
from thriftline.core.wording import counted
from thriftline.money.instances import gpus_of
from thriftline.runs.domain.ceilings import is_allowed
from thriftline.runs.domain.ladder import MOST_ON_A_RUNG
from thriftline.runs.domain.quotes import LeftOut, Rung
from thriftline.runs.domain.work import TrainingWork
from thriftline.runs.trainers.sagemaker.documents import RungChoice, TrainingChoices
from thriftline.runs.trainers.sagemaker.estimate import CANDIDATE_TYPES
from thriftline.runs.trainers.sagemaker.fitting import require_fit
from thriftline.runs.trainers.sagemaker.offers import Offers
from thriftline.runs.trainers.sagemaker.priced_instances import PricedInstances
from thriftline.runs.trainers.sagemaker.quotas import (
    QuotaLimit,
    pool_quota_name,
    quota_name,
    too_small,
)
from thriftline.runs.trainers.sagemaker.runtime_limit import LONGEST_SECONDS
from thriftline.runs.trainers.sagemaker.training_plans import require_time

# On-demand capacity was seen to take 28 to 58 minutes; SageMaker itself waits for 30 at least.
WAIT_SECONDS = 1800
MOST_INTERRUPTIONS = 3
_NO_CHECKPOINTS = "A linear head writes no checkpoints, and is not put on Spot."
_REFUSALS = (InvalidRunSpecError, UnknownInstanceTypeError, UnpricedInstanceError)

Quotas = Callable[[Sequence[str]], Mapping[str, QuotaLimit]]


@dataclass(frozen=True)
class Step:
    """A rung with the instances that it is made of."""

    rung: Rung
    instances: PricedInstances
    spot: bool

    @property
    def limit(self) -> int:
        """The run time limit of its jobs, in seconds."""
        return int(self.rung.terms["max_runtime_seconds"])


@dataclass(frozen=True)
class Ladder:
    """The rungs of a run, at least one, and those that it might have."""

    steps: tuple[Step, ...]
    left_out: tuple[LeftOut, ...]
    most_attempts: int


def ladder_of(
    work: TrainingWork,
    choices: TrainingChoices,
    offers: Offers,
    usual: Sequence[PricedInstances],
    quotas: Quotas,
) -> Ladder:
    """Returns the ladder of a run, without the rungs for which the account has no quota.

    ``usual`` are types that may be advised in the place of one that cannot do the work.

    Raises:
        NoQuotaError: that are all of them.
        InvalidRunSpecError, UnknownInstanceTypeError, UnpricedInstanceError: a rung of run.yaml
            cannot do the work, does not exist or has no price.
    """
    left_out: list[LeftOut] = []
    steps = (
        list(_asked(work, choices.ladder, offers, usual, left_out))
        if choices.ladder
        else list(_chosen(work, choices, offers, usual, left_out))
    )
    steps = _with_a_quota(steps, choices, quotas, left_out)
    if choices.max_attempts is not None:
        for step in steps[choices.max_attempts :]:
            left_out.append(
                LeftOut(step.rung.name, f"training.max_attempts is {choices.max_attempts}.")
            )
        steps = steps[: choices.max_attempts]
    # Nothing is gained by leaving the last rung; SageMaker waits for it as long as it does.
    last = steps[-1].rung
    if not choices.ladder:
        last = replace(last, wait_seconds=None)
    steps[-1] = replace(steps[-1], rung=last)
    if len({step.instances.instance_count for step in steps}) > 1:
        steps = [_with_all_rows(step) for step in steps]
    return Ladder(
        tuple(steps), tuple(left_out), choices.max_attempts or MOST_ON_A_RUNG * len(steps)
    )


def _asked(
    work: TrainingWork,
    ladder: Sequence[RungChoice],
    offers: Offers,
    usual: Sequence[PricedInstances],
    left_out: list[LeftOut],
) -> Iterator[Step]:
    goes_on = work.chosen.method != "linear_head"
    seen = set()
    for number, one in enumerate(ladder, start=1):
        spot = one.market == "spot" and goes_on
        reason = "run.yaml names it." if spot or one.market != "spot" else _NO_CHECKPOINTS
        try:
            instances = offers.instances_for(one.instance_type, one.instance_count)
            require_fit(instances, offers.workload, work.encoder, usual)
        except _REFUSALS as error:
            place = f"training.ladder, rung {number}"
            raise type(error)(str(error).replace("training.instance_type", place, 1)) from error
        default = None if number == len(ladder) else WAIT_SECONDS
        rung = replace(
            offers.rung(instances, spot=spot),
            reason=reason,
            wait_seconds=one.wait_seconds or default,
            turn_seconds=one.wait_seconds,
            most_interruptions=one.max_interruptions if spot else None,
            pool=quota_name(one.instance_type, spot=spot),
        )
        if rung.name in seen:
            left_out.append(LeftOut(f"rung {number}", _NO_CHECKPOINTS))
            continue
        seen.add(rung.name)
        yield Step(rung, instances, spot)


def _chosen(
    work: TrainingWork,
    choices: TrainingChoices,
    offers: Offers,
    usual: Sequence[PricedInstances],
    left_out: list[LeftOut],
) -> Iterator[Step]:
    instances = offers.instances_for(choices.instance_type)
    require_fit(instances, offers.workload, work.encoder, usual)
    if choices.training_plan:
        if offers.plan is not None:
            needed = offers.expected(instances, LONGEST_SECONDS, spot=False)
            require_time(offers.plan, needed, offers.wanted_limit(instances, spot=False))
        # It has a quota of its own, and whatever else would be tried is billed again.
        rung = replace(offers.rung(instances, spot=False), reason="The training plan is paid for.")
        yield Step(rung, instances, spot=False)
        left_out.append(LeftOut("further rungs", "The run is on a training plan alone."))
        return
    spot = bool(choices.spot)
    first = _step(offers, instances, spot, "It is what run.yaml or the stack names.")
    if choices.max_wait_seconds is not None:
        first = replace(first, rung=replace(first.rung, wait_seconds=None))
    yield first
    if choices.max_attempts == 1:
        left_out.append(LeftOut("further rungs", "training.max_attempts is 1."))
        return
    if spot:
        yield _step(offers, instances, False, "The same type on demand, where Spot has none.")
    yield from _another_type(work, first, offers, left_out)


def _step(offers: Offers, instances: PricedInstances, spot: bool, reason: str) -> Step:
    rung = replace(
        offers.rung(instances, spot=spot),
        reason=reason,
        wait_seconds=WAIT_SECONDS,
        most_interruptions=MOST_INTERRUPTIONS if spot else None,
        pool=quota_name(instances.instance_type, spot=spot),
    )
    return Step(rung, instances, spot)


def _another_type(
    work: TrainingWork, first: Step, offers: Offers, left_out: list[LeftOut]
) -> Iterator[Step]:
    """The cheapest other type with as many GPUs, on demand, for no more than the first may cost."""
    found = gpus_of(first.instances.instance_type)
    if found is None:
        name = first.instances.instance_type
        left_out.append(LeftOut("another type", f"What is like {name} is not known."))
        return
    fitting: list[tuple[object, str, Step]] = []
    for name in CANDIDATE_TYPES:
        of_type = gpus_of(name)
        if name == first.instances.instance_type or of_type is None or of_type[1] != found[1]:
            continue
        step = _comparable(work, name, first, offers)
        if isinstance(step, LeftOut):
            left_out.append(step)
        else:
            expected = offers.expected(step.instances, step.limit, spot=False)
            fitting.append((expected.usd, name, step))
    if fitting:
        yield min(fitting, key=lambda one: (one[0], one[1]))[2]


def _comparable(work: TrainingWork, name: str, first: Step, offers: Offers) -> Step | LeftOut:
    count = first.instances.instance_count
    title = f"{count} x {name}, on demand"
    if not is_allowed(name, work.allowed):
        return LeftOut(title, "The stack's parameter AllowedInstanceTypes does not have it.")
    if not offers.has_price(name):
        return LeftOut(title, "The price catalogue has no rate for it here.")
    instances = offers.instances_for(name, count)
    try:
        require_fit(instances, offers.workload, work.encoder)
    except InvalidRunSpecError as error:
        return LeftOut(title, str(error))
    step = _within(first, _step(offers, instances, False, ""))
    limit = step.limit
    expected = offers.expected(instances, limit, spot=False)
    if expected.seconds is None or expected.usd is None:
        return LeftOut(title, expected.reason)
    if expected.seconds > limit:
        return LeftOut(
            title,
            f"It is expected to need {expected.seconds:,} seconds, and the "
            f"{first.rung.worst_case_usd} USD that the run may cost pay for {limit:,}.",
        )
    reason = (
        f"The cheapest other type with as many GPUs: about {expected.usd} USD, for what "
        f"{first.instances.instance_type} has no capacity."
    )
    return replace(step, rung=replace(step.rung, reason=reason))


def _within(first: Step, step: Step) -> Step:
    """Returns a step whose worst case is no higher than that of the first."""
    limit = min(step.limit, step.instances.seconds_within(first.rung.worst_case_usd))
    rung = replace(
        step.rung,
        worst_case_usd=step.instances.worst_case_usd(limit),
        terms={**step.rung.terms, "max_runtime_seconds": limit},
    )
    return replace(step, rung=rung)


def _with_all_rows(step: Step) -> Step:
    return replace(step, rung=replace(step.rung, terms={**step.rung.terms, "all_rows": True}))


def _with_a_quota(
    steps: Sequence[Step], choices: TrainingChoices, quotas: Quotas, left_out: list[LeftOut]
) -> list[Step]:
    named = [
        step
        for step in steps
        if choices.ladder or step.instances.instance_type == choices.instance_type
    ]
    warm = _warm_pools(named)
    limits = quotas([*(step.rung.pool for step in steps if step.rung.pool), *warm])
    _require_warm_pools(warm, limits)
    kept = []
    for step in steps:
        limit = limits.get(step.rung.pool or "")
        count = step.instances.instance_count
        if limit is not None and limit.value < count:
            reason = too_small(limit.name, limit.value, count, limit.ask(count))
            left_out.append(LeftOut(step.rung.name, reason))
        else:
            kept.append(step)
    if not kept:
        said = " ".join(f"{one.name}: {one.reason}" for one in left_out)
        raise NoQuotaError(
            f"The account may train on nothing that the run may take. {said} Nothing was spent."
        )
    return kept


def _warm_pools(steps: Sequence[Step]) -> dict[str, int]:
    """Returns how many instances of each quota for warm pools the rungs of run.yaml may need."""
    wanted: dict[str, int] = {}
    for step in steps:
        if step.instances.kept_seconds:
            name = pool_quota_name(step.instances.instance_type)
            wanted[name] = max(wanted.get(name, 0), step.instances.instance_count)
    return wanted


def _require_warm_pools(wanted: Mapping[str, int], limits: Mapping[str, QuotaLimit]) -> None:
    """Refuses to ask for a warm pool that SageMaker, without a word, would not keep."""
    for name, count in wanted.items():
        limit = limits.get(name)
        if limit is not None and limit.value < count:
            raise NoQuotaError(
                f"training.keep_alive_seconds: the quota {name!r} of the account is {limit.value}, "
                f"and the run would keep {counted(count, 'instance')} warm. SageMaker would keep "
                f"none. Ask for {count} or more in Service Quotas{limit.ask(count)}, or take "
                "keep_alive_seconds out. Nothing was spent."
            )
