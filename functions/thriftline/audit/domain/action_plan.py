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
    # Two changes of one bucket are one resource that is touched.
    changed = {
        (one.action, resource)
        for one in planned
        if one.step is not Step.WAIT
        for resource in touched(one)
    }
    counts = Counter(action for action, _ in changed)
    why: dict[ActionKind, str] = {}
    for action, count in counts.items():
        population = action_spec(action).population
        if population is None:
            continue
        # One may always be acted on, or a small account could never be cleaned.
        share = max(1, floor(parameters.max_action_share * population(inventory)))
        limit = min(parameters.max_actions, share)
        if count > limit:
            why[action] = (
                f"{count} x {action} in one run, of {population(inventory)}: more than {limit} "
                f"(max_actions {parameters.max_actions}, max_action_share "
                f"{parameters.max_action_share}). Nothing of this kind is done; look at them, "
                "then raise the cap."
            )
    held = [
        replace(one, withheld=why[one.action], executes=False) if one.action in why else one
        for one in planned
    ]
    return held, list(why.values())
