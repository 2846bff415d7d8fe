"""The result of an experiment, as it stands or as it ended."""

import math
from dataclasses import asdict
from datetime import datetime

from thriftline.serving.domain import mcnemar
from thriftline.serving.domain.difference_interval import Interval
from thriftline.serving.domain.e_test import Counts
from thriftline.serving.domain.experiment_names import disagreements_key
from thriftline.serving.domain.experiments import (
    ShadowState,
    SplitState,
    describe_shadow,
    describe_split,
    shadow_detectable,
    shadow_interval,
    split_detectable,
)
from thriftline.serving.schemas.experiment import (
    Concluded,
    DifferenceRange,
    Experiment,
    ExperimentResult,
    ExperimentState,
    ShadowFigures,
    SplitFigures,
    VariantCounts,
)

# Of an e-value as it is shown; more says nothing more.
_MOST_LOG = 500.0


def result_of(
    experiment: Experiment,
    state: ExperimentState,
    bucket: str,
    *,
    ended: datetime | None = None,
    after: str = "",
) -> ExperimentResult:
    """Returns what can be said now; with ``ended`` it is the last word."""
    plan, made = experiment.plan, experiment.made
    concluded = state.conclusion if ended else None
    split, shadow = state.split, state.shadow
    interval, detectable, figures = None, None, "Nothing was counted yet"
    if split is not None:
        interval, detectable = split.difference.interval(), split_detectable(plan, split)
        figures = describe_split(plan, split)
    if shadow is not None:
        interval, detectable = shadow_interval(plan, shadow), shadow_detectable(plan, shadow)
        figures = describe_shadow(shadow)
    key = disagreements_key(experiment.endpoint, experiment.experiment_id)
    return ExperimentResult(
        experiment_id=experiment.experiment_id,
        endpoint=experiment.endpoint,
        project=experiment.project,
        kind=experiment.kind,
        measure=experiment.measure,
        weight=experiment.weight,
        champion=experiment.champion,
        challenger=experiment.challenger,
        requested_by=experiment.requested_by,
        why=experiment.why,
        started=made.started_at if made else None,
        deadline=experiment.deadline,
        ended=ended,
        ending=concluded.ending if concluded else None,
        cause=concluded.cause if concluded else None,
        reason=concluded.reason if concluded else f"{figures[:1].upper()}{figures[1:]}.",
        alpha=experiment.alpha,
        power=experiment.power,
        least_difference=experiment.least_difference,
        least_detectable_difference=detectable,
        split=None if split is None else _split_figures(split),
        shadow=None if shadow is None else _shadow_figures(shadow),
        interval=None if interval is None else _range(interval),
        cost_usd_at_most=made.cost_usd_at_most if made else None,
        after=after,
        notes=state.notes,
        disagreements_uri=f"s3://{bucket}/{key}" if shadow and shadow.disagreements else None,
    )


def concluded(ending: str, cause: str, reason: str) -> Concluded:
    """Returns a conclusion as it is written down."""
    return Concluded.model_validate({"ending": ending, "cause": cause, "reason": reason})


def _split_figures(split: SplitState) -> SplitFigures:
    return SplitFigures(
        champion=_counts(split.worse.champion),
        challenger=_counts(split.worse.challenger),
        evidence_worse=_e_value(split.worse.peak),
        evidence_better=_e_value(split.better.peak),
    )


def _e_value(logarithm: float) -> float:
    return float(f"{math.exp(min(_MOST_LOG, logarithm)):.4g}")


def _counts(counts: Counts) -> VariantCounts:
    return VariantCounts(**asdict(counts))


def _shadow_figures(shadow: ShadowState) -> ShadowFigures:
    return ShadowFigures(
        pairs=shadow.pairs,
        disagreements=shadow.disagreements,
        labelled=shadow.labelled,
        champion_right=shadow.decisive.champion_right,
        challenger_right=shadow.decisive.challenger_right,
        both_wrong=shadow.both_wrong,
        exact_p=mcnemar.exact_p(shadow.decisive),
    )


def _range(interval: Interval) -> DifferenceRange:
    return DifferenceRange(low=round(interval.low, 6), high=round(interval.high, 6))
