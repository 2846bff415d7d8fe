"""Combinations that AWS refuses, or takes and then does something else: refused here first.

Each is a place in ``serve.yaml``, the rule, and the fix. A rule is one small function in the tuple
of its module (``kind_rules`` and so on) or, when it needs the endpoint as it is now, in
``_CHANGES``.
"""

from collections.abc import Iterator

from thriftline.serving.domain.kind_rules import KIND_RULES
from thriftline.serving.domain.kinds import MAIN_VARIANT, Kind, ServingWish
from thriftline.serving.domain.refusal import ChangeRule, Current, Refusal, Rule
from thriftline.serving.domain.rollout import PERCENT_BOUNDS
from thriftline.serving.domain.rollout_rules import ROLLOUT_RULES, step_of, unit_count
from thriftline.serving.domain.scaling_rules import SCALING_RULES
from thriftline.serving.domain.section_rules import SECTION_RULES


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


_RULES: tuple[Rule, ...] = (*KIND_RULES, *SCALING_RULES, *ROLLOUT_RULES, *SECTION_RULES)


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
    if current.instances < 2 <= unit_count(wish):
        yield from step_of(wish, current.instances, "instance")


_CHANGES: tuple[ChangeRule, ...] = (
    _kind_stays,
    _variants_stay,
    _scaled_count_is_enough,
)
