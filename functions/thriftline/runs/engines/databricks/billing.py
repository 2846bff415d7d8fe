"""What a cluster cost, by its events: how many nodes it had, and for how long.

The exact DBUs are in ``system.billing.usage`` hours later, and EC2's dollars on the bill of AWS by
the cluster's tags. Here every node counts at the on-demand rate from the moment it was asked for,
so that nothing is settled below what it cost.
"""

from collections.abc import Sequence
from decimal import Decimal

from thriftline.core.dataclass import dataclass
from thriftline.runs.engines.databricks.answers import ClusterEvent

_END = "TERMINATING"
_LOST = "NODES_LOST"
# What says how many nodes there are, or that the cluster begins or ends.
EVENT_TYPES = (
    "CREATING",
    "STARTING",
    "RESTARTING",
    "RUNNING",
    "RESIZING",
    "UPSIZE_COMPLETED",
    _LOST,
    _END,
)
# EC2 bills an instance a minute at the least.
_LEAST_MS = 60_000
_MS_PER_HOUR = 3_600_000


@dataclass(frozen=True)
class Usage:
    """What a cluster had from its start to its end. ``reason`` is why it ended, in its words."""

    node_hours: Decimal
    nodes_lost: int
    reason: str

    def usd(self, usd_per_node_hour: Decimal) -> Decimal:
        """The dollars at a rate."""
        return self.node_hours * usd_per_node_hour


def usage_of(events: Sequence[ClusterEvent], workers: int, run_ended_at: int) -> Usage | None:
    """Returns what a cluster had; None while its end is not among its events.

    ``workers`` were asked for, and ``run_ended_at``, in milliseconds, is when its run was cleaned
    up, which is the later of the two ends.
    """
    ordered = sorted(events, key=lambda one: one.timestamp)
    ends = [one for one in ordered if one.type == _END]
    if not ends:
        return None
    end = max(ends[-1].timestamp, run_ended_at)
    return Usage(
        Decimal(_node_ms(ordered, workers, end)) / _MS_PER_HOUR,
        _lost(ordered, workers),
        next((one.details.reason.code for one in reversed(ends) if one.details.reason), ""),
    )


def _node_ms(ordered: Sequence[ClusterEvent], workers: int, end: int) -> int:
    total, nodes, since = 0, workers + 1, ordered[0].timestamp
    most = nodes
    for one in ordered:
        total += nodes * max(0, one.timestamp - since)
        since = max(since, one.timestamp)
        known = one.details.workers if one.type != _END else None
        nodes = nodes if known is None else known + 1
        most = max(most, nodes)
    return max(total + nodes * max(0, end - since), most * _LEAST_MS)


def _lost(ordered: Sequence[ClusterEvent], workers: int) -> int:
    lost, there = 0, workers
    for one in ordered:
        now = one.details.current_num_workers
        if now is None:
            continue
        if one.type == _LOST:
            lost += max(0, there - now)
        there = now
    return lost
