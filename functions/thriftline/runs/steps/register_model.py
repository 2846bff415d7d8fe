"""Puts a run's model into the Model Registry, with where it comes from."""

import hashlib
from collections.abc import Mapping
from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.core.deployment_ids import deployment_id
from thriftline.core.tags import PROJECT_TAG
from thriftline.evaluation.document import Evaluation
from thriftline.runs.aws.model_registry import ModelRegistry, ModelVersion, version_number
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.layout import run_prefix
from thriftline.runs.schemas.model_document import MODEL_DOCUMENT, ModelDocument
from thriftline.runs.schemas.plan import Plan
from thriftline.runs.schemas.result import Attempt, ResultCost
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.steps.registration import RegisterModelResponse, RunDeployment
from thriftline.runs.steps.registered_reference import reference_in_registry
from thriftline.runs.steps.run_costs import attempts_of, cost_of_attempts
from thriftline.runs.steps.run_documents import read_document, read_plan, read_run
from thriftline.runs.steps.run_ladder import RunLadder
from thriftline.runs.trainers.port import TrainedModel
from thriftline.runs.trainers.registry import Trainers

_BY_ITS_OWN_WAY = (
    "Bedrock serves what it trained: its deployment is promoted by Bedrock's own way "
    "(bedrock.deploy in run.yaml), not by a SageMaker endpoint."
)


def register_model(
    run_id: str,
    job_name: str,
    *,
    artifacts: Bucket,
    registry: ModelRegistry,
    runs: RunsTable,
    trainers: Trainers,
    cost_tags: Mapping[str, str],
) -> RegisterModelResponse:
    """Registers the job's model as the gate decided; a second call finds the same version.

    One that is approved is then the one that the project's deployment answers with, where its
    trainer serves it and the run wants a deployment. Where the run was ended as failed meanwhile,
    its version is rejected.

    Raises:
        EvaluationError: the job left no model.
    """
    run = read_run(artifacts, run_id)
    plan = read_plan(artifacts, run_id)
    evaluation = read_document(artifacts, run_id, "evaluation.json", Evaluation)
    trainer = trainers.named(plan.trainer)
    model = trainer.model(job_name, run_id)
    item = runs.get(run_id) or {}
    attempts = attempts_of(item)
    cost = cost_of_attempts(attempts)
    image = _image(item, job_name) or model.image_uri
    served = None if image else _document(run, plan, item, job_name, model, cost)
    if served:
        _write(artifacts, served)
    arn = registry.register(
        ModelVersion(
            run_id=run_id,
            project=run.project,
            opened_at=run.opened_at,
            trainer=plan.trainer,
            image_uri=image,
            model_uri=model.uri,
            document_url=artifacts.uri(f"{run_prefix(run_id)}{MODEL_DOCUMENT}"),
            evaluation_url=artifacts.uri(f"{run_prefix(run_id)}evaluation.json"),
            promotion=evaluation.gate.promotion,
            reason=evaluation.gate.reason,
            lineage=_lineage(run, evaluation, job_name, attempts, cost)
            | _served_as(served)
            | reference_in_registry(run_id, artifacts),
        ),
        {**cost_tags, PROJECT_TAG: run.project},
    )
    if _has_failed(runs.get(run_id) or {}):
        registry.withdraw(
            run_id, run.project, run.opened_at, "it was stopped before its model was registered"
        )
        return RegisterModelResponse(model_package_arn=arn, deployment=None)
    runs.update(run_id, model_package_arn=arn, state="Register model")
    # Registered first: what answers is always a version that the registry knows.
    if evaluation.gate.promotion == "approved" and not _has_newer(registry, run.project, arn):
        deployment = trainer.promote(job_name, run_id, run.project)
        trainer.provide(job_name, run_id)
        if deployment:
            registry.note(arn, deployment_arn=deployment)
            runs.update(run_id, deployment_arn=deployment)
            if served:
                _write(artifacts, served.model_copy(update={"deployment_arn": deployment}))
    wanted = run.spec.deploy and evaluation.gate.promotion == "approved"
    return RegisterModelResponse(
        model_package_arn=arn, deployment=_deployment(run, arn, image) if wanted else None
    )


def _has_failed(item: Mapping[str, Any]) -> bool:
    """Whether the run was ended meanwhile: a function outlives an execution that is stopped.

    Asked after the version was made, so that either this or whoever ended the run sees it.
    """
    return (item.get("decided") or {}).get("ending") == "failed"


def _deployment(run: Run, arn: str, image: str | None) -> RunDeployment:
    """What the deployment machine is asked for: by a run once, however often it is called."""
    if image is None:
        return RunDeployment(deployment_id=None, request=None, reason=_BY_ITS_OWN_WAY)
    token = f"run {run.run_id}"
    request = {
        "action": "deploy",
        "source": "run",
        "project": run.project,
        "model_package_arn": arn,
        "requested_by": token,
        "why": "run.yaml says deploy: true",
        "token": token,
    }
    return RunDeployment(deployment_id=deployment_id(token, run.opened_at), request=request)


def _has_newer(registry: ModelRegistry, project: str, arn: str) -> bool:
    """Whether another run has a later version approved, which answers then: this one comes late.

    A version that was only now made may not be the champion yet.
    """
    champion = registry.champion(project)
    return champion is not None and version_number(champion.package_arn) > version_number(arn)


def _document(
    run: Run,
    plan: Plan,
    item: Mapping[str, Any],
    job_name: str,
    model: TrainedModel,
    cost: ResultCost,
) -> ModelDocument:
    ladder = RunLadder.of(run.run_id, plan.ladder, item)
    rung = ladder.rung_of(int(job_name.rpartition("-")[2]))
    return ModelDocument(
        run_id=run.run_id,
        project=run.project,
        job_name=job_name,
        trainer=plan.trainer,
        model_uri=model.uri,
        terms=dict(rung.terms),
        cost_usd=None if cost.usd is None else f"{cost.usd:.6f}",
    )


def _write(artifacts: Bucket, served: ModelDocument) -> None:
    key = f"{run_prefix(served.run_id)}{MODEL_DOCUMENT}"
    artifacts.write_json(key, served.model_dump_json(indent=1))


def _served_as(served: ModelDocument | None) -> dict[str, str]:
    """What the version itself says of how it is asked; the document has all of it."""
    if served is None:
        return {}
    words = served.terms.get("label_words") or {}
    prompt = str(served.terms.get("system_prompt") or "")
    return {
        "base_model": str(served.terms.get("base_model") or ""),
        "label_words": " ".join(f"{label}={word}" for label, word in words.items()),
        "prompt_sha256": hashlib.sha256(prompt.encode()).hexdigest() if prompt else "",
    }


def _image(item: Mapping[str, Any], job_name: str) -> str | None:
    """The image that trained is the one that serves, even if the stack has a newer one by now."""
    for value in item.values():
        if isinstance(value, Mapping) and value.get("job_name") == job_name:
            return str(value.get("image") or "") or None
    return None


def _revision(evaluation: Evaluation) -> str:
    """The commit of the model hub that the program loaded."""
    training = evaluation.training
    return (training.base_model_revision if training else None) or ""


def _lineage(
    run: Run,
    evaluation: Evaluation,
    job_name: str,
    attempts: tuple[Attempt, ...],
    cost: ResultCost,
) -> dict[str, str]:
    own = next((one for one in attempts if one.job_name == job_name), None)
    scores, comparison = evaluation.candidate, evaluation.comparison
    spec = run.spec.model_dump_json()
    return {
        "job_name": job_name,
        "execution_arn": run.execution_arn,
        "dataset_uri": f"s3://{run.upload.bucket}/{run.upload.key}",
        "dataset_version": run.upload.version_id,
        "run_spec_sha256": hashlib.sha256(spec.encode()).hexdigest(),
        "base_model": run.spec.base_model,
        "base_model_revision": _revision(evaluation),
        "seed": str(run.spec.seed),
        **(own.lineage() if own else {}),
        "cost_usd": "" if cost.usd is None else f"{cost.usd:.6f}",
        "billed_seconds": "" if cost.billed_seconds is None else str(cost.billed_seconds),
        "test_records": str(evaluation.test_records),
        "accuracy": f"{scores.accuracy:.6f}",
        "macro_f1": f"{scores.macro_f1:.6f}",
        "micro_f1": "" if scores.micro_f1 is None else f"{scores.micro_f1:.6f}",
        "task": run.spec.task,
        "promotion": evaluation.gate.promotion,
        "champion": (comparison.champion_model_package_arn or "") if comparison else "",
    }
