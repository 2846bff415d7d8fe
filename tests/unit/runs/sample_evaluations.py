"""Evaluations of made-up models, judged by the real gate."""

import math

import numpy as np

from thriftline.evaluation.cells import Batch, FloatArray, IntArray
from thriftline.evaluation.document import CurvePoint, Gate, Training, ValidationPoint
from thriftline.evaluation.evaluator import (
    EvaluationResult,
    EvaluationSettings,
    Evaluator,
    LabelSetEvaluator,
)
from thriftline.evaluation.gate import AgainstChampion, Estimate, GateSettings, decide
from thriftline.evaluation.label_sets import PredictedSets, SetBatch
from thriftline.runs.schemas.gate_section import GateSection

CHAMPION = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/thriftline-reviews/4"
MOVIES = ("negative", "positive")
TOPICS = ("billing", "delivery", "other", "product quality", "refund")


def _softmax(truth: IntArray, labels: int, skill: float, seed: int) -> FloatArray:
    random = np.random.default_rng(seed)
    logits = random.normal(size=(len(truth), labels))
    logits[np.arange(len(truth)), truth] += skill
    powers = np.exp(1.4 * logits)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def evaluated(
    labels: tuple[str, ...], records: int, skill: float, champion_skill: float | None
) -> EvaluationResult:
    """Scores of a model of some skill, perhaps against a champion of another."""
    random = np.random.default_rng(1)
    shares = np.arange(len(labels), 0, -1) / sum(range(len(labels) + 1))
    truth = random.choice(len(labels), records, p=shares if len(labels) > 2 else None)
    candidate = _softmax(truth, len(labels), skill, seed=2)
    champion = None
    if champion_skill is not None:
        champion = 0.5 * candidate + 0.5 * _softmax(truth, len(labels), champion_skill, seed=3)
    evaluator = Evaluator(labels, with_champion=champion is not None)
    evaluator.add(
        Batch(
            truth,
            candidate.argmax(axis=1),
            candidate,
            None if champion is None else champion.argmax(axis=1),
            champion,
        )
    )
    return evaluator.result(
        EvaluationSettings("accuracy", 0.01, 0.95, 1, CHAMPION if champion is not None else None)
    )


def evaluated_sets(labels: tuple[str, ...], records: int, skill: float) -> EvaluationResult:
    """Scores of a model that gives a record any number of labels; skill is a share of them."""
    random = np.random.default_rng(1)
    truth = random.random((records, len(labels))) < np.linspace(0.5, 0.05, len(labels))
    chance = np.where(random.random(truth.shape) < skill, 0.9, 0.3)
    chance = np.where(truth, chance, 1 - chance)
    none = np.zeros(records, dtype=np.int64)
    evaluator = LabelSetEvaluator(labels, with_champion=False)
    evaluator.add(
        SetBatch(truth, PredictedSets(chance >= 0.5, none, none.astype(np.bool_), chance))
    )
    return evaluator.result(EvaluationSettings("micro_f1", 0.01, 0.95, 1))


def gate_of(found: EvaluationResult, section: GateSection) -> Gate:
    """What the gate decides on these scores."""
    comparison, interval = found.comparison, getattr(found.candidate.intervals, section.metric)
    against = None
    if comparison:
        against = AgainstChampion(
            comparison.champion,
            comparison.difference,
            comparison.interval.low,
            comparison.interval.high,
            comparison.probability_worse,
        )
    decision = decide(
        GateSettings(**section.model_dump()),
        Estimate(getattr(found.candidate, section.metric), interval.low, interval.high),
        against,
        found.records,
    )
    return Gate(promotion=decision.promotion, reason=decision.reason, **section.model_dump())


def training() -> Training:
    """A course of training as the program logs it: noisy, flattening, three epochs."""
    random = np.random.default_rng(4)
    steps = 390
    losses = [
        0.28 + 0.42 * math.exp(-step / 80) + 0.05 * float(random.normal()) for step in range(steps)
    ]
    return Training(
        base_model="sentence-transformers/all-MiniLM-L6-v2",
        base_model_revision="a" * 40,
        architecture="BertForSequenceClassification",
        parameters=22_713_986,
        samples=20_472,
        tokens=591_336,
        steps=steps,
        epochs_run=3,
        best_epoch=2,
        seconds=412.6,
        final_loss=0.27,
        resumed_from_step=250,
        software={"torch": "2.13.0", "transformers": "5.23.0"},
        curve=tuple(
            CurvePoint(step=step, epoch=step / 130, loss=losses[step]) for step in range(steps)
        ),
        validation=tuple(
            ValidationPoint(step=130 * n, epoch=n, loss=loss, accuracy=accuracy, macro_f1=f1)
            for n, loss, accuracy, f1 in (
                (1, 0.44, 0.807, 0.804),
                (2, 0.405, 0.829, 0.8285),
                (3, 0.411, 0.826, 0.825),
            )
        ),
    )
