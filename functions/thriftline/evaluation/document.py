"""``runs/{run_id}/evaluation.json``: how good the candidate is, and whether it is promoted.

Shares are between 0 and 1. What is unknown, or not defined, is null.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from thriftline.core.document import Document

MetricName = Literal["accuracy", "micro_f1", "macro_f1"]
BaselineKind = Literal["majority", "tfidf", "zero_shot", "few_shot"]
Promotion = Literal["approved", "pending", "rejected"]


class Interval(Document):
    """A confidence interval: of an accuracy Wilson's, else from the bootstrap's percentiles."""

    low: float = Field(description="Lower end.")
    high: float = Field(description="Upper end.")


class MetricIntervals(Document):
    """Confidence intervals of the metrics, at the gate's confidence."""

    accuracy: Interval
    macro_f1: Interval
    micro_f1: Interval | None = Field(None, description="With several labels a record alone.")


class ClassScores(Document):
    """One label, each against all the others."""

    label: str
    support: int = Field(description="Test records that carry the label.")
    predicted: int = Field(description="Test records for which the model said it.")
    precision: float | None = Field(description="Null when the model never said the label.")
    recall: float | None = Field(description="Null when no test record carries the label.")
    f1: float | None = Field(description="Null when neither happens.")


class ConfusedPair(Document):
    """A label and what the model said instead."""

    label: str
    predicted: str
    count: int


class Confusion(Document):
    """Counts of test records by label and prediction, in the order of ``labels``."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...] = Field(description="One row for each true label.")
    unusable: tuple[int, ...] = Field(
        description="For each true label, records without a usable prediction."
    )


class ReliabilityBin(Document):
    """The records whose confidence lies in one part of the scale."""

    low: float
    high: float
    count: int
    confidence: float | None = Field(description="Mean confidence; null for an empty bin.")
    accuracy: float | None = Field(description="Share that was right; null for an empty bin.")


class Calibration(Document):
    """Whether 80 % confidence means right 8 times of 10.

    With several labels a record, each label of a record counts by itself: the bins are of its
    probability, and what is right is that the record has it.
    """

    records: int = Field(
        description="Records that have probabilities; times labels, with several a record."
    )
    expected_calibration_error: float = Field(
        description="Mean gap between confidence and accuracy over the bins, weighted by records."
    )
    brier_score: float = Field(
        description="Mean squared error of the probabilities, summed over labels: 0 to 2; of one "
        "label's probability with several a record: 0 to 1."
    )
    log_loss: float = Field(description="Mean negative log of the true label's probability, nats.")
    bins: tuple[ReliabilityBin, ...]


class Scores(Document):
    """One model on the test split."""

    accuracy: float = Field(
        description="A record without a usable prediction counts as wrong; with several labels a "
        "record, one that has not all of them right."
    )
    macro_f1: float = Field(description="Mean F1 over the labels that occur or are predicted.")
    micro_f1: float | None = Field(
        None,
        description="F1 of all labels of all records together; null with one label a record, "
        "where it equals the accuracy.",
    )
    intervals: MetricIntervals
    missing_predictions: int = Field(
        description="Records for which the model said nothing, or nothing that is a label."
    )
    unknown_predictions: int = Field(
        description="Records for which it said something that is not a label of the data set."
    )
    per_class: tuple[ClassScores, ...]
    confusion: Confusion | None = Field(
        description="Null when there are too many labels, or several a record."
    )
    most_confused: tuple[ConfusedPair, ...] = Field(description="The most frequent mistakes.")
    calibration: Calibration | None = Field(description="Null when there are no probabilities.")


class McNemar(Document):
    """Exact two-sided test on the records where just one of the two models is right."""

    both_right: int
    only_candidate_right: int
    only_champion_right: int
    both_wrong: int
    p_value: float


class Comparison(Document):
    """The candidate against the champion, on the same test records."""

    champion_model_package_arn: str | None
    metric: MetricName
    candidate: float
    champion: float
    difference: float = Field(description="Candidate minus champion.")
    interval: Interval = Field(description="Of the difference, from the paired bootstrap.")
    margin: float = Field(description="How much worse the candidate may be.")
    probability_worse: float = Field(
        description="Share of the resamples where it is worse by more than the margin."
    )
    mcnemar: McNemar
    probability_not_better: float | None = Field(
        None, description="Share of the resamples where the candidate is not better."
    )
    records: int | None = Field(
        None,
        description="Test records that both were asked, where another way to train made the "
        "champion; null: all.",
    )


class BaselineScores(Document):
    """A simple rival on the same test records, and how the candidate compares with it."""

    kind: BaselineKind
    name: str
    accuracy: float
    macro_f1: float
    metric: MetricName
    value: float = Field(description="The gate's metric.")
    difference: float = Field(description="Candidate minus baseline, by the gate's metric.")
    interval: Interval = Field(description="Of the difference, from the paired bootstrap.")
    probability_not_better: float = Field(
        description="Share of the resamples where the candidate is not better."
    )
    intervals: MetricIntervals | None = Field(
        None, description="Its own, of a model that answers with words."
    )
    unparsed: int | None = Field(
        None, description="Its answers that are none of the labels; they count as wrong."
    )


class UnparsedAnswer(Document):
    """An answer that is none of the labels."""

    record: str = Field(description="Where the record lies in the data set.")
    label: str
    answer: str = Field(description="Shortened; hidden where it looks like personal data.")
    stop_reason: str | None = Field(description="Why the model stopped, in Bedrock's words.")


class Answers(Document):
    """What a model said that answers with words, and so has no probabilities."""

    asked: int = Field(description="Test records.")
    of: int = Field(description="Records of the test split; more than asked when it is sampled.")
    sentence: str = Field(description="How many were asked, and what interval that gives.")
    unparsed: int = Field(description="Answers that are none of the labels; they count as wrong.")
    unparsed_share: float
    unparsed_answers: tuple[UnparsedAnswer, ...] = Field(description="Some of them.")
    stop_reasons: dict[str, int] = Field(description="How often the model stopped for what.")
    input_tokens: int | None = Field(description="As the service counted them; all models asked.")
    output_tokens: int | None
    calibration_absent_because: str


class Gate(Document):
    """What the promotion gate decided, by the rules of the run spec."""

    promotion: Promotion
    reason: str
    metric: MetricName
    minimum: float | None
    champion_margin: float
    confidence: float
    minimum_test_size: int
    above_majority: bool = True
    max_unparsed: float = 0.005
    approval: Literal["automatic", "manual"]


class CurvePoint(Document):
    """One step of the training, as logged."""

    step: int
    epoch: float
    loss: float


class ValidationPoint(Document):
    """One look at the validation split during the training."""

    step: int
    epoch: float
    loss: float | None
    accuracy: float | None
    macro_f1: float | None


class SearchTrial(Document):
    """One combination of hyperparameters, as far as it was trained."""

    trial: int
    hyperparameters: dict[str, float | int | str]
    steps: int | None = Field(description="Optimiser steps until it was last compared.")
    accuracy: float | None = Field(description="On the validation split; null when it diverged.")
    macro_f1: float | None
    loss: float | None
    dropped_at: int | None = Field(description="The rung at which others were better.")


class Search(Document):
    """A search for hyperparameters; the winner is the candidate."""

    trials: tuple[SearchTrial, ...]
    winner: int = Field(description="Number of the trial that was trained to its end.")


class Export(Document):
    """A form of the model for CPUs, beside the plain one."""

    kind: str = Field(
        description="int8, or int8_rows or int8_blocks with finer scales; for ONNX Runtime."
    )
    kept: bool = Field(description="Whether model.tar.gz has it; otherwise the plain model alone.")
    reason: str
    rows: int = Field(description="Test records on which both were compared.")
    different: int = Field(description="Those that get another label than the plain model gives.")
    accuracy: float | None = Field(description="Of this form, on those records.")
    megabytes: float | None
    seconds: float | None


class Training(Document):
    """What the training program said of itself."""

    base_model: str | None
    base_model_revision: str | None = Field(
        None, description="Commit of the model hub that was loaded; null for files of one's own."
    )
    architecture: str | None
    parameters: int | None
    samples: int | None = Field(description="Records seen, all epochs together.")
    tokens: int | None
    steps: int | None
    epochs_run: float | None
    best_epoch: float | None
    seconds: float | None = Field(description="Inside the training program.")
    final_loss: float | None
    method: str | None = Field(None, description="finetune, head_first or linear_head.")
    temperature: float | None = Field(
        None, description="By which the logits are divided, fitted on the validation split."
    )
    resumed_from_step: int | None = Field(description="Null when it started from the base model.")
    software: dict[str, str]
    curve: tuple[CurvePoint, ...] = Field(description="Thinned out to a few hundred points.")
    validation: tuple[ValidationPoint, ...]
    search: Search | None = Field(None, description="Null when none was asked for.")
    export: Export | None = Field(None, description="Null when none was asked for.")


class Evaluation(Document):
    """The whole document. One without a version is of 1.0, to which later ones only add keys."""

    schema_version: Literal["1.0", "1.1", "1.2", "1.3"] = "1.3"
    run_id: str
    job_name: str
    evaluated_at: datetime
    test_records: int
    labels: tuple[str, ...]
    confidence: float
    resamples: int
    seed: int
    candidate: Scores
    champion: Scores | None
    comparison: Comparison | None
    baselines: tuple[BaselineScores, ...] = ()
    answers: Answers | None = Field(None, description="Null where the model has probabilities.")
    gate: Gate
    training: Training
