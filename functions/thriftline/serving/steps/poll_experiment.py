"""Poll experiment: count what came, and say whether it is enough."""

from datetime import datetime

from thriftline.core.dataclass import dataclass
from thriftline.serving.aws.captured import Captured
from thriftline.serving.aws.endpoints import Endpoints, LiveEndpoint
from thriftline.serving.aws.live_variants import LiveVariants
from thriftline.serving.domain.experiment_variants import shares
from thriftline.serving.domain.experiments import (
    Measure,
    shadow_conclusion,
    split_conclusion,
)
from thriftline.serving.domain.verdicts import IN_SERVICE, MOVING
from thriftline.serving.schemas.experiment import Concluded, Experiment, ExperimentState
from thriftline.serving.schemas.experiment_steps import PollExperimentResponse
from thriftline.serving.steps.count_requests import Counting
from thriftline.serving.steps.experiment_documents import ExperimentDocuments
from thriftline.serving.steps.experiment_result import concluded, result_of

_WHILE_MOVING, _BY_MINUTES, _BY_HOURS, _LEAST = 30, 60, 300, 5
_SAME = 1e-6
# A look has nine of the 25,000 events of an execution; the end has looks of its own.
_MOST_LOOKS = 2_000


@dataclass(frozen=True)
class PollingSite:
    """What Poll experiment looks at."""

    documents: ExperimentDocuments
    endpoints: Endpoints
    variants: LiveVariants
    captured: Captured


def poll_experiment(
    endpoint: str, experiment_id: str, site: PollingSite, *, now: datetime
) -> PollExperimentResponse:
    """Looks once. What is counted is written in one piece, so that a second call counts no more."""
    experiment = site.documents.required(endpoint, experiment_id)
    state = site.documents.state(experiment)
    if state.conclusion is None:
        state = _looked(experiment, state, site, now)
        site.documents.write_state(experiment, state)
        site.documents.write_progress(result_of(experiment, state, site.documents.artifacts.name))
    found = state.conclusion
    if found is not None:
        return PollExperimentResponse(
            step="end", wait_seconds=0, ending=found.ending, reason=found.reason
        )
    return PollExperimentResponse(
        step="wait",
        wait_seconds=_wait(experiment, state, now),
        ending=None,
        reason=result_of(experiment, state, "").reason,
    )


def _wait(experiment: Experiment, state: ExperimentState, now: datetime) -> int:
    usual = _BY_MINUTES if experiment.plan.measure is Measure.ERRORS else _BY_HOURS
    if state.phase == "starting":
        usual = _WHILE_MOVING
    span = (experiment.deadline - experiment.opened_at).total_seconds()
    usual = max(usual, int(span / _MOST_LOOKS) + 1)
    left = (experiment.deadline - now).total_seconds()
    return max(_LEAST, min(usual, int(left) + 1))


def _looked(
    experiment: Experiment, state: ExperimentState, site: PollingSite, now: datetime
) -> ExperimentState:
    stop = site.documents.stop_reason(experiment)
    if stop is not None:
        return _ends(state, concluded("undecided", "stopped", stop))
    live = site.endpoints.look(experiment.endpoint)
    problem = _problem(experiment, state, live)
    if problem is not None:
        return _ends(state, problem)
    if live is not None and live.status == IN_SERVICE:
        state = _counted(experiment, state, site, now)
    found = _conclusion(experiment, state, now)
    return state if found is None else _ends(state, found)


def _ends(state: ExperimentState, found: Concluded) -> ExperimentState:
    return state.model_copy(update={"conclusion": found, "phase": "ending"})


def _problem(
    experiment: Experiment, state: ExperimentState, live: LiveEndpoint | None
) -> Concluded | None:
    """What ended the experiment from outside, None where nothing did."""
    made = experiment.made
    if live is None or made is None:
        return concluded("undecided", "changed", f"The endpoint {experiment.endpoint} is gone.")
    if live.status in MOVING:
        return None
    if live.status != IN_SERVICE:
        said = live.failure_reason or "SageMaker gives no reason"
        return concluded("undecided", "failed", f"The endpoint is {live.status}: {said}.")
    if live.config_name == made.config:
        return None
    if state.phase == "starting":
        said = live.failure_reason or "SageMaker gives no reason"
        reason = f"SageMaker took the second variant back; {live.config_name} serves: {said}."
        return concluded("undecided", "failed", reason)
    reason = f"Somebody changed the endpoint on the way; {live.config_name} serves now."
    return concluded("undecided", "changed", reason)


def _counted(
    experiment: Experiment, state: ExperimentState, site: PollingSite, now: datetime
) -> ExperimentState:
    weights = site.variants.look(experiment.endpoint).weights
    share = shares(weights, experiment.plan.kind)
    if not share:
        reason = "Somebody took the challenger's weight away."
        return _ends(state, concluded("undecided", "changed", reason))
    counting = Counting(experiment, site.variants, site.documents.artifacts, site.captured)
    if state.share is None or state.phase == "starting":
        return counting.begin(state, share, now)
    if abs(share - state.share) > _SAME:
        note = f"The challenger's share went from {state.share:.2%} to {share:.2%} at {now:%H:%M}."
        changed = counting.begin(state, share, now)
        return changed.model_copy(update={"notes": (*state.notes, note)})
    return counting.after(state, now)


def _conclusion(experiment: Experiment, state: ExperimentState, now: datetime) -> Concluded | None:
    if state.conclusion is not None:
        return state.conclusion
    plan, found = experiment.plan, None
    if state.split is not None:
        found = split_conclusion(plan, state.split, now)
    elif state.shadow is not None:
        found = shadow_conclusion(plan, state.shadow, now)
    elif now >= plan.deadline:
        return concluded("undecided", "deadline", "The deadline came before the first request.")
    return None if found is None else concluded(found.ending, found.cause, found.reason)
