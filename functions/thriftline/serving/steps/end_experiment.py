"""End experiment: no request for the challenger, the champion alone again, and the last word."""

from datetime import datetime, timedelta

from thriftline.core.aws.event_bus import EventBus
from thriftline.core.aws.topic import Topic
from thriftline.core.causes import read_cause
from thriftline.core.dataclass import dataclass
from thriftline.core.deployment_ids import deployment_id
from thriftline.core.tags import EXPERIMENT_TAG
from thriftline.serving.aws.endpoints import Endpoints, LiveEndpoint
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.aws.live_variants import LiveVariants
from thriftline.serving.domain.experiment_names import result_key
from thriftline.serving.domain.experiment_variants import variant_name
from thriftline.serving.domain.experiments import Kind
from thriftline.serving.domain.verdicts import IN_SERVICE, MOVING
from thriftline.serving.reports.experiment_message import message_of
from thriftline.serving.schemas.events import ExperimentEnded
from thriftline.serving.schemas.experiment import (
    Experiment,
    ExperimentResult,
    ExperimentState,
)
from thriftline.serving.schemas.experiment_steps import (
    EndExperimentRequest,
    EndExperimentResponse,
    Promotion,
)
from thriftline.serving.steps.experiment_documents import ExperimentDocuments
from thriftline.serving.steps.experiment_result import concluded, result_of

_WAIT = 20
# Two changes of an endpoint take minutes; after this somebody has to look.
_PATIENCE = timedelta(hours=3)


@dataclass(frozen=True)
class EndingSite:
    """What End experiment looks at and changes."""

    documents: ExperimentDocuments
    table: EndpointsTable
    endpoints: Endpoints
    variants: LiveVariants
    alerts: Topic
    bus: EventBus


def end_experiment(request: EndExperimentRequest, site: EndingSite) -> EndExperimentResponse:
    """Does what can be done now; asked again until nothing is left, it reports once."""
    if request.endpoint is None or request.experiment_id is None:
        return _of_no_experiment(request)
    known = site.documents.result(request.endpoint, request.experiment_id)
    if known is not None:
        # Recorded before, and the answer was lost.
        return _done(known, site)
    experiment = site.documents.required(request.endpoint, request.experiment_id)
    state = _concluded(site.documents.state(experiment), request)
    site.documents.write_state(experiment, state)
    after = _back_to_one(experiment, state, site, request.now)
    if after is None:
        return _waiting(experiment, state)
    result = result_of(
        experiment,
        state,
        site.documents.artifacts.name,
        ended=request.now,
        after=after,
    )
    return _record(result, site)


def _of_no_experiment(request: EndExperimentRequest) -> EndExperimentResponse:
    failure = request.failure
    reason = "" if failure is None else read_cause(failure.error, failure.message).message
    return EndExperimentResponse(
        step="done",
        wait_seconds=0,
        endpoint=None,
        experiment_id=None,
        ending=None,
        cause="failed",
        reason=reason,
        document=None,
        promotion=None,
    )


def _concluded(state: ExperimentState, request: EndExperimentRequest) -> ExperimentState:
    """What was concluded stays; else the failure is, or the death of the execution."""
    found = state.conclusion
    if found is None:
        reason = "The execution that ran it ended without a verdict."
        if request.failure is not None:
            failure = request.failure
            cause = read_cause(failure.error, failure.message)
            reason = f"{failure.state} failed ({cause.error}): {cause.message}"
        found = concluded("undecided", "failed", reason)
    return state.model_copy(
        update={
            "conclusion": found,
            "phase": "ending",
            "ending_since": state.ending_since or request.now,
        }
    )


def _back_to_one(
    experiment: Experiment, state: ExperimentState, site: EndingSite, now: datetime
) -> str | None:
    """Takes the next step back; returns what became of the endpoint once nothing is left.

    What somebody else has put on the endpoint is never changed.
    """
    made, name = experiment.made, experiment.endpoint
    live = site.endpoints.look(name)
    if live is None:
        return "The endpoint does not exist any more."
    if made is None:
        return "The endpoint was not changed."
    since = state.ending_since or now
    if now - since > _PATIENCE:
        return (
            f"The endpoint is {live.status} with {live.config_name} since {since:%Y-%m-%d %H:%M} "
            f"UTC and did not return to {made.former_config}: look at it, and deploy again."
        )
    if live.status in MOVING:
        return None
    if live.config_name == made.config and live.status == IN_SERVICE:
        _step_back(experiment, live, site)
        return None
    site.variants.untag(site.variants.look(name).arn, EXPERIMENT_TAG)
    if live.config_name == made.former_config and live.status == IN_SERVICE:
        return "The version in use serves alone again, as before."
    return f"The endpoint is {live.status} with {live.config_name} and was left as it is."


def _step_back(experiment: Experiment, live: LiveEndpoint, site: EndingSite) -> None:
    """First the weight, which takes seconds; then the instances, which take minutes."""
    kind, made = experiment.plan.kind, experiment.made
    challenger = variant_name(kind)
    if kind is Kind.AB and site.variants.look(live.name).weights.get(challenger):
        site.variants.set_weight(live.name, challenger, 0)
    elif made is not None:
        site.endpoints.update(live.name, made.former_config, None, retain_variants=True)


def _waiting(experiment: Experiment, state: ExperimentState) -> EndExperimentResponse:
    found = state.conclusion
    return EndExperimentResponse(
        step="wait",
        wait_seconds=_WAIT,
        endpoint=experiment.endpoint,
        experiment_id=experiment.experiment_id,
        ending=found.ending if found else None,
        cause=found.cause if found else None,
        reason=found.reason if found else "",
        document=None,
        promotion=None,
    )


def _record(result: ExperimentResult, site: EndingSite) -> EndExperimentResponse:
    """Message and event go first: the document says that nothing is left to be done."""
    promoted = _promotion(result, site)
    if promoted is not None:
        result = result.model_copy(
            update={
                "after": f"{result.after} Version {result.challenger.number} is being deployed: "
                f"{promoted.name}."
            }
        )
    elif result.ending == "better":
        result = result.model_copy(
            update={
                "after": f"{result.after} Deploy version {result.challenger.number} to use it: "
                "serve.yaml says compare.then: report."
            }
        )
    site.table.unlock(result.endpoint, result.experiment_id)
    document = site.documents.artifacts.uri(_key(result))
    site.alerts.send(message_of(result, document))
    site.bus.put(ExperimentEnded(**result.model_dump()))
    site.documents.end(result)
    return _done(result, site)


def _key(result: ExperimentResult) -> str:
    return result_key(result.endpoint, result.experiment_id)


def _promotion(result: ExperimentResult, site: EndingSite) -> Promotion | None:
    if result.ending != "better" or result.ended is None:
        return None
    experiment = site.documents.required(result.endpoint, result.experiment_id)
    live = site.endpoints.look(result.endpoint)
    alone = (
        live is not None
        and experiment.made is not None
        and live.config_name == experiment.made.former_config
    )
    if experiment.then != "promote" or not alone:
        return None
    token = f"experiment {result.experiment_id}"
    return Promotion(
        name=deployment_id(token, result.ended),
        input={
            "action": "deploy",
            "project": result.project,
            "endpoint": result.endpoint,
            "model_package_arn": result.challenger.model_package_arn,
            "requested_by": token,
            "why": result.reason[:1_000],
            "token": token,
        },
    )


def _done(result: ExperimentResult, site: EndingSite) -> EndExperimentResponse:
    return EndExperimentResponse(
        step="done",
        wait_seconds=0,
        endpoint=result.endpoint,
        experiment_id=result.experiment_id,
        ending=result.ending,
        cause=result.cause,
        reason=result.reason,
        document=site.documents.artifacts.uri(_key(result)),
        promotion=_promotion(result, site),
    )
