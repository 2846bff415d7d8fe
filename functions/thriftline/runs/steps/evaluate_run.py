"""Scores what a completed training job left, and asks the promotion gate."""

import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import EvaluationError
from thriftline.core.wording import counted
from thriftline.datasets.report_document import DatasetReport
from thriftline.datasets.shown import Masks
from thriftline.evaluation.document import (
    BaselineScores,
    Evaluation,
    Export,
    Gate,
    Search,
    SearchTrial,
    Training,
)
from thriftline.evaluation.evaluator import (
    EvaluationResult,
    EvaluationSettings,
    Evaluator,
    LabelSetEvaluator,
)
from thriftline.evaluation.evidence import evidence_of, majority_label, usual_labels
from thriftline.evaluation.gate import AgainstChampion, Decision, Estimate, GateSettings, decide
from thriftline.evaluation.job_documents import JobAnswers, JobMetrics, SweepFigures
from thriftline.evaluation.job_output import (
    History,
    JobOutput,
    read_answers,
    read_history,
    read_metrics,
)
from thriftline.evaluation.label_set_predictions import read_label_sets
from thriftline.evaluation.predictions import Labels, read_predictions
from thriftline.evaluation.reference import AnswerCounts
from thriftline.evaluation.rivals import LabelSetRivals, OneLabelRivals
from thriftline.runs.domain.layout import run_prefix
from thriftline.runs.schemas.gate_section import GateSection
from thriftline.runs.schemas.plan import Plan, PlannedChampion
from thriftline.runs.schemas.run import Run
from thriftline.runs.schemas.steps.training import EvaluateRunResponse
from thriftline.runs.steps.answers import answers_of, unparsed_of
from thriftline.runs.steps.keep_reference import keep_reference
from thriftline.runs.steps.other_champion import OtherChampion
from thriftline.runs.steps.run_documents import read_document, read_plan, read_run
from thriftline.runs.steps.trained_rows import (
    keep_trained_rows,
    rows_of_champion,
    sentence_about,
)
from thriftline.runs.trainers.port import Inputs
from thriftline.runs.trainers.registry import Trainers

EVALUATION = "evaluation.json"
# The program rounds what it prints.
_ACCURACY_TOLERANCE = 1e-3
_MOST_SHOWN = 10


@dataclass(frozen=True)
class _JobResults:
    """What was read out of the job's files."""

    metrics: JobMetrics
    history: History
    evaluated: EvaluationResult
    baselines: tuple[BaselineScores, ...]
    answers: JobAnswers | None
    said: AnswerCounts
    incomparable: str | None = None
    label_counts: Mapping[str, int] | None = None
    """Of the training rows, where each has one label."""


def evaluate_run(
    run_id: str, job_name: str, *, artifacts: Bucket, trainers: Trainers, now: datetime
) -> EvaluateRunResponse:
    """Writes ``evaluation.json`` and returns what the gate decided.

    Raises:
        EvaluationError: the job's files are missing, or do not fit the run's test split.
    """
    run = read_run(artifacts, run_id)
    dataset = read_document(artifacts, run_id, "dataset.json", DatasetReport)
    plan = read_plan(artifacts, run_id)
    with tempfile.TemporaryDirectory() as folder:
        trainer = trainers.named(plan.trainer)
        output = trainer.predictions(job_name, run_id, Path(folder))
        measured = _measure(output, run, dataset, plan, trainer.inputs, artifacts)
    decision = _decide(run.spec.gate, measured)
    keep_trained_rows(run_id, artifacts)
    keep_reference(run, measured.said, measured.evaluated, artifacts, now)
    reason = decision.reason + sentence_about(rows_of_champion(run_id, plan, artifacts))
    document = Evaluation(
        run_id=run_id,
        job_name=job_name,
        evaluated_at=now,
        test_records=measured.evaluated.records,
        labels=measured.metrics.labels,
        confidence=run.spec.gate.confidence,
        resamples=measured.evaluated.resamples,
        seed=run.spec.seed,
        candidate=measured.evaluated.candidate,
        champion=measured.evaluated.champion,
        comparison=measured.evaluated.comparison,
        baselines=measured.baselines,
        answers=answers_of(measured.answers, measured.evaluated.candidate, run.spec.gate),
        gate=Gate(promotion=decision.promotion, reason=reason, **run.spec.gate.model_dump()),
        training=_training(measured.metrics, measured.history),
    )
    artifacts.write_json(run_prefix(run_id) + EVALUATION, document.model_dump_json(indent=1))
    return EvaluateRunResponse(promotion=decision.promotion, reason=reason)


def _measure(
    output: JobOutput,
    run: Run,
    dataset: DatasetReport,
    plan: Plan,
    inputs: Inputs,
    artifacts: Bucket,
) -> _JobResults:
    metrics = read_metrics(output.metrics.read_text(encoding="utf-8", errors="replace"))
    answers = _answers(output)
    _refuse_other_labels(metrics, dataset)
    elsewhere = _champion_elsewhere(metrics, plan, answers)
    labels = Labels(metrics.labels, metrics.champion_labels)
    other = OtherChampion(run, elsewhere, metrics.labels, dataset.splits.get("test", 0), artifacts)
    said = AnswerCounts(metrics.labels)
    filled, rivals, records = (
        _label_sets(output.predictions, labels, dataset, said)
        if run.spec.multi_label
        else _one_label(output.predictions, labels, dataset, other, said)
    )
    _refuse_other_size(records, dataset, answers if inputs.samples_test else None)
    settings = EvaluationSettings(
        metric=run.spec.gate.metric,
        margin=run.spec.gate.champion_margin,
        confidence=run.spec.gate.confidence,
        seed=run.spec.seed,
        champion_model_package_arn=plan.champion.model_package_arn if plan.champion else None,
    )
    evaluated = filled.result(settings)
    _refuse_other_accuracy(metrics, evaluated)
    evaluated, incomparable = other.compared(evaluated, settings)
    return _JobResults(
        metrics,
        _history(output.history),
        evaluated,
        rivals.scores(settings),
        answers,
        said,
        incomparable,
        None if run.spec.multi_label else dataset.split_labels.get("train"),
    )


def _one_label(
    predictions: Path,
    labels: Labels,
    dataset: DatasetReport,
    other: OtherChampion,
    said: AnswerCounts,
) -> tuple[Evaluator, OneLabelRivals, int]:
    counts = dataset.split_labels.get("train", {})
    rivals = OneLabelRivals(labels.candidate, majority_label(counts))
    evaluator = Evaluator(labels.candidate, with_champion=labels.champion is not None)
    records = 0
    with predictions.open("rb") as source:
        for batch in read_predictions(source, labels):
            evaluator.add(batch)
            rivals.add(batch)
            other.add(batch)
            said.add(batch)
            records += len(batch.truth)
    return evaluator, rivals, records


def _label_sets(
    predictions: Path, labels: Labels, dataset: DatasetReport, said: AnswerCounts
) -> tuple[LabelSetEvaluator, LabelSetRivals, int]:
    counts, rows = dataset.split_labels.get("train", {}), dataset.splits.get("train", 0)
    rivals = LabelSetRivals(labels.candidate, usual_labels(counts, rows))
    evaluator = LabelSetEvaluator(labels.candidate, with_champion=labels.champion is not None)
    records = 0
    with predictions.open("rb") as source:
        for batch in read_label_sets(source, labels):
            evaluator.add(batch)
            rivals.add(batch)
            said.add_label_sets(batch)
            records += len(batch.truth)
    return evaluator, rivals, records


def _answers(output: JobOutput) -> JobAnswers | None:
    if output.answers is None:
        return None
    return read_answers(output.answers.read_text(encoding="utf-8", errors="replace"))


def _history(path: Path | None) -> History:
    if path is None:
        return History((), ())
    with path.open(encoding="utf-8", errors="replace") as lines:
        return read_history(lines)


def _refuse_other_labels(metrics: JobMetrics, dataset: DatasetReport) -> None:
    trained, given = set(metrics.labels), set(dataset.labels)
    if trained != given or len(trained) != len(metrics.labels):
        raise EvaluationError(
            "The model's labels are not the data set's. "
            f"Only the model has: {_some(trained - given)}. "
            f"Only the data set has: {_some(given - trained)}."
        )


def _champion_elsewhere(
    metrics: JobMetrics, plan: Plan, answers: JobAnswers | None
) -> PlannedChampion | None:
    """Returns a champion that the attempt could not ask: of another way to train, or out of reach.

    Raises:
        EvaluationError: an attempt that could has not asked it, or has asked one without a reason.
    """
    if plan.champion and metrics.champion_labels is None:
        if plan.champion.trainer != plan.trainer or answers is not None:
            return plan.champion
        raise EvaluationError(
            f"The job was given the champion {plan.champion.model_package_arn} and did not "
            "evaluate it."
        )
    if metrics.champion_labels is not None and not plan.champion:
        raise EvaluationError("The job evaluated a champion; the plan names none.")
    return None


def _refuse_other_size(records: int, dataset: DatasetReport, sample: JobAnswers | None) -> None:
    """Refuses records that are not the test split, nor the sample of it that was asked."""
    expected = dataset.splits.get("test", 0)
    asked = sample.asked if sample and sample.of == expected and sample.asked <= expected else None
    if records not in {expected, asked}:
        raise EvaluationError(
            f"predictions.parquet has {counted(records, 'test record')}; the test split has "
            f"{expected}."
        )
    if not records:
        raise EvaluationError("The test split is empty: no record is left to evaluate on.")


def _refuse_other_accuracy(metrics: JobMetrics, evaluated: EvaluationResult) -> None:
    told = metrics.test.candidate.accuracy
    if abs(told - evaluated.candidate.accuracy) > _ACCURACY_TOLERANCE:
        raise EvaluationError(
            f"metrics.json reports a test accuracy of {told:.4f}, but predictions.parquet gives "
            f"{evaluated.candidate.accuracy:.4f}: they are not of the same model."
        )


def _decide(gate: GateSection, measured: _JobResults) -> Decision:
    evaluated, metrics = measured.evaluated, measured.metrics
    scores, comparison = evaluated.candidate, evaluated.comparison
    interval = getattr(scores.intervals, gate.metric)
    against = None
    if comparison:
        against = AgainstChampion(
            champion=comparison.champion,
            difference=comparison.difference,
            low=comparison.interval.low,
            high=comparison.interval.high,
            probability_worse=comparison.probability_worse,
        )
    return decide(
        GateSettings(**gate.model_dump()),
        Estimate(getattr(scores, gate.metric), interval.low, interval.high),
        against,
        evaluated.records,
        evidence_of(
            measured.baselines,
            _unknown_to_champion(metrics),
            metrics,
            measured.history,
            unparsed_of(measured.answers, scores),
            measured.incomparable,
            measured.label_counts,
        ),
    )


def _unknown_to_champion(metrics: JobMetrics) -> list[str]:
    """Labels that the champion never gives, some of them, as they may be shown."""
    if metrics.champion_labels is None:
        return []
    unknown = sorted(set(metrics.labels) - set(metrics.champion_labels))
    masks = Masks()
    shown = [masks.show(label) for label in unknown[:_MOST_SHOWN]]
    return [*shown, "and others"] if len(unknown) > _MOST_SHOWN else shown


def _training(metrics: JobMetrics, history: History) -> Training:
    return Training(
        **metrics.model.model_dump(),
        **metrics.train.model_dump(),
        software=metrics.software,
        curve=history.curve,
        validation=history.validation,
        search=_search(metrics.sweep) if metrics.sweep else None,
        export=Export(**metrics.export.model_dump()) if metrics.export else None,
    )


def _search(sweep: SweepFigures) -> Search:
    return Search(
        trials=tuple(
            SearchTrial(
                trial=one.trial,
                hyperparameters=one.hyperparameters,
                steps=one.steps,
                accuracy=one.rung_accuracy,
                macro_f1=one.rung_macro_f1,
                loss=one.rung_loss,
                dropped_at=one.dropped_at,
            )
            for one in sweep.trials
        ),
        winner=sweep.winner.trial,
    )


def _some(names: set[str]) -> str:
    masks = Masks()
    shown = [masks.show(name) for name in sorted(names)[:10]]
    return ", ".join(shown) + (" and others" if len(names) > 10 else "") or "none"
