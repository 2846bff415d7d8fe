"""What the gate is told beside the comparison with the champion, from what the job left."""

import math
from collections.abc import Iterable, Mapping

from thriftline.evaluation.document import BaselineScores
from thriftline.evaluation.gate import AgainstBaseline, Evidence, Unparsed
from thriftline.evaluation.job_documents import JobMetrics
from thriftline.evaluation.job_output import History

# A last loss of more than this share of the first one: nothing was learned.
HARDLY_MOVED = 0.95
# Their first loss is that of a head that is good already.
_WITH_FITTED_HEAD = frozenset({"head_first", "linear_head"})


def evidence_of(
    baselines: Iterable[BaselineScores],
    unknown_to_champion: Iterable[str],
    metrics: JobMetrics,
    history: History,
    unparsed: Unparsed | None = None,
    incomparable: str | None = None,
    label_counts: Mapping[str, int] | None = None,
) -> Evidence:
    """Returns what the gate weighs for a model that no champion vouches for.

    ``label_counts`` are those of the training rows; None where a row has several labels.
    """
    found = {each.kind: _against(each) for each in baselines}
    return Evidence(
        majority=found.get("majority"),
        tfidf=found.get("tfidf"),
        unknown_to_champion=tuple(unknown_to_champion),
        flat_loss=flat_loss(metrics, history),
        flat_head=flat_head(metrics, history, label_counts or {}),
        untuned=found.get("zero_shot"),
        unparsed=unparsed,
        incomparable=incomparable,
    )


def flat_loss(metrics: JobMetrics, history: History) -> tuple[float, float] | None:
    """Returns the first and the last loss of a fine-tuning that hardly moved it."""
    if metrics.train.method in _WITH_FITTED_HEAD or len(history.curve) < 2:
        return None
    first, last = history.curve[0].loss, history.curve[-1].loss
    return (first, last) if last > HARDLY_MOVED * first else None


def flat_head(
    metrics: JobMetrics, history: History, label_counts: Mapping[str, int]
) -> tuple[float, float] | None:
    """Returns the loss of the labels' shares alone and that of a fitted head hardly below it."""
    losses = [one.loss for one in history.validation if one.loss is not None]
    if metrics.train.method not in _WITH_FITTED_HEAD or not losses:
        return None
    rows = sum(label_counts.values())
    of_shares = -sum(n / rows * math.log(n / rows) for n in label_counts.values() if n)
    return (of_shares, min(losses)) if 0 < HARDLY_MOVED * of_shares < min(losses) else None


def majority_label(counts: Mapping[str, int]) -> str | None:
    """Returns the label of most training rows; of equal ones the first in the alphabet."""
    return min(counts, key=lambda label: (-counts[label], label), default=None)


def usual_labels(counts: Mapping[str, int], rows: int) -> frozenset[str]:
    """Returns the labels that at least half of the training rows carry."""
    return frozenset(label for label, count in counts.items() if 2 * count >= rows > 0)


def _against(scores: BaselineScores) -> AgainstBaseline:
    return AgainstBaseline(
        name=scores.name,
        value=scores.value,
        difference=scores.difference,
        low=scores.interval.low,
        high=scores.interval.high,
        probability_not_better=scores.probability_not_better,
    )
