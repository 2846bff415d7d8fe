"""Rules of ``serve.yaml`` on capture, schedule, comparison and budget."""

from collections.abc import Iterator

from thriftline.serving.domain.kinds import KIND_FACTS, Kind, ServingWish
from thriftline.serving.domain.refusal import Refusal, Rule


def _capture_fits_the_kind(wish: ServingWish) -> Iterator[Refusal]:
    if wish.capture_percent and not KIND_FACTS[wish.kind].capture:
        yield Refusal(
            "capture.percent",
            f"a {wish.kind} endpoint captures nothing",
            "say 0, or choose another kind; live quality needs the capture",
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


def _money_fits(wish: ServingWish) -> Iterator[Refusal]:
    budget = wish.budget
    if budget.unpriced and budget.max_rollout_usd is not None:
        yield Refusal(
            "budget.unpriced",
            "a bound in dollars cannot be held without a price",
            "take unpriced or max_rollout_usd out",
        )


SECTION_RULES: tuple[Rule, ...] = (
    _capture_fits_the_kind,
    _schedule_fits_the_kind,
    _comparison_fits_the_kind,
    _money_fits,
)
