"""The plan of a whole run: the actions of all accounts and regions, in order, under its caps."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from thriftline.domain.audit.actions import CAPPED, ActionPlan, PlannedAction, Step
from thriftline.domain.audit.facts import ResourceKind
from thriftline.domain.audit.findings import ActionKind, ApiCall
from thriftline.domain.audit.parameters import Mode

_DELETIONS = (ActionKind.DELETE_FAILED_ENDPOINT, ActionKind.TERMINATE_ENDPOINT)
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
        actions=tuple(sorted([*actions, *resumed], key=_order)),
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
    return place in again and action.action in _DELETIONS


def _order(action: PlannedAction) -> int:
    if action.step is Step.WAIT:
        return 4
    if action.action is ActionKind.UNMARK_ENDPOINT:
        return 0
    if action.step is Step.MARK:
        return 1
    return 3 if action.action in _DELETIONS else 2


def _capped(
    actions: Sequence[PlannedAction], max_actions: int
) -> tuple[list[PlannedAction], list[str]]:
    counts = Counter(
        one.action
        for one in actions
        if one.step is not Step.WAIT and one.withheld is None and one.action in CAPPED
    )
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


def _resume(one: Interrupted, mode: Mode) -> PlannedAction:
    delete = ApiCall("sagemaker", "DeleteEndpoint", {"EndpointName": one.endpoint})
    return PlannedAction(
        action=one.action,
        step=Step.EXECUTE,
        resource_type=ResourceKind.ENDPOINT,
        resource=one.endpoint,
        account=one.account,
        region=one.region,
        reason=f"{one.reason} (An earlier run began this at {one.since:%Y-%m-%d %H:%M} UTC and "
        "did not end: the endpoint is deleted if it still may be, or put back as it was.)",
        finding=one.finding,
        calls=(delete,),
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
