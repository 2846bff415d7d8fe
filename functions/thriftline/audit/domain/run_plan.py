"""The plan of a whole run: the actions of all accounts and regions, in order, under its caps."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from thriftline.audit.domain.action_kinds import action_spec, touched, turn_of
from thriftline.audit.domain.actions import ActionPlan, PlannedAction, Step
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ActionKind, ApiCall
from thriftline.audit.domain.history import Acceptance
from thriftline.audit.domain.parameters import Mode
from thriftline.audit.domain.rules.registry import RULES
from thriftline.audit.domain.rules.rule import Rule
from thriftline.core.dataclass import dataclass

_UNDO = "The restore command, with the copy that was saved before."


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """A termination that an earlier run began and did not end."""

    account: str
    region: str
    endpoint: str
    action: ActionKind
    since: datetime
    reason: str
    finding: str | None
    # Why it may only be put back; None when going on may end it.
    stays: str | None = None

    @property
    def place(self) -> tuple[str, str, str]:
        """Names the endpoint among all accounts and regions."""
        return self.account, self.region, self.endpoint


def plan_run(
    plans: Sequence[ActionPlan],
    interrupted: Sequence[Interrupted],
    targets: Iterable[tuple[str, str]],
    max_actions: int,
    mode: Mode,
) -> ActionPlan:
    """Returns the plan of a run out of those of its targets (account and region each).

    What announces, or takes an announcement back, comes first; what deletes comes last. A kind
    of which more than ``max_actions`` are planned in all is withheld altogether. An interrupted
    termination is always taken up again, beside the caps: it was admitted once, and going on
    either ends the endpoint or puts back what was taken away.
    """
    here = set(targets)
    known = [one for one in interrupted if (one.account, one.region) in here]
    again = {one.place for one in known}
    actions = [
        action for plan in plans for action in plan.actions if not _is_taken_up(action, again)
    ]
    actions, alerts = _capped(actions, max_actions)
    resumed = [_resume(one, mode) for one in known]
    return ActionPlan(
        actions=tuple(sorted([*actions, *resumed], key=turn_of)),
        refused=tuple(one for plan in plans for one in plan.refused),
        alerts=(
            *(text for plan in plans for text in plan.alerts),
            *alerts,
            *_interruptions(interrupted, here, mode),
        ),
    )


def executing(plan: ActionPlan) -> tuple[int, ...]:
    """Returns the places of what this run's mode does."""
    return tuple(index for index, one in enumerate(plan.actions) if one.executes)


def _is_taken_up(action: PlannedAction, again: set[tuple[str, str, str]]) -> bool:
    place = (action.account, action.region, action.resource)
    return place in again and action_spec(action.action).ends_endpoint


def _capped(
    actions: Sequence[PlannedAction], max_actions: int
) -> tuple[list[PlannedAction], list[str]]:
    # No set: the order of the alerts is that of the actions.
    changed = dict.fromkeys(
        (one.action, one.account, one.region, resource)
        for one in actions
        if one.step is not Step.WAIT and one.withheld is None and _is_capped(one.action)
        for resource in touched(one)
    )
    counts = Counter(action for action, *_ in changed)
    why = {
        action: f"{count} x {action} in one run, over all accounts and regions: more than "
        f"{max_actions} (max_actions). Nothing of this kind is done; look at them, then raise the "
        "cap."
        for action, count in counts.items()
        if count > max_actions
    }
    held = [
        replace(one, withheld=one.withheld or why[one.action], executes=False)
        if one.action in why
        else one
        for one in actions
    ]
    return held, list(why.values())


def _is_capped(action: ActionKind) -> bool:
    return action_spec(action).population is not None


def why_it_stays(
    one: Interrupted, acceptances: Iterable[Acceptance], problem: str | None, today: date
) -> str | None:
    """Returns why an interrupted termination may not end its endpoint, None if it still may.

    Somebody accepted what it is about by now; or (``problem``) it cannot be told who did what.
    """
    if problem is not None:
        return f"It is not known whether somebody accepted it: {problem}"
    place = "|".join(one.place)
    about = {f"{rule.id}|{place}" for rule in RULES if _ends_endpoint(rule)}
    for acceptance in acceptances:
        if acceptance.until >= today and acceptance.finding in {one.finding, *about}:
            return f"It was accepted until {acceptance.until}: {acceptance.reason}"
    return None


def _ends_endpoint(rule: Rule) -> bool:
    return rule.action is not None and action_spec(rule.action).ends_endpoint


def _resume(one: Interrupted, mode: Mode) -> PlannedAction:
    began = f"{one.reason} (An earlier run began this at {one.since:%Y-%m-%d %H:%M} UTC and did not"
    delete = ApiCall("sagemaker", "DeleteEndpoint", {"EndpointName": one.endpoint})
    return PlannedAction(
        action=one.action,
        step=Step.EXECUTE if one.stays is None else Step.PUT_BACK,
        resource_type=ResourceKind.ENDPOINT,
        resource=one.endpoint,
        account=one.account,
        region=one.region,
        reason=f"{began} end: the endpoint is deleted if it still may be, or put back as it was.)"
        if one.stays is None
        else f"{began} end.) {one.stays}",
        finding=one.finding,
        calls=(delete,) if one.stays is None else (),
        undo=_UNDO,
        due=None,
        executes=mode is Mode.ACT,
        withheld=None,
    )


def _interruptions(
    interrupted: Sequence[Interrupted], here: set[tuple[str, str]], mode: Mode
) -> Iterable[str]:
    for one in interrupted:
        began = (
            f"{one.endpoint} in {one.account}/{one.region}: an earlier run began to take it apart "
            f"at {one.since:%Y-%m-%d %H:%M} UTC and did not end"
        )
        if (one.account, one.region) not in here:
            yield f"{began}; this audit does not look there. Audit it, or restore it."
        elif mode is not Mode.ACT:
            yield f"{began}; mode {mode} may not go on. Restore it, or audit in mode act."
