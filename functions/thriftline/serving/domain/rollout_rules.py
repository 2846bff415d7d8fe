"""Rules of ``serve.yaml`` on a roll-out: its type, its steps, its waits, and its alarms."""

from collections.abc import Iterator

from thriftline.serving.domain.alarms import LEAST_WATCHED_SECONDS, MOST_ALARMS
from thriftline.serving.domain.kinds import KIND_FACTS, Kind, RolloutType, ServingWish
from thriftline.serving.domain.refusal import Refusal, Rule
from thriftline.serving.domain.rollout import (
    LEAST_LIMIT_SECONDS,
    MOST_LIMIT_SECONDS,
    MOST_WAIT_SECONDS,
    PERCENT_BOUNDS,
    step_instances,
    waits_seconds,
)

_SILENT_FALLBACK = "ml.inf1."


def _rollout_fits_the_kind(wish: ServingWish) -> Iterator[Refusal]:
    type_ = wish.rollout.type
    facts = KIND_FACTS[wish.kind]
    if type_ in facts.rollouts:
        return
    allowed = " or ".join(sorted(facts.rollouts))
    reason = "is updated in batches only" if facts.guardrails else "has no deployment guardrails"
    yield Refusal("rollout.type", f"a {wish.kind} endpoint {reason}", f"say type: {allowed}")


def _size_is_said_once(wish: ServingWish) -> Iterator[Refusal]:
    rollout = wish.rollout
    if rollout.percent is not None and rollout.instances is not None:
        yield Refusal(
            "rollout.instances",
            "the size of a step is a share or a number of instances, not both",
            "take percent or instances out",
        )
    sized = rollout.percent is not None or rollout.instances is not None
    if sized and rollout.type is RolloutType.ALL_AT_ONCE:
        yield Refusal(
            "rollout.percent" if rollout.percent is not None else "rollout.instances",
            "all-at-once has one step, of all instances",
            "take it out, or say another type",
        )


def _step_is_not_too_large(wish: ServingWish) -> Iterator[Refusal]:
    rollout = wish.rollout
    bounds = PERCENT_BOUNDS.get(rollout.type)
    if bounds is None or rollout.type not in KIND_FACTS[wish.kind].rollouts:
        return
    least, most = bounds
    if rollout.percent is not None and not least <= rollout.percent <= most:
        yield Refusal(
            "rollout.percent",
            f"a {rollout.type} step is {least} to {most} % of the instances",
            f"say {min(max(rollout.percent, least), most)}",
        )
        return
    yield from step_of(wish, unit_count(wish), "instance")


def unit_count(wish: ServingWish) -> int:
    """Returns copies of a component, else instances; where it scales, the fewest there can be."""
    if wish.kind is Kind.COMPONENT:
        return wish.component.copies
    if wish.scaling is not None:
        return max(1, wish.scaling.min)
    return wish.instances


def step_of(wish: ServingWish, count: int, noun: str) -> Iterator[Refusal]:
    """Yields what stands against the steps of a roll-out over so many."""
    rollout = wish.rollout
    least, most = PERCENT_BOUNDS[rollout.type]
    noun = "copy" if wish.kind is Kind.COMPONENT else noun
    if count < 2:
        yield Refusal(
            "rollout.type",
            f"a variant of one {noun} cannot have a {rollout.type} roll-out: its smallest step is "
            f"100 % of it, and SageMaker allows {most} %",
            f"say type: all-at-once with a bake, or at least two ({_count_key(wish)}: 2)",
        )
        return
    step = step_instances(rollout, count)
    if not least * count <= 100 * step <= most * count and rollout.instances is not None:
        yield Refusal(
            "rollout.instances",
            f"{step} of {count} is {100 * step / count:.0f} %; a {rollout.type} step is {least} to "
            f"{most} %",
            f"say {_nearest_step(count, least, most)}",
        )


def _nearest_step(count: int, least: int, most: int) -> str:
    fewest, many = max(1, -(-least * count // 100)), most * count // 100
    return f"{fewest}" if fewest == many else f"{fewest} to {many}"


def _count_key(wish: ServingWish) -> str:
    if wish.kind is Kind.COMPONENT:
        return "component.copies"
    return "scaling.min" if wish.scaling is not None else "instance.count"


def _waits_are_allowed(wish: ServingWish) -> Iterator[Refusal]:
    rollout = wish.rollout
    for key, seconds in (
        ("rollout.wait_seconds", rollout.wait_seconds),
        ("rollout.bake_seconds", rollout.bake_seconds),
    ):
        if seconds > MOST_WAIT_SECONDS:
            yield Refusal(
                key,
                f"SageMaker waits at most {MOST_WAIT_SECONDS:,} seconds",
                f"say at most {MOST_WAIT_SECONDS}; a watch of a day is a comparison "
                "(compare.kind: ab)",
            )


def _limit_holds_the_waits(wish: ServingWish) -> Iterator[Refusal]:
    waits = waits_seconds(wish.rollout, unit_count(wish))
    if waits >= MOST_LIMIT_SECONDS:
        yield Refusal(
            "rollout.wait_seconds",
            f"the waits are {waits:,} seconds together, and SageMaker ends a deployment after "
            f"{MOST_LIMIT_SECONDS:,} (8 hours)",
            "say shorter waits or larger steps",
        )
    limit = wish.rollout.limit_seconds
    if limit is None:
        return
    if not LEAST_LIMIT_SECONDS <= limit <= MOST_LIMIT_SECONDS:
        yield Refusal(
            "rollout.limit_seconds",
            f"the limit is {LEAST_LIMIT_SECONDS} to {MOST_LIMIT_SECONDS:,} seconds (8 hours)",
            "say a limit in these bounds, or take it out",
        )
    elif limit <= waits:
        yield Refusal(
            "rollout.limit_seconds",
            f"the limit must be above all waits together, which are {waits:,} seconds",
            "say a longer limit or shorter waits, or take it out",
        )


def _alarms_fit_the_waits(wish: ServingWish) -> Iterator[Refusal]:
    rollout = wish.rollout
    if not _watched(wish):
        return
    needed = f"alarms need {LEAST_WATCHED_SECONDS} seconds (two periods of a minute after the first"
    stepped = rollout.type is not RolloutType.ALL_AT_ONCE
    if stepped and rollout.wait_seconds < LEAST_WATCHED_SECONDS:
        yield Refusal(
            "rollout.wait_seconds",
            f"{needed} fault); in {rollout.wait_seconds} none of them can fire",
            f"say at least {LEAST_WATCHED_SECONDS}",
        )
    if not stepped and rollout.bake_seconds < LEAST_WATCHED_SECONDS:
        yield Refusal(
            "rollout.bake_seconds",
            f"{needed} fault); in {rollout.bake_seconds} none of them can fire",
            f"say at least {LEAST_WATCHED_SECONDS}",
        )


def _watched(wish: ServingWish) -> bool:
    """Whether alarms can turn an update of this kind around."""
    if wish.kind is Kind.COMPONENT:
        return wish.rollout.type is RolloutType.ROLLING
    return KIND_FACTS[wish.kind].guardrails


def _not_too_many_alarms(wish: ServingWish) -> Iterator[Refusal]:
    own = _own_alarms(wish)
    count = own + len(wish.alarms.names)
    if count > MOST_ALARMS:
        yield Refusal(
            "alarms.names",
            f"SageMaker looks at {MOST_ALARMS} alarms at the most; {own} are Thriftline's own",
            f"say at most {MOST_ALARMS - own} names",
        )


def _own_alarms(wish: ServingWish) -> int:
    settings = wish.alarms
    limits = (settings.error_share, settings.model_errors, settings.latency_ratio)
    asked = sum(one is not None for one in limits)
    return 1 + asked + settings.quality + (wish.kind is Kind.ASYNCHRONOUS)


def _alarms_need_guardrails(wish: ServingWish) -> Iterator[Refusal]:
    if not KIND_FACTS[wish.kind].guardrails and "alarms.names" in wish.named:
        yield Refusal(
            "alarms.names",
            f"no alarm rolls a {wish.kind} endpoint back",
            "take the names out; `rollback` is one command",
        )


def _rolling_has_one_variant(wish: ServingWish) -> Iterator[Refusal]:
    if wish.rollout.type is RolloutType.ROLLING and wish.compare is not None:
        yield Refusal(
            "rollout.type",
            "rolling excludes several variants, and a comparison has two",
            "say canary, linear or all-at-once, or take compare out",
        )


def _no_silent_fallback(wish: ServingWish) -> Iterator[Refusal]:
    type_ = wish.instance_type or ""
    if type_.startswith(_SILENT_FALLBACK) and wish.rollout.type is not RolloutType.ALL_AT_ONCE:
        yield Refusal(
            "rollout.type",
            f"on {type_} SageMaker goes all at once without a bake, and does not say so",
            "say type: all-at-once, or another instance.type",
        )


ROLLOUT_RULES: tuple[Rule, ...] = (
    _rollout_fits_the_kind,
    _size_is_said_once,
    _step_is_not_too_large,
    _waits_are_allowed,
    _limit_holds_the_waits,
    _no_silent_fallback,
    _rolling_has_one_variant,
    _alarms_fit_the_waits,
    _not_too_many_alarms,
    _alarms_need_guardrails,
)
