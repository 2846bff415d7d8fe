"""Percentiles of lengths, exact and the same each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHARES = {"p5": 0.05, "p50": 0.5, "p95": 0.95, "p99": 0.99}


def percentiles(counts: Mapping[int, int]) -> dict[str, int]:
    """Returns least, most and some percentiles (nearest rank) of lengths that are counted."""
    lengths = sorted(counts)
    total = sum(counts.values())
    found = {"least": lengths[0]}
    for name, share in _SHARES.items():
        rank, seen = max(1, -int(-share * total // 1)), 0
        for length in lengths:
            seen += counts[length]
            if seen >= rank:
                found[name] = length
                break
    return {**found, "most": lengths[-1]}
