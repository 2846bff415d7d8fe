"""The table of docs/cost_audits.md names the metrics that the audit really asks for."""

import re
from pathlib import Path
from typing import Any

from tests.unit.audit.accounts import component, endpoint, variant
from thriftline.audit.domain.questions import (
    BEDROCK_FAILURES,
    BEDROCK_METRICS,
    MANTLE_METRICS,
    request_metrics,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "cost_audits.md"


def _table() -> dict[str, frozenset[str]]:
    text = DOCUMENT.read_text(encoding="utf-8").split('## Which metric says "used"')[1]
    rows = [line.split("|")[1:] for line in text.split("\n## ")[0].splitlines() if "|" in line]
    return {
        kind.strip(): frozenset(re.findall(r"`([A-Za-z0-9]+)`", metrics.split("It has no")[0]))
        for kind, metrics, *_ in rows[2:]
    }


def _asked(of: str, **facts: Any) -> frozenset[str]:
    return frozenset(
        key.name for key in request_metrics(endpoint(**facts)) if of in dict(key.dimensions)
    )


def test_the_table_of_metrics_that_say_used_is_what_the_audit_asks() -> None:
    queued: dict[str, Any] = {"async_output_s3_uri": "s3://out/"}
    on_queue = frozenset(
        key.name for key in request_metrics(endpoint(**queued)) if len(key.dimensions) == 1
    )
    asked = {
        "real-time": _asked("VariantName", shadow_variants=(variant("try"),)),
        "inference component": _asked(
            "InferenceComponentName", inference_components=(component(),)
        ),
        "asynchronous variant": _asked("VariantName", **queued),
        "asynchronous queue": on_queue,
        "Bedrock model": frozenset(BEDROCK_METRICS),
        "model called through": frozenset(MANTLE_METRICS),
        "provisioned throughput": frozenset(BEDROCK_FAILURES),
    }
    table = _table()
    for start, metrics in asked.items():
        (named,) = (names for kind, names in table.items() if kind.startswith(start))
        if start == "inference component":
            named |= next(names for kind, names in table.items() if kind.startswith("real-time"))
        assert named == metrics, start
