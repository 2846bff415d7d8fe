"""Engines of data preparation for tests: none, or one that does as it is told."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.core.settings import Settings
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.preparation import (
    PreparationOrder,
    PreparationQuote,
    PreparationState,
    PreparationWork,
)
from thriftline.runs.engines.port import Engine, EngineSite
from thriftline.runs.engines.registry import Engines

WORST_USD = Decimal("1.20")
BILLED_USD = Decimal("0.3")


def engines_over(artifacts: Bucket, *made: Engine) -> Engines:
    """Returns these engines, none when none is given."""

    def maker(engine: Engine) -> Callable[[EngineSite], Engine]:
        return lambda _site: engine

    registered = {engine.name: maker(engine) for engine in made}
    return Engines(EngineSite(Settings({}), artifacts), registered)


@dataclass
class FakeEngine:
    """An engine whose runs end as the test says; ``fails`` are errors by the name of the call.

    Without ``begins`` what it is asked for waits in its queue.

    ``started`` are the attempts that its service has, by their names, and ``stopped`` those that
    it was asked to stop. An attempt that is stopped ends at the next look.
    """

    artifacts: Bucket
    now: datetime
    name: str = "emr_serverless"
    worst_usd: Decimal | None = WORST_USD
    cannot: str | None = None
    endings: dict[int, Ending] = field(default_factory=dict)
    billed_usd: Decimal | None = BILLED_USD
    fails: dict[str, Exception] = field(default_factory=dict)
    shows: bool = True
    begins: bool = True
    started: dict[str, PreparationState] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    asked: list[PreparationWork] = field(default_factory=list)

    def quote(self, work: PreparationWork) -> PreparationQuote:
        self._fail("quote")
        self.asked.append(work)
        return PreparationQuote(
            self.name,
            likely_usd=Decimal("0.4"),
            likely_minutes=6,
            worst_usd=self.worst_usd,
            basis="16 vCPUs for an hour",
            cannot=self.cannot,
            terms={"vcpus": work.max_vcpus},
            usd_per_hour=Decimal("1.15"),
        )

    def start(self, order: PreparationOrder) -> PreparationState:
        self._fail("start")
        began = self.now if self.begins else None
        status = "RUNNING" if self.begins else "QUEUED"
        state = PreparationState(f"run-{order.attempt}", status, started_at=began)
        kept = self.started.setdefault(order.name, state)
        self._fail("start's answer")
        return kept

    def look(self, order: PreparationOrder) -> PreparationState | None:
        self._fail("look")
        state = self.started.get(order.name) if self.shows else None
        ending = self.endings.get(order.attempt)
        if state is None or state.ending:
            return state
        if order.name in self.stopped:
            ending = Ending.STOPPED
        if ending is None:
            return state
        if ending is Ending.COMPLETED:
            write_prepared(self.artifacts, order.output_uri)
        ended = replace(
            state,
            status="ENDED",
            ending=ending,
            reason="" if ending is Ending.COMPLETED else f"it ended as {ending}",
            ended_at=self.now,
            billed_usd=self.billed_usd,
        )
        self.started[order.name] = ended
        return ended

    def stop(self, order: PreparationOrder) -> None:
        self._fail("stop")
        self.stopped.append(order.name)

    @property
    def active(self) -> list[str]:
        """The attempts that its service still has and nobody asked to stop."""
        return [
            name
            for name, state in self.started.items()
            if state.is_active and name not in self.stopped
        ]

    def _fail(self, call: str) -> None:
        if call in self.fails:
            raise self.fails[call]


def write_prepared(
    artifacts: Bucket,
    output_uri: str,
    *,
    shards: Mapping[str, bytes] | None = None,
    manifest: dict[str, Any] | None = None,
) -> None:
    """Writes what the program writes, the manifest last."""
    prefix = output_uri.removeprefix(artifacts.uri(""))
    written = shards or {
        f"{split}/part-00000.snappy.parquet": b"PAR1" for split in ("train", "validation", "test")
    }
    for path, body in written.items():
        artifacts.write(prefix + path, body, "application/octet-stream")
    report = {
        "schema_version": "1.0",
        "rows_read": 12,
        "rows_written": 9,
        "stages": [
            {"name": "read", "rows_in": 12, "rows_out": 12, "removed": [], "changed": []},
            {
                "name": "exact_duplicates",
                "rows_in": 12,
                "rows_out": 9,
                "removed": [{"reason": "exact_duplicate", "rows": 3, "why": "A copy."}],
                "changed": [],
            },
        ],
        "notes": [],
    }
    artifacts.write_json(f"{prefix}preparation.json", json.dumps(report))
    artifacts.write(f"{prefix}index.html", b"<!doctype html><p>page", "text/html")
    files = [
        {"split": path.split("/")[0], "path": path, "rows": 3, "bytes": len(body)}
        for path, body in written.items()
    ]
    document = manifest or {"schema_version": "1.0", "files": files}
    artifacts.write_json(f"{prefix}manifest.json", json.dumps(document))
