"""What Thriftline can do: each kind of action is one spec, and everything else asks the specs.

A new kind is its name in ``ActionKind``, its spec here, its code in ``steps/acting``, and the
permission in ``template.yaml`` and ``docs/member_account.yaml``.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum

from thriftline.audit.domain.actions import PlannedAction, Step, tagged_by
from thriftline.audit.domain.findings import ActionKind
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.planning import Planner, plan_change, plan_tags, plan_termination
from thriftline.audit.domain.resource_kinds import tagged_resources
from thriftline.core.dataclass import dataclass


class ActionOrder(IntEnum):
    """When in a run a kind has its turn: what takes back comes first, what ends comes last."""

    TAKE_BACK = 0
    ANNOUNCE = 1
    CHANGE = 2
    END = 3
    WAIT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSpec:
    """One step of a kind of action.

    ``code`` is the function that does it, as ``module:function`` of ``steps/acting``; it gets the
    action and answers its outcome. ``plan`` and ``past`` say it of so many ``noun``s before and
    after it is done, ``message`` of the one resource that a message names, ``heading`` of the one
    that is to be done, where the kind's own name does not say it.
    """

    step: Step
    code: str
    plan: str
    past: str
    noun: str
    message: str
    heading: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSpec:
    """One kind of action.

    ``planner`` makes it of a finding whose rule names the kind; None where another kind's planner
    does. ``population`` is of how many the caps take their share; None where nothing is capped,
    because it only takes something back. ``touches`` are the resources that an action changes.
    """

    kind: ActionKind
    steps: tuple[StepSpec, ...]
    turn: ActionOrder = ActionOrder.CHANGE
    planner: Planner | None = plan_change
    population: Callable[[Inventory], int] | None
    touches: Callable[[PlannedAction], frozenset[str]] = lambda action: frozenset({action.resource})

    @property
    def ends_endpoint(self) -> bool:
        """Whether it takes an endpoint apart, which a later run may have to end or put back."""
        return any(one.step is Step.PUT_BACK for one in self.steps)

    def step(self, step: Step) -> StepSpec | None:
        """Returns the spec of a step, None where the kind has no such step."""
        return next((one for one in self.steps if one.step is step), None)


def _in_service(inventory: Inventory) -> int:
    return sum(endpoint.serves for endpoint in inventory.endpoints)


def _prefixes(inventory: Inventory) -> int:
    return sum(
        len(bucket.prefixes) for bucket in inventory.buckets if isinstance(bucket.prefixes, tuple)
    )


def _tagged(action: PlannedAction) -> frozenset[str]:
    return frozenset({tagged_by(call) for call in action.calls} or {action.resource})


_PUT_BACK = StepSpec(
    step=Step.PUT_BACK,
    code="terminate_endpoint:give_up_termination",
    plan="put back {}",
    past="put back {}",
    noun="endpoint",
    message="put back as it was",
    heading="Put back what was taken away",
)

ACTION_SPECS: tuple[ActionSpec, ...] = (
    ActionSpec(
        kind=ActionKind.TERMINATE_ENDPOINT,
        turn=ActionOrder.END,
        planner=plan_termination,
        population=_in_service,
        steps=(
            StepSpec(
                step=Step.MARK,
                code="mark_endpoint:mark_endpoint",
                plan="mark {} for termination",
                past="marked {} for termination",
                noun="idle endpoint",
                message="marked for deletion",
                heading="Mark for termination",
            ),
            StepSpec(
                step=Step.EXECUTE,
                code="terminate_endpoint:terminate_endpoint",
                plan="terminate {}",
                past="terminated {}",
                noun="idle endpoint",
                message="deleted",
            ),
            _PUT_BACK,
        ),
    ),
    ActionSpec(
        kind=ActionKind.MARK_ENDPOINT,
        planner=None,
        population=_in_service,
        steps=(
            StepSpec(
                step=Step.MARK,
                code="mark_endpoint:mark_endpoint",
                plan="mark {} that only missing datapoints call idle",
                past="marked {} that only missing datapoints call idle",
                noun="endpoint",
                message="marked as idle",
            ),
        ),
    ),
    ActionSpec(
        kind=ActionKind.UNMARK_ENDPOINT,
        turn=ActionOrder.TAKE_BACK,
        planner=None,
        population=None,
        steps=(
            StepSpec(
                step=Step.MARK,
                code="mark_endpoint:unmark_endpoint",
                plan="take the mark off {}",
                past="took the mark off {}",
                noun="endpoint",
                message="no longer marked",
            ),
        ),
    ),
    ActionSpec(
        kind=ActionKind.DELETE_FAILED_ENDPOINT,
        turn=ActionOrder.END,
        population=lambda inventory: len(inventory.endpoints),
        steps=(
            StepSpec(
                step=Step.EXECUTE,
                code="terminate_endpoint:delete_failed_endpoint",
                plan="delete {}",
                past="deleted {}",
                noun="failed endpoint",
                message="deleted",
            ),
            _PUT_BACK,
        ),
    ),
    ActionSpec(
        kind=ActionKind.APPLY_LIFECYCLE_RULES,
        population=lambda inventory: len(inventory.buckets),
        steps=(
            StepSpec(
                step=Step.EXECUTE,
                code="change_buckets:apply_lifecycle_rules",
                plan="add lifecycle rules to {}",
                past="added lifecycle rules to {}",
                noun="bucket",
                message="given lifecycle rules",
            ),
        ),
    ),
    ActionSpec(
        kind=ActionKind.ABORT_UPLOADS,
        population=lambda inventory: len(inventory.buckets),
        steps=(
            StepSpec(
                step=Step.EXECUTE,
                code="change_buckets:abort_uploads",
                plan="abort the old uploads of {}",
                past="aborted the old uploads of {}",
                noun="bucket",
                message="rid of old uploads",
            ),
        ),
    ),
    ActionSpec(
        kind=ActionKind.DELETE_ARTIFACTS,
        population=_prefixes,
        steps=(
            StepSpec(
                step=Step.EXECUTE,
                code="change_buckets:delete_artifacts",
                plan="delete {}",
                past="deleted {}",
                noun="orphaned prefix",
                message="set to expire",
            ),
        ),
    ),
    ActionSpec(
        kind=ActionKind.TAKE_EXPIRY_AWAY,
        population=None,
        steps=(
            StepSpec(
                step=Step.EXECUTE,
                code="take_expiry_away:take_expiry_away",
                plan="take the expiry rule off {}",
                past="took the expiry rule off {}",
                noun="prefix",
                message="no longer set to expire",
            ),
        ),
    ),
    ActionSpec(
        kind=ActionKind.SET_LOG_RETENTION,
        population=lambda inventory: len(inventory.log_groups),
        steps=(
            StepSpec(
                step=Step.EXECUTE,
                code="set_log_retention:set_log_retention",
                plan="set the retention of {}",
                past="set the retention of {}",
                noun="log group",
                message="given a retention",
            ),
        ),
    ),
    ActionSpec(
        kind=ActionKind.STOP_NOTEBOOK,
        population=lambda inventory: len(inventory.notebooks),
        steps=(
            StepSpec(
                step=Step.EXECUTE,
                code="stop_notebook:stop_notebook",
                plan="stop {}",
                past="stopped {}",
                noun="notebook",
                message="stopped",
            ),
        ),
    ),
    ActionSpec(
        kind=ActionKind.RELEASE_WARM_POOL,
        population=lambda inventory: sum(
            one.warm_pool is not None and one.warm_pool.status == "Available"
            for one in inventory.training_jobs
        ),
        steps=(
            StepSpec(
                step=Step.EXECUTE,
                code="release_warm_pool:release_warm_pool",
                plan="release the instances of {}",
                past="released the instances of {}",
                noun="warm pool",
                message="rid of its warm pool",
            ),
        ),
    ),
    ActionSpec(
        kind=ActionKind.TAG_RESOURCE,
        planner=plan_tags,
        touches=_tagged,
        population=lambda inventory: sum(1 for _ in tagged_resources(inventory)),
        steps=(
            StepSpec(
                step=Step.EXECUTE,
                code="tag_resources:tag_resources",
                plan="tag {}",
                past="tagged {}",
                noun="resource",
                message="tagged",
            ),
        ),
    ),
)

_BY_KIND: Mapping[ActionKind, ActionSpec] = {one.kind: one for one in ACTION_SPECS}


def action_spec(kind: ActionKind) -> ActionSpec:
    """Returns the spec of a kind of action."""
    return _BY_KIND[kind]


def step_spec(kind: ActionKind, step: Step) -> StepSpec | None:
    """Returns the spec of one step of a kind; nothing is done while an action waits."""
    return _BY_KIND[kind].step(step)


def turn_of(action: PlannedAction) -> ActionOrder:
    """Returns when in a run an action has its turn."""
    if action.step is Step.WAIT:
        return ActionOrder.WAIT
    if action.step is Step.PUT_BACK:
        return ActionOrder.TAKE_BACK
    turn = _BY_KIND[action.action].turn
    return min(turn, ActionOrder.ANNOUNCE) if action.step is Step.MARK else turn


def touched(action: PlannedAction) -> frozenset[str]:
    """Returns the resources that an action changes; one that tags is about several."""
    return _BY_KIND[action.action].touches(action)
