"""Plans what Thriftline would do about findings, under the caps; nothing here does it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import floor

from thriftline.audit.domain.action_kinds import action_spec, touched
from thriftline.audit.domain.actions import ActionPlan, PlannedAction, Refused, Step
from thriftline.audit.domain.findings import ActionKind, Finding
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.parameters import AuditParameters, Mode
from thriftline.audit.domain.planning import Planned, PlanningContext, plan_unmarks
from thriftline.core.wording import counted


def plan_actions(
    findings: Sequence[Finding],
    inventory: Inventory,
    parameters: AuditParameters,
    mode: Mode,
) -> ActionPlan:
    """Returns what the audit would do about one inventory's findings, whatever the mode allows.

    The findings are those that nobody accepted. Low confidence never leads to an action, nor
    does anything unread.
    """
    planned: list[PlannedAction] = []
    refused: list[Refused] = []
    here = [one for one in findings if one.action and _is_here(one, inventory)]
    for one in (*_for_findings(here, inventory, parameters), *plan_unmarks(inventory, parameters)):
        if isinstance(one, Refused):
            refused.append(one)
        else:
            planned.append(replace(one, executes=_executes(one, mode)))
    actions, alerts = _capped(planned, inventory, parameters)
    return ActionPlan(tuple(actions), tuple(refused), tuple(alerts))


def _is_here(finding: Finding, inventory: Inventory) -> bool:
    return (finding.account, finding.region) == (inventory.account, inventory.region)


def _executes(one: PlannedAction, mode: Mode) -> bool:
    if one.step is Step.WAIT or mode is Mode.REPORT:
        return False
    return mode is Mode.ACT or one.step is Step.MARK


def _for_findings(
    findings: Iterable[Finding], inventory: Inventory, parameters: AuditParameters
) -> Planned:
    context = PlanningContext.of(inventory, parameters)
    for finding in findings:
        planner = None if finding.action is None else action_spec(finding.action).planner
        if finding.action is not None and planner is not None:
            yield from planner(finding, finding.action, context)


def _capped(
    planned: Sequence[PlannedAction], inventory: Inventory, parameters: AuditParameters
) -> tuple[list[PlannedAction], list[str]]:
    """Returns the actions, those of a kind above its cap withheld, and an alert for each kind."""
    # Two changes of one bucket are one resource that is touched. A mark harms nothing and has its
    # own count: what it announces meets the caps when it is due. No set: the order of the alerts is
    # that of the actions.
    changed = dict.fromkeys(
        (one.action, one.step is Step.MARK, resource)
        for one in planned
        if one.step is not Step.WAIT
        for resource in touched(one)
    )
    counts = Counter((action, is_mark) for action, is_mark, _ in changed)
    why: dict[tuple[ActionKind, bool], str] = {}
    for (action, is_mark), count in counts.items():
        reason = _above_cap(action, count, inventory, parameters, is_mark=is_mark)
        if reason is not None:
            why[action, is_mark] = reason
    held = [_held_back(one, why.get((one.action, one.step is Step.MARK))) for one in planned]
    return held, list(why.values())


def _above_cap(
    action: ActionKind,
    count: int,
    inventory: Inventory,
    parameters: AuditParameters,
    *,
    is_mark: bool,
) -> str | None:
    """Returns why so many actions of a kind are too many for one run, None if they are not."""
    spec = action_spec(action)
    if spec.population is None:
        return None
    population = spec.population(inventory)
    # One may always be acted on, or a small account could never be cleaned.
    share = max(1, floor(parameters.max_action_share * population))
    limit = parameters.max_actions if is_mark else min(parameters.max_actions, share)
    if count <= limit:
        return None
    settings = f"max_actions is {parameters.max_actions}"
    if not is_mark:
        settings += f", max_action_share is {parameters.max_action_share}"
    step = spec.step(Step.MARK if is_mark else Step.EXECUTE)
    what = (
        step.plan.format(counted(count, step.noun))
        if step
        else f"{action} {counted(count, 'time')}"
    )
    return (
        f"This audit would {what}, of {population:,} in all. One run does at most {limit:,} of a "
        f"kind ({settings}), so it does none of them. Look at them first; then raise the limit."
    )


def _held_back(one: PlannedAction, why: str | None) -> PlannedAction:
    return one if why is None else replace(one, withheld=why, executes=False)
