"""Judges a window that is over: drift of each variant, and its live accuracy."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from thriftline.core.dataclass import dataclass
from thriftline.serving.domain.capture_layout import hours_before
from thriftline.serving.domain.drift import SignalDrift, judge
from thriftline.serving.domain.label_joins import Judged, LiveAccuracy, accuracy_of
from thriftline.serving.domain.reference import ModelReference, signals_of
from thriftline.serving.domain.windows import VariantCounts
from thriftline.serving.schemas.quality import (
    AccuracyVerdict,
    HourQuality,
    SignalVerdict,
    VariantWindow,
    WindowVerdict,
)
from thriftline.serving.steps.quality_hour import read_judged
from thriftline.serving.steps.quality_sources import QualityRules, WatchSources

# The variant of the version in use, whose reference is known.
MAIN = "main"
ACCURACY = "accuracy"


@dataclass(frozen=True)
class JudgedWindow:
    """The verdict, and the breaches by name: those that were found, and those nobody can judge."""

    verdict: WindowVerdict
    found: tuple[str, ...]
    unknown: tuple[str, ...]

    @classmethod
    def of(cls, verdict: WindowVerdict, rules: QualityRules) -> "JudgedWindow":
        """Reads the names out of a verdict."""
        found = (
            f"{name}:{one}" for name, each in verdict.variants.items() for one in each.breaches
        )
        return cls(verdict, tuple(found), _unknown(verdict.variants, rules))


def judge_window(
    last: HourQuality,
    span: tuple[datetime, datetime],
    reference: ModelReference | None,
    rules: QualityRules,
    sources: WatchSources,
) -> WindowVerdict:
    """Returns what the window says that ends with an hour.

    Hours of another version, or in which the version changed, are left out.
    """
    start, end = span
    count = int((end - start) / timedelta(hours=1))
    earlier = (sources.hour(last.endpoint, one) for one in hours_before(last.hour, count)[:-1])
    usable = [
        one
        for one in (*earlier, last)
        if one is not None and one.version is not None and one.version == last.version
    ]
    judged: dict[str, Judged] = {}
    for hour in hours_before(last.hour, count):
        # The same request labelled again counts once, as it was labelled last.
        judged.update(read_judged(last.endpoint, hour, sources))
    names = {name for one in usable for name in one.variants} | {
        one.variant for one in judged.values()
    }
    variants = {
        name: _variant(name, usable, reference, rules, accuracy_of(judged, name))
        for name in sorted(names)
    }
    return WindowVerdict(
        start=start,
        end=end,
        hours=len(usable),
        false_alarm_rate=rules.drift.alpha,
        variants=variants,
    )


def _variant(
    name: str,
    hours: Iterable[HourQuality],
    reference: ModelReference | None,
    rules: QualityRules,
    live: LiveAccuracy | None,
) -> VariantWindow:
    counts = VariantCounts()
    for hour in hours:
        if name in hour.variants:
            counts.merge(hour.variants[name].counts())
    known = reference if name == MAIN else None
    signals = judge(signals_of(known, counts), rules.drift) if known else ()
    return VariantWindow(
        requests=counts.requests,
        rows=counts.rows,
        broken=counts.broken,
        signals=tuple(SignalVerdict.of(one) for one in signals),
        estimated_accuracy=counts.mean_confidence,
        test_accuracy=known.accuracy if known else None,
        live_accuracy=None
        if live is None
        else AccuracyVerdict(
            right=live.right, rows=live.rows, share=live.share, low=live.low, high=live.high
        ),
        breaches=_breaches(signals, live, rules),
        note="" if known else _why_unknown(name),
    )


def _why_unknown(name: str) -> str:
    if name == MAIN:
        return "The model's run kept no reference, so drift cannot be judged."
    return "Drift is judged of the version in use alone; experiments compare the others with it."


def _breaches(
    signals: Iterable[SignalDrift], live: LiveAccuracy | None, rules: QualityRules
) -> tuple[str, ...]:
    drifted = [f"drift:{one.name}" for one in signals if one.level.alarms]
    # Below it with 97.5 % confidence, not by chance.
    if live is not None and rules.least_accuracy is not None and live.high < rules.least_accuracy:
        drifted.append(ACCURACY)
    return tuple(drifted)


def _unknown(variants: dict[str, VariantWindow], rules: QualityRules) -> tuple[str, ...]:
    """Returns what cannot be judged of the version in use."""
    main = variants.get(MAIN)
    known = {one.name for one in main.signals if one.level != "unknown"} if main else set()
    names = ("labels", "confidence", "text_length", "unknown_words", "truncated")
    unknown = [f"{MAIN}:drift:{name}" for name in names if name not in known]
    if rules.least_accuracy is not None and (main is None or main.live_accuracy is None):
        unknown.append(f"{MAIN}:{ACCURACY}")
    return tuple(unknown)
