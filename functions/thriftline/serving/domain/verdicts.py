"""How a deployment ended, read from the endpoint itself.

An update that was turned around ends ``InService`` with the former config, often without a reason.
So a status alone says nothing: deployed is ``InService`` and the wanted config's name.
"""

from enum import StrEnum

from thriftline.core.dataclass import dataclass
from thriftline.core.wording import counted
from thriftline.serving.domain.kinds import Rollout

IN_SERVICE = "InService"
# A rolling update failed and its rollback did too: a mix of both serves until the next update.
UPDATE_ROLLBACK_FAILED = "UpdateRollbackFailed"
# An endpoint in one of these refuses every change, and goes on by itself.
MOVING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})
BAKING = frozenset({"Baking"})


class Outcome(StrEnum):
    """How a deployment ends."""

    DEPLOYED = "deployed"
    ROLLED_BACK = "rolled_back"
    INCONCLUSIVE = "inconclusive"
    FAILED = "failed"


class TrafficAction(StrEnum):
    """What is to be done about the requests that the new fleet saw."""

    WAIT = "wait"
    ENOUGH = "enough"
    PROBE = "probe"
    ROLL_BACK = "roll_back"


@dataclass(frozen=True)
class EndpointView:
    """What DescribeEndpoint says, of a component or another kind in the same words.

    ``serves`` is the name of the config in use; of a component the digest of its specification, of
    a multi-model endpoint the object that the callers name.
    """

    status: str
    serves: str | None
    failure_reason: str = ""
    stages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """What the deployment wants. ``former`` is None where nothing served before.

    ``already`` says that it was in use before the deployment, which then changed nothing.

    ``probes`` are the requests that the deployment itself sent.

    ``guarded`` says whether alarms watch the update; nothing was judged without requests then.
    """

    serves: str
    former: str | None = None
    guarded: bool = True
    min_requests: int = 0
    already: bool = False
    probes: int = 0


@dataclass(frozen=True)
class Verdict:
    """``outcome`` is None while the endpoint moves. ``former_serves``: None where not known."""

    outcome: Outcome | None
    reason: str
    former_serves: bool | None = None

    @property
    def ended(self) -> bool:
        """Whether the deployment has ended."""
        return self.outcome is not None


def verdict(
    view: EndpointView | None,
    wanted: Wanted,
    invocations: int | None,
    *,
    out_of_time: bool = False,
    aborted: bool = False,
) -> Verdict:
    """Returns how the deployment ended, or that it has not.

    Args:
        view: the endpoint as it is after the update was accepted; None when it does not exist.
        wanted: what is to serve, and what served.
        invocations: requests of the new fleet while it was watched; None when they are unknown.
        out_of_time: whether nobody waits any longer.
        aborted: whether a person stopped it.
    """
    if view is None:
        return Verdict(Outcome.FAILED, "The endpoint does not exist any more.", former_serves=False)
    if view.status in MOVING:
        return _moving(view, out_of_time=out_of_time)
    if view.status != IN_SERVICE:
        return _broken(view)
    if view.serves == wanted.serves:
        return _in_service(wanted, invocations)
    return _with_another(view, wanted, aborted=aborted)


def _moving(view: EndpointView, *, out_of_time: bool) -> Verdict:
    stages = f" ({', '.join(view.stages)})" if view.stages else ""
    if not out_of_time:
        return Verdict(None, f"The endpoint is {view.status}{stages}.")
    return Verdict(
        Outcome.FAILED,
        f"The endpoint is still {view.status}{stages} after the deployment's time limit. No call "
        "cancels it; look at it again before the next deployment.",
    )


def _broken(view: EndpointView) -> Verdict:
    why = (
        f": {view.failure_reason.rstrip('.')}"
        if view.failure_reason
        else "; SageMaker gives no reason"
    )
    if view.status == UPDATE_ROLLBACK_FAILED:
        return Verdict(
            Outcome.FAILED,
            f"The update and its rollback failed{why}. Instances of both versions may answer.",
        )
    return Verdict(Outcome.FAILED, f"The endpoint is {view.status}{why}.", former_serves=False)


def already_in_use(serves: str) -> str:
    """Returns what a deployment answers that has nothing to roll out."""
    return f"{serves} is already in use; nothing was rolled out."


def _in_service(wanted: Wanted, invocations: int | None) -> Verdict:
    if wanted.already:
        return Verdict(Outcome.DEPLOYED, already_in_use(wanted.serves))
    if wanted.former is None or not wanted.guarded or wanted.min_requests == 0:
        return Verdict(Outcome.DEPLOYED, f"{wanted.serves} is in service.", former_serves=False)
    if invocations is None:
        return Verdict(
            Outcome.INCONCLUSIVE,
            f"{wanted.serves} is in service, but how many requests it saw is not known: its "
            "alarms prove nothing.",
            former_serves=False,
        )
    if invocations < wanted.min_requests:
        return Verdict(
            Outcome.INCONCLUSIVE,
            f"{wanted.serves} is in service, but saw {counted(invocations, 'request')} while it "
            f"was watched{_own(wanted, invocations)}, fewer than {wanted.min_requests:,}: its "
            "alarms prove nothing.",
            former_serves=False,
        )
    return Verdict(
        Outcome.DEPLOYED,
        f"{wanted.serves} is in service after {counted(invocations, 'request')} under watch"
        f"{_own(wanted, invocations)}.",
        former_serves=False,
    )


def _own(wanted: Wanted, invocations: int) -> str:
    """Says whose the requests were; a count may be late, and is then less than what was sent."""
    own = min(wanted.probes, invocations)
    if not own:
        return ""
    whose = "all" if own == invocations else f"{own:,}"
    return f", {whose} of them probes that the deployment itself sent"


def _with_another(view: EndpointView, wanted: Wanted, *, aborted: bool) -> Verdict:
    why = f" SageMaker says: {view.failure_reason}" if view.failure_reason else ""
    if wanted.former is not None and view.serves == wanted.former:
        cause = "A person stopped the deployment" if aborted else "The update was turned around"
        return Verdict(
            Outcome.ROLLED_BACK,
            f"{cause}: {view.serves} serves as before.{why}",
            former_serves=True,
        )
    return Verdict(
        Outcome.FAILED,
        f"The endpoint is in service with {view.serves or 'an unknown config'}, which is neither "
        f"the wanted {wanted.serves} nor the former one: somebody else changed it.{why}",
        former_serves=False,
    )


def traffic_action(
    rollout: Rollout, invocations: int | None, seconds_left: float, period_seconds: float = 60
) -> TrafficAction:
    """Returns what to do about the requests of a fleet that is being watched.

    Args:
        rollout: its least number of requests, and what to do without them.
        invocations: what the new fleet has seen so far; None when that is not known.
        seconds_left: of the wait in which it is watched.
        period_seconds: how long probes and alarms need; earlier there is nothing to decide.
    """
    if invocations is not None and invocations >= rollout.min_requests:
        return TrafficAction.ENOUGH
    if rollout.without_traffic == "probe":
        return TrafficAction.PROBE
    if seconds_left > period_seconds:
        return TrafficAction.WAIT
    return TrafficAction.ROLL_BACK
