"""What a result says of models that stay with their trainer's service, and cost every month."""

from decimal import Decimal

from thriftline.core.aws.buckets import Bucket
from thriftline.evaluation.document import Gate
from thriftline.runs.schemas.model_document import MODEL_DOCUMENT, ModelDocument
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.result import ResultKept
from thriftline.runs.steps.run_documents import document_if_made


def kept_models(
    run_id: str, project: str | None, plan: Plan | None, gate: Gate | None, artifacts: Bucket
) -> tuple[ResultKept, ...]:
    """Returns the run's model, and the one before it that stays for a roll back."""
    document = document_if_made(artifacts, run_id, MODEL_DOCUMENT, ModelDocument)
    if document is None or plan is None:
        return ()
    usd = _storage_usd(document)
    answers = f", and {document.deployment_arn} answers with it" if document.deployment_arn else ""
    own = ResultKept(
        model_uri=document.model_uri,
        deployment_arn=document.deployment_arn,
        usd_per_month=usd,
        why=f"The model of this run is in the registry{answers}.",
    )
    champion = plan.champion
    if champion is None or champion.trainer != document.trainer:
        return (own,)
    replaced = gate is not None and gate.promotion == "approved"
    why = (
        f"thriftline endpoints rollback {project} goes back to it"
        if replaced
        else "it stays in use"
    )
    before = ResultKept(
        model_uri=champion.model_data_url,
        deployment_arn=None,
        usd_per_month=usd,
        why=f"The model before it, {champion.model_package_arn}: {why}.",
    )
    return (own, before)


def _storage_usd(document: ModelDocument) -> Decimal | None:
    rates = document.terms.get("rates") or {}
    found = rates.get("storage")
    return None if found is None else Decimal(str(found))
