"""The watch over live quality: read once, told once, and one endpoint never stops another."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from tests.unit.serving.captures import (
    ENDPOINT,
    HOUR,
    TEXT,
    WatchedWorld,
    labelled,
    reference,
    request,
    watched_world,
)
from thriftline.serving.schemas.quality import WatchQualityResponse
from thriftline.serving.steps.quality_sources import QualityRules
from thriftline.serving.steps.watch_quality import watch_quality

LATER = HOUR + timedelta(hours=1, minutes=20)
LONGER = f"{TEXT} {TEXT}"


@pytest.fixture
def here() -> Iterator[WatchedWorld]:
    with watched_world() as made:
        made.deploy()
        made.keep_reference(reference())
        yield made


def _watch(here: WatchedWorld, hours: int = 0) -> WatchQualityResponse:
    failures: list[tuple[str, Exception]] = []
    now = LATER + timedelta(hours=hours)
    found = watch_quality(
        here.sources, now=now, report=lambda name, error: failures.append((name, error))
    )
    assert failures == []
    return found


def _requests(count: int, positive: float, seed: int = 0) -> list[bytes]:
    random = Random(seed)
    return [
        request(
            number,
            "positive" if random.random() < positive else "negative",
            TEXT if random.random() < 0.5 else LONGER,
        )
        for number in range(count)
    ]


def test_a_quiet_hour_is_counted_and_nobody_is_told(here: WatchedWorld) -> None:
    here.capture(_requests(400, 0.5))
    found = _watch(here)

    assert found == WatchQualityResponse(endpoints=1, hours=1, windows=1, breaches=0)
    document = here.document()
    assert document["state"] == "done"
    assert document["version"] == 1
    assert document["variants"]["main"]["rows"] == 400
    window = document["window"]["variants"]["main"]
    assert {one["name"]: one["level"] for one in window["signals"]}["labels"] == "quiet"
    assert window["estimated_accuracy"] == pytest.approx(0.95)
    assert window["test_accuracy"] == 0.9
    assert here.said.messages == []
    assert ("QualityBreach", 0.0, {"EndpointName": ENDPOINT, "VariantName": "main"}) in (
        here.said.metrics
    )


def test_drift_is_told_once_and_again_only_after_it_has_ended(here: WatchedWorld) -> None:
    for hour, positive in enumerate((0.9, 0.9, 0.5, 0.9)):
        here.capture(_requests(400, positive, hour), HOUR + timedelta(hours=hour))
        found = _watch(here, hour)
        assert found.breaches == (0 if hour == 2 else 1)
    assert len(here.said.messages) == 2
    subject, message = here.said.messages[0]
    assert ENDPOINT in subject
    assert "labels" in message
    assert "rollback reviews --endpoint thriftline-reviews" in message
    assert TEXT not in message
    assert [kind for kind, _ in here.said.events] == ["QualityBreached"] * 2
    assert here.said.events[0][1]["breaches"] == ["drift:labels"]
    breaches = [value for name, value, _ in here.said.metrics if name == "QualityBreach"]
    assert breaches == [1.0, 1.0, 0.0, 1.0]


def test_a_window_with_too_few_rows_neither_opens_nor_ends_a_breach(here: WatchedWorld) -> None:
    here.capture(_requests(400, 0.9))
    _watch(here)
    here.capture(_requests(50, 0.5), HOUR + timedelta(hours=1))
    _watch(here, 1)
    here.capture(_requests(400, 0.9), HOUR + timedelta(hours=2))
    _watch(here, 2)
    assert len(here.said.messages) == 1


def test_a_call_that_is_repeated_changes_and_says_nothing(here: WatchedWorld) -> None:
    here.capture(_requests(400, 0.9))
    _watch(here)
    said, document = list(here.said.metrics), here.document()
    found = _watch(here)
    assert found.hours == 0
    assert here.said.metrics == said
    assert here.document() == document
    assert len(here.said.messages) == 1


def test_a_large_hour_is_read_on_where_the_call_before_has_stopped(here: WatchedWorld) -> None:
    for part in range(5):
        here.capture(_requests(100, 0.5, part), name=f"{part:02d}")
    here.most_bytes = 30_000
    calls = 0
    while not here.document() or here.document()["state"] == "reading":
        _watch(here)
        calls += 1
        assert calls < 10
    assert 2 <= calls <= 5
    assert here.document()["runs"] == calls
    assert here.document()["variants"]["main"]["rows"] == 500


def test_broken_lines_are_counted_and_the_rest_is_read(here: WatchedWorld) -> None:
    here.capture([*_requests(300, 0.5), b"{broken", b'{"captureData": {}}'])
    _watch(here)
    counted = here.document()["variants"]["main"]
    assert (counted["rows"], counted["broken"]) == (300, 2)


def test_windows_of_several_hours_are_judged_when_they_end(here: WatchedWorld) -> None:
    here.rules = QualityRules(window_hours=4)
    # 2026-11-30 08:00 begins a window of four hours.
    for back in (2, 1, 0):
        here.capture(_requests(150, 0.9, back), HOUR - timedelta(hours=back))
        _watch(here, -back)
    assert here.said.messages == []
    here.capture(_requests(150, 0.9, 9), HOUR + timedelta(hours=1))
    found = _watch(here, 1)
    assert found.windows == 1
    window = here.document(HOUR + timedelta(hours=1))["window"]
    assert window["hours"] == 4
    assert window["variants"]["main"]["rows"] == 600
    assert len(here.said.messages) == 1


def test_hours_of_another_version_are_not_compared(here: WatchedWorld) -> None:
    here.rules = QualityRules(window_hours=2)
    here.capture(_requests(400, 0.9), HOUR)
    _watch(here)
    here.deploy(number=2, when=HOUR + timedelta(hours=1, minutes=5))
    here.capture(_requests(400, 0.9), HOUR + timedelta(hours=1))
    _watch(here, 1)
    document = here.document(HOUR + timedelta(hours=1))
    assert document["version"] is None
    assert document["window"]["hours"] == 0
    assert here.said.messages == []


def test_missed_hours_are_made_up_for(here: WatchedWorld) -> None:
    here.capture(_requests(10, 0.5), HOUR)
    _watch(here)
    assert _watch(here, 5).hours == 5
    assert _watch(here, 100).hours == 24


def test_labels_that_arrive_later_give_live_accuracy(here: WatchedWorld) -> None:
    here.rules = QualityRules(window_hours=1, least_accuracy=0.8)
    here.capture([request(number, "positive") for number in range(100)])
    _watch(here)
    next_hour = HOUR + timedelta(hours=1)
    # By inference id and by event id; two of no captured request; one that is no label.
    lines = [labelled(f"i-{number}", "positive") for number in range(30)]
    lines += [labelled(f"e-{number}", "negative") for number in range(30, 60)]
    lines += [labelled("i-9999", "positive"), labelled("i-9998", "positive"), b"{}"]
    here.label(lines, next_hour)
    here.capture([request(1000, "positive")], next_hour)
    _watch(here, 1)

    document = here.document(next_hour)
    labels = document["labels"]
    assert (labels["lines"], labels["joined"], labels["unmatched"], labels["broken"]) == (
        63,
        60,
        2,
        1,
    )
    live = document["window"]["variants"]["main"]["live_accuracy"]
    assert (live["right"], live["rows"]) == (30, 60)
    assert live["low"] < 0.5 < live["high"] < 0.8
    assert document["window"]["variants"]["main"]["breaches"] == ["accuracy"]
    assert ("LiveAccuracy", 0.5, {"EndpointName": ENDPOINT}) in here.said.metrics
    assert "live accuracy is 0.500" in here.said.messages[0][1]


def test_a_label_that_comes_twice_counts_once(here: WatchedWorld) -> None:
    here.rules = QualityRules(window_hours=2)
    here.capture([request(number, "positive") for number in range(10)])
    here.label([labelled(f"i-{number}", "positive") for number in range(10)], name="a")
    here.label([labelled(f"i-{number}", "positive") for number in range(5)], name="b")
    _watch(here)
    here.label(
        [labelled(f"e-{number}", "negative") for number in range(5)], HOUR + timedelta(hours=1)
    )
    _watch(here, 1)
    live = here.document(HOUR + timedelta(hours=1))["window"]["variants"]["main"]["live_accuracy"]
    assert (live["right"], live["rows"]) == (5, 10)


def test_one_broken_endpoint_stops_nobody(here: WatchedWorld) -> None:
    here.deploy("a-broken-one")
    here.capture(_requests(400, 0.5), endpoint="a-broken-one")
    here.artifacts.write_json(
        f"serving/a-broken-one/quality/{HOUR:%Y-%m-%dT%H}.json", '{"schema_version": "9"}'
    )
    here.capture(_requests(400, 0.5))
    failures: list[str] = []
    with pytest.raises(RuntimeError, match="Not watched: a-broken-one;"):
        watch_quality(here.sources, now=LATER, report=lambda name, _: failures.append(name))
    assert failures == ["a-broken-one"]
    assert here.document()["state"] == "done"


def test_an_endpoint_whose_item_cannot_be_read_stops_nobody(here: WatchedWorld) -> None:
    here.sources.table.update("a-foreign-one", "endpoint", project="reviews", lock_until="late")
    here.capture(_requests(400, 0.5))
    failures: list[str] = []
    with pytest.raises(RuntimeError, match="Not watched: a-foreign-one;"):
        watch_quality(here.sources, now=LATER, report=lambda name, _: failures.append(name))
    assert failures == ["a-foreign-one"]
    assert here.document()["state"] == "done"


def test_an_endpoint_without_captures_is_not_watched(here: WatchedWorld) -> None:
    assert _watch(here).endpoints == 0
    assert here.said.metrics == []


def test_a_model_without_a_reference_is_counted_and_not_judged(here: WatchedWorld) -> None:
    here.artifacts.delete("training/reviews-0123456789abcdef/reference.json")
    here.capture(_requests(400, 0.9))
    assert _watch(here).breaches == 0
    window = here.document()["window"]["variants"]["main"]
    assert window["signals"] == []
    assert "kept no reference" in window["note"]
    # Unknown is not 0: there is no metric of what nobody could judge.
    assert here.said.metrics == []


def test_captures_and_answers_older_than_the_project_keeps_are_deleted(here: WatchedWorld) -> None:
    here.rules = replace(here.rules, days=10)
    old, young = HOUR - timedelta(days=11), HOUR - timedelta(days=9)
    for hour in (old, young, HOUR):
        here.capture(_requests(1, 0.5), hour)
    _watch(here)
    kept = [one.key for one in here.artifacts.list("capture/")]
    assert len(kept) == 2
    assert not any(f"{old:%Y/%m/%d}" in key for key in kept)


def test_no_text_is_kept(here: WatchedWorld) -> None:
    here.capture([request(1, "positive", "Hildegard")])
    _watch(here)
    for found in here.artifacts.list("serving/"):
        assert b"ildegard" not in (here.artifacts.read(found.key) or b"")
