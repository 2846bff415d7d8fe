"""Reads an hour's captured requests and labels; goes on where the call before has stopped."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import field
from datetime import datetime, timedelta
from typing import IO

from thriftline.core.dataclass import dataclass
from thriftline.serving.domain.capture_layout import (
    endpoint_captures,
    hour_captures,
    hour_labels,
    judged_key,
    said_prefix,
    said_root,
)
from thriftline.serving.domain.captured_requests import (
    Capture,
    Observation,
    UnreadableCaptureError,
    observe,
    read_capture,
)
from thriftline.serving.domain.label_joins import (
    GroundTruth,
    Judged,
    Said,
    UnreadableLabelError,
    judge_request,
    read_ground_truth,
)
from thriftline.serving.domain.reference import ModelReference
from thriftline.serving.domain.windows import VariantCounts
from thriftline.serving.schemas.quality import HourQuality, LabelsOfHour, VariantHour
from thriftline.serving.steps.quality_sources import WatchSources

# Requests of an hour that labels are joined with, and labels of an hour that are joined.
MOST_SAID = 500_000
MOST_LABELS = 100_000


@dataclass
class _Reading:
    """One call's work on one hour."""

    endpoint: str
    hour: datetime
    reference: ModelReference | None
    sources: WatchSources
    said: IO[bytes]
    bytes_left: int
    written: int = 0
    found: dict[str, VariantHour] = field(default_factory=dict)
    is_whole: bool = True

    def variant(self, name: str, before: VariantHour | None) -> None:
        """Reads what is left of one variant's hour, for as many bytes as are left."""
        counts = before.counts() if before else VariantCounts()
        last = before.last_key if before else None
        prefix = hour_captures(self.endpoint, name, self.hour)
        for key in self.sources.captured.keys(prefix, last):
            if self.bytes_left <= 0:
                self.is_whole = False
                break
            self._object(name, key, counts)
            last = key
        self.found[name] = VariantHour.of(counts, last)

    def _object(self, variant: str, key: str, counts: VariantCounts) -> None:
        vocabulary = self.reference.vocabulary if self.reference else None
        for line in self.sources.captured.lines(key):
            self.bytes_left -= len(line or b"")
            try:
                capture = read_capture(line or b"")
                seen = observe(capture, vocabulary)
            except UnreadableCaptureError:
                counts.broken += 1
                continue
            counts.add(seen)
            self._note(capture, variant, seen)

    def _note(self, capture: Capture, variant: str, seen: tuple[Observation, ...]) -> None:
        answers = [one.answer for one in seen if one.answer is not None]
        if len(answers) == len(seen) and self.written < MOST_SAID:
            row = [capture.event_id, capture.inference_id, variant, answers]
            self.said.write(json.dumps(row).encode() + b"\n")
            self.written += 1


def read_hour(
    endpoint: str,
    project: str,
    hour: datetime,
    version: int | None,
    before: HourQuality | None,
    reference: ModelReference | None,
    sources: WatchSources,
) -> HourQuality:
    """Returns the hour with what this call could read of it; ``state`` says whether that is all."""
    runs = before.runs if before else 0
    names = {
        *sources.captured.folders(endpoint_captures(endpoint)),
        *(before.variants if before else ()),
    }
    with tempfile.TemporaryFile() as said:
        work = _Reading(endpoint, hour, reference, sources, said, sources.most_bytes)
        for name in sorted(names):
            work.variant(name, before.variants.get(name) if before else None)
        if work.written:
            # A call that is repeated writes the same part again.
            said.seek(0)
            sources.artifacts.upload(f"{said_prefix(endpoint, hour)}{runs:04d}.jsonl", said)
    return HourQuality(
        endpoint=endpoint,
        project=project,
        hour=hour,
        state="done" if work.is_whole else "reading",
        runs=runs + 1,
        version=version,
        variants={name: one for name, one in work.found.items() if one.requests or one.broken},
    )


def join_labels(
    endpoint: str, hour: datetime, days: int, sources: WatchSources
) -> LabelsOfHour | None:
    """Joins the labels that arrived in an hour with what was answered in the days before.

    Returns None where none arrived. What was found lies beside the hour's document.
    """
    labels, lines, broken = _labels(endpoint, hour, sources)
    if not lines:
        return None
    wanted = {one.request: one for one in labels}
    judged: dict[str, Judged] = {}
    left = set(wanted)
    for key in _said_since(endpoint, hour - timedelta(days=days), hour, sources):
        if not left:
            break
        for said in _said(key, sources):
            name = next((one for one in said.names if one in left), None)
            if name is None:
                continue
            found = judge_request(said, wanted[name])
            left.discard(name)
            if found is None:
                broken += 1
            else:
                judged[found.request] = found
    if judged:
        rows = [[one.request, one.variant, one.right, one.rows] for one in judged.values()]
        body = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
        sources.artifacts.write(judged_key(endpoint, hour), body, "application/jsonlines")
    return LabelsOfHour(
        lines=lines,
        broken=broken,
        joined=len(judged),
        unmatched=len(left),
        too_many=lines > MOST_LABELS,
    )


def read_judged(endpoint: str, hour: datetime, sources: WatchSources) -> dict[str, Judged]:
    """Returns what the labels of an hour judged, by request."""
    body = sources.artifacts.read(judged_key(endpoint, hour)) or b""
    rows = (Judged(*json.loads(line)) for line in body.splitlines())
    return {one.request: one for one in rows}


def _labels(
    endpoint: str, hour: datetime, sources: WatchSources
) -> tuple[list[GroundTruth], int, int]:
    found: list[GroundTruth] = []
    lines = broken = 0
    for key in sources.captured.keys(hour_labels(endpoint, hour)):
        for line in sources.captured.lines(key):
            lines += 1
            if lines > MOST_LABELS:
                return found, lines, broken
            try:
                found.append(read_ground_truth(line or b""))
            except UnreadableLabelError:
                broken += 1
    return found, lines, broken


def _said_since(
    endpoint: str, start: datetime, end: datetime, sources: WatchSources
) -> Iterator[str]:
    """Yields the keys of what was answered in these hours, the newest first: labels are of those.

    One listing has them all; keys sort as time does.
    """
    first, last = said_prefix(endpoint, start), said_prefix(endpoint, end)
    found = [key for key in sources.captured.keys(said_root(endpoint)) if first <= key]
    yield from (key for key in reversed(found) if key < last or key.startswith(last))


def _said(key: str, sources: WatchSources) -> Iterator[Said]:
    for line in sources.captured.lines(key):
        event_id, inference_id, variant, answers = json.loads(line or b"[]")
        yield Said(event_id, inference_id, variant, tuple(tuple(one) for one in answers))
