"""Watches the live quality of every endpoint with captured requests, hour by hour."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ThriftlineError
from thriftline.serving.domain.capture_layout import (
    day_captures,
    endpoint_captures,
    quality_key,
    said_day,
)
from thriftline.serving.domain.versions import EndpointState
from thriftline.serving.domain.windows import hours_to_watch, news_of, window_that_ends
from thriftline.serving.reports.quality_message import breach_message
from thriftline.serving.schemas.events import QualityBreached
from thriftline.serving.schemas.quality import (
    HourQuality,
    WatchQualityResponse,
    WindowVerdict,
)
from thriftline.serving.steps.quality_hour import join_labels, read_hour
from thriftline.serving.steps.quality_sources import QualityRules, WatchSources
from thriftline.serving.steps.quality_window import JudgedWindow, judge_window

# The watch's own item of an endpoint: the last hour that is done, and the breaches that are open.
QUALITY = "quality"
# Days before those that are kept whose captures are deleted, should some calls have been missed.
_DAYS_BACK = 7


@dataclass
class _Tally:
    hours: int = 0
    windows: int = 0
    breaches: int = 0


def watch_quality(
    sources: WatchSources, *, now: datetime, report: Callable[[str, Exception], None]
) -> WatchQualityResponse:
    """Reads the hours that are over, and judges the windows that end with them.

    Safe to repeat: an hour that is done is not read again, and a breach is told once. An endpoint
    that cannot be watched is reported, and keeps nobody from the others.

    Raises:
        RuntimeError: after all others, some endpoint could not be watched: the call is made again
            by itself, and an alarm hears of it when that does not help.
    """
    tally, failed, count = _Tally(), [], 0
    states, unread = sources.table.endpoints()
    for one in unread:
        report(one.id, one.error)
        failed.append(one.id)
    for state in states:
        try:
            count += _watch(state, sources, now, tally)
        except (ThriftlineError, ValueError, KeyError, TypeError) as error:
            report(state.endpoint, error)
            failed.append(state.endpoint)
    if failed:
        raise RuntimeError(f"Not watched: {', '.join(failed)}; the log says why of each.")
    return WatchQualityResponse(
        endpoints=count, hours=tally.hours, windows=tally.windows, breaches=tally.breaches
    )


def _watch(state: EndpointState, sources: WatchSources, now: datetime, tally: _Tally) -> bool:
    """Watches one endpoint; returns whether there is anything of it to watch."""
    if not sources.captured.folders(endpoint_captures(state.endpoint)):
        return False
    rules = sources.rules_of(state.project)
    item = sources.table.get(state.endpoint, QUALITY) or {}
    last = item.get("hour")
    for hour in hours_to_watch(datetime.fromisoformat(last) if last else None, now):
        document = _hour(state, hour, item, rules, sources, now)
        if document.state != "done":
            break
        tally.hours += 1
        item = {**item, "hour": hour.isoformat(), "version": state.in_use}
        if document.window is not None:
            tally.windows += 1
            tally.breaches += len(_breaches_of(document.window))
            item["last_window"] = quality_key(state.endpoint, hour)
            item["breaches"] = _tell(document, item, rules, sources, now)
        sources.table.update(
            state.endpoint,
            QUALITY,
            **{name: one for name, one in item.items() if name not in {"endpoint", "item"}},
        )
    _expire(state.endpoint, rules.days, sources, now)
    return True


def _hour(
    state: EndpointState,
    hour: datetime,
    item: dict[str, Any],
    rules: QualityRules,
    sources: WatchSources,
    now: datetime,
) -> HourQuality:
    """Reads an hour on, and judges its window once it is whole."""
    before = sources.hour(state.endpoint, hour)
    if before is not None and before.state == "done":
        return before
    used = None if state.in_use is None else sources.table.version(state.endpoint, state.in_use)
    reference = sources.reference(used.artifact_uri) if used else None
    document = read_hour(
        state.endpoint,
        state.project,
        hour,
        _version(state, item, used.when if used else None, hour, now),
        before,
        reference,
        sources,
    )
    if document.state == "done":
        labels = join_labels(state.endpoint, hour, rules.days, sources)
        document = document.model_copy(update={"labels": labels, "note": rules.problem})
        span = window_that_ends(hour, rules.window_hours)
        if span is not None:
            verdict = judge_window(document, span, reference, rules, sources)
            document = document.model_copy(update={"window": verdict})
    sources.write(document)
    return document


def _version(
    state: EndpointState,
    item: dict[str, Any],
    since: datetime | None,
    hour: datetime,
    now: datetime,
) -> int | None:
    """Returns the version that answered all of an hour, None where it changed or changes."""
    is_locked = state.lock_owner is not None and state.lock_until is not None
    if is_locked and state.lock_until is not None and now < state.lock_until:
        return None
    if item.get("version") not in (None, state.in_use):
        return None
    # A version that came into use within the hour, or after it.
    return None if since is not None and since > hour else state.in_use


def _breaches_of(window: WindowVerdict) -> tuple[str, ...]:
    return tuple(f"{name}:{one}" for name, each in window.variants.items() for one in each.breaches)


def _tell(
    document: HourQuality,
    item: dict[str, Any],
    rules: QualityRules,
    sources: WatchSources,
    now: datetime,
) -> dict[str, str]:
    """Publishes a window's verdict; returns the breaches that are open after it."""
    window = document.window
    assert window is not None
    judged = JudgedWindow.of(window, rules)
    news = news_of(item.get("breaches") or {}, judged.found, judged.unknown)
    _publish(document.endpoint, window, sources, now)
    if news.opened:
        uri = sources.artifacts.uri(quality_key(document.endpoint, document.hour))
        # Rather twice than never, where the call ends in between.
        sources.alerts.send(breach_message(document, window, news.opened, uri))
        for variant in sorted({one.partition(":")[0] for one in news.opened}):
            event = QualityBreached(
                endpoint=document.endpoint,
                project=document.project,
                variant=variant,
                endpoint_version=document.version,
                breaches=tuple(
                    one.partition(":")[2] for one in news.opened if one.startswith(f"{variant}:")
                ),
                document=uri,
                start=window.start,
                end=window.end,
            )
            sources.bus.put(event)
    return news.open(window.end)


def _publish(endpoint: str, window: WindowVerdict, sources: WatchSources, now: datetime) -> None:
    """Publishes the metrics; what is unknown is not published, and is never a 0."""
    for name, variant in window.variants.items():
        levels = {one.level for one in variant.signals}
        if variant.breaches or levels - {"unknown"} or variant.live_accuracy:
            dimensions = {"EndpointName": endpoint, "VariantName": name}
            sources.metrics.put("QualityBreach", float(bool(variant.breaches)), now, dimensions)
    indices = [
        one.psi for each in window.variants.values() for one in each.signals if one.psi is not None
    ]
    if indices:
        sources.metrics.put("Drift", max(indices), now, {"EndpointName": endpoint})
    main = window.variants.get("main")
    if main and main.live_accuracy:
        share = main.live_accuracy.share
        sources.metrics.put("LiveAccuracy", share, now, {"EndpointName": endpoint})


def _expire(endpoint: str, days: int, sources: WatchSources, now: datetime) -> None:
    """Deletes what is older than the project keeps; the bucket's own rule is the last resort."""
    variants: Iterable[str] = sources.captured.folders(endpoint_captures(endpoint))
    for back in range(days + 1, days + 1 + _DAYS_BACK):
        day = now - timedelta(days=back)
        for variant in variants:
            sources.artifacts.delete_prefix(day_captures(endpoint, variant, day))
        sources.artifacts.delete_prefix(said_day(endpoint, day))
