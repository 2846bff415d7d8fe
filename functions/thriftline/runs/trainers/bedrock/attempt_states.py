"""An attempt in the words that the run and the state machine know."""

from datetime import datetime, timedelta

from thriftline.money.settlement import total_of
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.domain.endings import Ending
from thriftline.runs.trainers.bedrock.attempt_document import TUNED, AttemptDocument, MadeUnits
from thriftline.runs.trainers.bedrock.billing import charges_of
from thriftline.runs.trainers.bedrock.customization_jobs import CustomizationJob

_STATUSES = {Ending.COMPLETED: "Completed", Ending.STOPPED: "Stopped"}


def active_state(
    document: AttemptDocument, job: CustomizationJob | None, phase: str | None = None
) -> AttemptState:
    """Returns an attempt that has not ended: it takes all that it may cost of the allowance."""
    return AttemptState(
        name=document.name,
        run_id=document.run_id,
        status=job.status if job else "InProgress",
        phase=phase or _phase(document, job),
        created_at=document.created_at,
        started_at=document.started_at or (job.training_since if job else None),
        limits=_limits(document) if document.phase == "training" else (document.phase_since,),
        charged_usd=document.worst_case_usd,
        facts=_facts(document),
        look_again_seconds=document.look_again_seconds,
    )


def ended_state(document: AttemptDocument, units: MadeUnits | None = None) -> AttemptState:
    """Returns an attempt that has ended and left no deployment, with its bill."""
    verdict = document.verdict
    ending = verdict.ending if verdict else Ending.UNKNOWN_FAILURE
    charges = charges_of(document, units)
    billed = None if charges is None else total_of(charges)
    return AttemptState(
        name=document.name,
        run_id=document.run_id,
        status=_STATUSES.get(ending, "Failed"),
        phase="ended",
        created_at=document.created_at,
        started_at=document.started_at,
        ended_at=document.ended_at,
        charged_usd=document.worst_case_usd if billed is None else billed,
        billed_usd=billed,
        undiscounted_usd=billed,
        charges=charges or (),
        ending=ending,
        reason=verdict.reason if verdict else "",
        model_uri=document.model_arn if ending is Ending.COMPLETED else None,
        facts={**_facts(document), **_units(units)},
    )


def _phase(document: AttemptDocument, job: CustomizationJob | None) -> str:
    if document.phase == "training":
        return job.phase if job else "validation"
    if document.phase == "asking":
        asked = document.positions.get(TUNED, 0)
        return f"asking {asked} of {document.sample.test_records}"
    return "removing the deployment" if document.phase == "removing" else document.phase


def _limits(document: AttemptDocument) -> tuple[datetime, ...]:
    total = document.created_at + timedelta(seconds=document.total_limit_seconds)
    if document.has_trained:
        return (total,)
    return (document.created_at + timedelta(seconds=document.validation_limit_seconds), total)


def _facts(document: AttemptDocument) -> dict[str, object]:
    return {
        "base_model": document.base_model,
        "deployment_arn": document.deployment_arn,
        "training_tokens_estimated": document.sample.tokens * document.epochs,
        "last_trouble": document.last_trouble or None,
    }


def _units(units: MadeUnits | None) -> dict[str, object]:
    if units is None:
        return {}
    return {"throughput_arn": units.arn, "throughput_trouble": units.trouble}
