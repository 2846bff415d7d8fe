"""What a look at a deployment leads to: wait, send probes, stop it, turn back, or write it down."""

from enum import StrEnum
from math import ceil

from thriftline.core.dataclass import dataclass
from thriftline.serving.domain.kinds import Rollout, RolloutType
from thriftline.serving.domain.rollout import percent_of, watched_seconds
from thriftline.serving.domain.verdicts import (
    BAKING,
    EndpointView,
    Outcome,
    TrafficAction,
    Verdict,
    traffic_action,
)

LEAST_WAIT, USUAL_WAIT, LONGEST_WAIT = 5, 20, 60
MOST_PROBES = 400
# So many looks that show no change are enough to believe that there is none.
BELIEVED = 4


class Step(StrEnum):
    """What the machine does next."""

    WAIT = "wait"
    START = "start"
    RECORD = "record"


@dataclass(frozen=True)
class Look:
    """One look at a deployment, and what led up to it.

    ``watched`` are the seconds for which the new fleet has been baking, as far as the waits say;
    ``invocations`` is None where nobody counts, or the count is not known. ``moved`` says whether
    the endpoint was ever seen while it changed.
    """

    view: EndpointView | None
    verdict: Verdict
    rollout: Rollout
    guarded: bool
    invocations: int | None
    watched: float = 0.0
    polls: int = 1
    moved: bool = True
    aborted: bool = False
    gave_up: bool = False
    turned_back: bool = False
    has_former: bool = False


@dataclass(frozen=True)
class Decision:
    """``step`` and how long to wait before the next look; what else is to be done now.

    ``probes`` is a number of requests to send. ``give_up`` puts the abort metric, after which
    SageMaker takes the update back. ``turn_back`` asks for the former version again.
    """

    step: Step
    wait_seconds: int = 0
    probes: int = 0
    give_up: bool = False
    turn_back: bool = False
    note: str = ""


def decide(look: Look) -> Decision:
    """Returns what to do after a look."""
    if look.verdict.outcome is Outcome.ROLLED_BACK and not look.moved and look.polls < BELIEVED:
        # SageMaker may show the endpoint for a moment as it was before the update.
        return Decision(Step.WAIT, LEAST_WAIT)
    if look.verdict.ended:
        return _after_the_end(look)
    if not _is_baking(look) or not look.guarded or look.turned_back:
        return Decision(Step.WAIT, USUAL_WAIT)
    return _while_baking(look)


def _after_the_end(look: Look) -> Decision:
    """An update that ended may have to be taken back all the same."""
    if look.turned_back or not look.has_former:
        return Decision(Step.RECORD)
    unproven = look.verdict.outcome is Outcome.INCONCLUSIVE
    if unproven and look.rollout.without_traffic == "roll_back":
        note = "Too few requests came; serve.yaml says to roll back then."
        return Decision(Step.START, turn_back=True, note=note)
    if look.aborted and look.verdict.outcome in (Outcome.DEPLOYED, Outcome.INCONCLUSIVE):
        note = "The stop that a person asked for came too late for the alarm; it is taken back now."
        return Decision(Step.START, turn_back=True, note=note)
    return Decision(Step.RECORD)


def _while_baking(look: Look) -> Decision:
    left = watched_seconds(look.rollout) - look.watched
    action = traffic_action(look.rollout, look.invocations, left)
    wait = max(LEAST_WAIT, min(USUAL_WAIT, int(left) if left > 0 else USUAL_WAIT))
    if action is TrafficAction.PROBE and look.invocations is not None:
        return Decision(Step.WAIT, wait, probes=probes_for(look.rollout, look.invocations))
    if action is TrafficAction.ROLL_BACK and not look.gave_up:
        note = "Too few requests came while the new fleet was watched; serve.yaml says to roll back"
        return Decision(Step.WAIT, wait, give_up=True, note=f"{note} then.")
    return Decision(Step.WAIT, wait)


def probes_for(rollout: Rollout, seen: int) -> int:
    """Returns how many requests bring the new fleet to its least number, by its share of them."""
    missing = max(0, rollout.min_requests - seen)
    share = percent_of(rollout) if rollout.type is not RolloutType.ALL_AT_ONCE else 100
    return min(MOST_PROBES, ceil(missing * 100 / share))


def _is_baking(look: Look) -> bool:
    return look.view is not None and bool(BAKING & set(look.view.stages))


def ending_of(verdict: Verdict, *, for_want_of_requests: bool) -> Verdict:
    """Returns the verdict of the whole deployment: one that proved nothing is inconclusive."""
    if verdict.outcome is Outcome.ROLLED_BACK and for_want_of_requests:
        return Verdict(
            Outcome.INCONCLUSIVE,
            f"Too few requests came to judge by, and serve.yaml says to roll back then. "
            f"{verdict.reason}",
            former_serves=verdict.former_serves,
        )
    return verdict
