"""Puts a run's model into the Model Registry, with where it comes from."""

import hashlib
from collections.abc import Mapping

from thriftline.core.aws.buckets import Bucket
from thriftline.evaluation.document import Evaluation
from thriftline.runs.aws.model_registry import ModelRegistry, ModelVersion
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.layout import run_prefix
from thriftline.runs.schemas.result import Attempt, ResultCost
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.steps import RegisterModelResponse
from thriftline.runs.steps.run_costs import attempts_of, cost_of_attempts
from thriftline.runs.steps.run_documents import read_document, read_plan, read_run
from thriftline.runs.trainers.registry import Trainers


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

    Raises:
        EvaluationError: the job left no model.
    """
    run = read_run(artifacts, run_id)
    plan = read_plan(artifacts, run_id)
    evaluation = read_document(artifacts, run_id, "evaluation.json", Evaluation)
    model = trainers.named(plan.trainer).model(job_name, run_id)
    item = runs.get(run_id) or {}
    attempts = attempts_of(item)
    arn = registry.register(
        ModelVersion(
            run_id=run_id,
            project=run.project,
            opened_at=run.opened_at,
            image_uri=_image(item, job_name) or model.image_uri or "",
            model_data_url=model.uri,
            evaluation_url=artifacts.uri(f"{run_prefix(run_id)}evaluation.json"),
            promotion=evaluation.gate.promotion,
            reason=evaluation.gate.reason,
            lineage=_lineage(run, evaluation, job_name, attempts, cost_of_attempts(attempts)),
        ),
        {**cost_tags, "thriftline:project": run.project},
    )
    runs.update(run_id, model_package_arn=arn)
    return RegisterModelResponse(model_package_arn=arn)


def _image(item: Mapping[str, object], job_name: str) -> str | None:
    """The image that trained is the one that serves, even if the stack has a newer one by now."""
    for value in item.values():
        if isinstance(value, Mapping) and value.get("job_name") == job_name:
            return str(value.get("image") or "") or None
    return None


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
