"""Combinations that AWS refuses, or takes and then does something else: refused here first.

Each is a place in ``serve.yaml``, the rule, and the fix. A rule is one small function; adding one
is adding it to ``_RULES`` or, when it needs the endpoint as it is now, to ``_CHANGES``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from thriftline.serving.domain.alarms import LEAST_WATCHED_SECONDS, MOST_ALARMS
from thriftline.serving.domain.kinds import (
    KIND_FACTS,
    MAIN_VARIANT,
    Kind,
    RolloutType,
    ServingWish,
)
from thriftline.serving.domain.rollout import (
    LEAST_LIMIT_SECONDS,
    MOST_LIMIT_SECONDS,
    MOST_WAIT_SECONDS,
    PERCENT_BOUNDS,
    step_instances,
    waits_seconds,
)

SERVERLESS_MEMORY_MB = (1024, 2048, 3072, 4096, 5120, 6144)
# AWS has not put these families behind a scaled variant.
_BURSTABLE = "ml.t2."
_SILENT_FALLBACK = "ml.inf1."
_GPU_FAMILIES = ("ml.p", "ml.g", "ml.inf", "ml.trn")
_STEPPED = (RolloutType.CANARY, RolloutType.LINEAR)


@dataclass(frozen=True)
class Refusal:
    """A wish that cannot be had: where it stands, the rule against it, what to do."""

    field: str
    rule: str
    fix: str

    @property
    def sentence(self) -> str:
        """The three in one line."""
        return f"{self.field}: {self.rule}; {self.fix}"


@dataclass(frozen=True)
class Current:
    """The endpoint as it is now. ``instances`` of the variant in use, as scaling has set them."""

    kind: Kind
    variants: tuple[str, ...] = (MAIN_VARIANT,)
    instance_type: str | None = None
    instances: int = 1
    scaled: bool = False


Rule = Callable[[ServingWish], Iterator[Refusal]]
ChangeRule = Callable[[ServingWish, Current], Iterator[Refusal]]


def refusals(wish: ServingWish, current: Current | None = None) -> list[Refusal]:
    """Returns everything that stands against a wish, in the order of ``serve.yaml``.

    Args:
        wish: what the file asks for.
        current: the endpoint as it is now; None where there is none, or where only the file is
            looked at.
    """
    found = [one for rule in _RULES for one in rule(wish)]
    if current is not None:
        found += [one for change in _CHANGES for one in change(wish, current)]
    return found


# ---- sections that do not belong to the kind

_SECTIONS_OF = {
    "serverless": (Kind.SERVERLESS,),
    "asynchronous": (Kind.ASYNCHRONOUS,),
    "component": (Kind.COMPONENT,),
}


def _sections_fit_the_kind(wish: ServingWish) -> Iterator[Refusal]:
    for section, kinds in _SECTIONS_OF.items():
        if section in wish.named and wish.kind not in kinds:
            yield Refusal(
                section,
                f"a {wish.kind} endpoint has no such settings",
                f"take {section} out, or say kind: {kinds[0]}",
            )


def _serverless_has_no_instances(wish: ServingWish) -> Iterator[Refusal]:
    if wish.kind is not Kind.SERVERLESS or "instance" not in wish.named:
        return
    gpu = (wish.instance_type or "").startswith(_GPU_FAMILIES)
    rule = "serverless has no GPU and no instances" if gpu else "serverless has no instances"
    yield Refusal(
        "instance", rule, "take instance out (serverless.memory_mb is its size), or choose a kind"
    )


def _serverless_memory(wish: ServingWish) -> Iterator[Refusal]:
    if wish.kind is not Kind.SERVERLESS:
        return
    own = wish.serverless
    if own.memory_mb not in SERVERLESS_MEMORY_MB:
        yield Refusal(
            "serverless.memory_mb",
            "serverless memory is 1024 to 6144 MB in steps of 1024",
            f"say {_next_size(own.memory_mb)}",
        )
    if (own.provisioned_concurrency or 0) > own.max_concurrency:
        yield Refusal(
            "serverless.provisioned_concurrency",
            f"provisioned concurrency is at most max_concurrency ({own.max_concurrency})",
            "raise max_concurrency, or keep less capacity",
        )


def _next_size(memory_mb: int) -> int:
    return next((size for size in SERVERLESS_MEMORY_MB if size >= memory_mb), 6144)


def _capture_fits_the_kind(wish: ServingWish) -> Iterator[Refusal]:
    if wish.capture_percent and not KIND_FACTS[wish.kind].capture:
        yield Refusal(
            "capture.percent",
            f"a {wish.kind} endpoint captures nothing",
            "say 0, or choose another kind; live quality needs the capture",
        )


# ---- roll-out


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
    yield from _step_of(wish, _unit_count(wish), "instance")


def _unit_count(wish: ServingWish) -> int:
    """Copies of a component, instances of the rest; where it scales, the fewest there can be."""
    if wish.kind is Kind.COMPONENT:
        return wish.component.copies
    if wish.scaling is not None:
        return max(1, wish.scaling.min)
    return wish.instances


def _step_of(wish: ServingWish, count: int, noun: str) -> Iterator[Refusal]:
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
    waits = waits_seconds(wish.rollout, _unit_count(wish))
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


# ---- alarms


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


# ---- scaling, schedule, comparison


def _scaling_fits_the_kind(wish: ServingWish) -> Iterator[Refusal]:
    scaling = wish.scaling
    if scaling is None:
        return
    if wish.kind is Kind.SERVERLESS:
        yield Refusal("scaling", "serverless scales by itself", "say serverless.max_concurrency")
        return
    if scaling.to_zero and not KIND_FACTS[wish.kind].zero:
        yield Refusal(
            "scaling.to_zero",
            f"a variant of a {wish.kind} endpoint has at least one instance",
            "say kind: component or asynchronous, or a schedule",
        )
    if wish.kind is Kind.ASYNCHRONOUS and scaling.requests_per_second is not None:
        yield Refusal(
            "scaling.requests_per_second",
            "an asynchronous endpoint publishes no InvocationsPerInstance; it scales by its "
            "backlog",
            "say auto",
        )
    if (wish.instance_type or "").startswith(_BURSTABLE):
        yield Refusal(
            "instance.type",
            f"burstable {wish.instance_type} cannot be scaled",
            "say another type such as ml.m5.large, or take scaling out",
        )


def _scaling_bounds(wish: ServingWish) -> Iterator[Refusal]:
    scaling = wish.scaling
    if scaling is None or wish.kind is Kind.SERVERLESS:
        return
    if scaling.max < max(1, scaling.min):
        yield Refusal("scaling.max", f"max is below min ({scaling.min})", "say a larger max")
    if scaling.min == 0 and not scaling.to_zero:
        yield Refusal(
            "scaling.min",
            "none at all needs the alarm that wakes the endpoint up: target tracking alone never "
            "leaves zero",
            "say to_zero: true, which sets it, or min: 1",
        )
    if scaling.to_zero and scaling.min > 0:
        yield Refusal(
            "scaling.min", f"to_zero goes below min ({scaling.min})", "say min: 0 or take it out"
        )
    count = wish.component.copies if wish.kind is Kind.COMPONENT else wish.instances
    key = "component.copies" if wish.kind is Kind.COMPONENT else "instance.count"
    if key in wish.named and not scaling.min <= count <= scaling.max:
        yield Refusal(
            key,
            f"{count} lies outside of scaling ({scaling.min} to {scaling.max})",
            f"say a {key} in these bounds, or take it out",
        )


def _schedule_fits_the_kind(wish: ServingWish) -> Iterator[Refusal]:
    if not wish.scheduled:
        return
    if wish.kind is Kind.SERVERLESS:
        yield Refusal("schedule", "serverless costs nothing while nobody asks", "take schedule out")
    scaled = wish.kind in (Kind.COMPONENT, Kind.ASYNCHRONOUS)
    if scaled and (wish.scaling is None or not wish.scaling.to_zero):
        yield Refusal(
            "schedule",
            f"the schedule of a {wish.kind} endpoint is a scheduled action that scales it to zero, "
            "and it does not scale to zero",
            "say scaling.to_zero: true with scaling.max",
        )


def _comparison_fits_the_kind(wish: ServingWish) -> Iterator[Refusal]:
    compare = wish.compare
    if compare is None:
        return
    if wish.kind is not Kind.REAL_TIME:
        yield Refusal(
            "compare.kind",
            f"a {wish.kind} endpoint has one variant; a comparison on live traffic needs two",
            "say kind: real-time, or compare the versions by a run",
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


def _multi_model_on_cpu(wish: ServingWish) -> Iterator[Refusal]:
    gpu = (wish.instance_type or "").startswith(_GPU_FAMILIES)
    if wish.kind is Kind.MULTI_MODEL and gpu:
        yield Refusal(
            "instance.type",
            "several models on a GPU need Triton, which this image is not",
            "say a CPU type such as ml.m5.xlarge, or another kind",
        )


def _component_accelerators(wish: ServingWish) -> Iterator[Refusal]:
    if wish.kind is not Kind.COMPONENT or not wish.component.accelerators:
        return
    type_ = wish.instance_type
    if type_ is not None and not type_.startswith(_GPU_FAMILIES):
        yield Refusal(
            "component.accelerators",
            f"{type_} has no accelerator",
            "take it out, or say a GPU type",
        )


def _money_fits(wish: ServingWish) -> Iterator[Refusal]:
    budget = wish.budget
    if budget.unpriced and budget.max_rollout_usd is not None:
        yield Refusal(
            "budget.unpriced",
            "a bound in dollars cannot be held without a price",
            "take unpriced or max_rollout_usd out",
        )


_RULES: tuple[Rule, ...] = (
    _sections_fit_the_kind,
    _serverless_has_no_instances,
    _serverless_memory,
    _multi_model_on_cpu,
    _component_accelerators,
    _scaling_fits_the_kind,
    _scaling_bounds,
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
    _capture_fits_the_kind,
    _schedule_fits_the_kind,
    _comparison_fits_the_kind,
    _money_fits,
)


# ---- what the stack and the endpoint as it is now rule out


def _kind_stays(wish: ServingWish, current: Current) -> Iterator[Refusal]:
    if wish.kind is current.kind:
        return
    both = {wish.kind, current.kind}
    if both == {Kind.REAL_TIME, Kind.SERVERLESS} and wish.kind is Kind.SERVERLESS:
        rule = "SageMaker refuses to make instances serverless"
    elif current.kind is Kind.SERVERLESS:
        rule = "what serverless becomes with instances cannot be undone"
    else:
        rule = f"a {current.kind} endpoint cannot become {wish.kind}"
    yield Refusal(
        "kind",
        rule,
        "name another endpoint, move the callers to it, and delete this one",
    )


def _variants_stay(wish: ServingWish, current: Current) -> Iterator[Refusal]:
    if wish.kind is not current.kind or wish.kind is Kind.COMPONENT:
        return
    others = sorted(set(current.variants) - {MAIN_VARIANT})
    if others or MAIN_VARIANT not in current.variants:
        yield Refusal(
            "endpoint",
            f"an update keeps the names of the variants, and this endpoint has "
            f"{', '.join(current.variants) or 'none'}, not only {MAIN_VARIANT}",
            "end its comparison first, or name another endpoint",
        )


def _scaled_count_is_enough(wish: ServingWish, current: Current) -> Iterator[Refusal]:
    stepped = wish.rollout.type in PERCENT_BOUNDS
    if not (current.scaled and stepped and wish.kind is current.kind):
        return
    if current.instances < 2 <= _unit_count(wish):
        yield from _step_of(wish, current.instances, "instance")


_CHANGES: tuple[ChangeRule, ...] = (
    _kind_stays,
    _variants_stay,
    _scaled_count_is_enough,
)
