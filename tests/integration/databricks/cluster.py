"""A job cluster over time: its nodes, its events, and what Databricks and EC2 bill for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.integration.databricks.story import Story

# Which each node has, and which its volumes for system, containers and logs have.
SYSTEM_GIB = 255
EBS_USD_PER_GIB_HOUR = Decimal("0.08") / 730


@dataclass
class Node:
    """One instance, from its launch to its end."""

    launched: float
    on_demand: bool
    ended: float | None = None


@dataclass(frozen=True)
class TrueRates:
    """What the contract and EC2 say, which only the bills know."""

    usd_per_dbu: Decimal = Decimal("0.15")
    nodes: Mapping[str, tuple[Decimal, Decimal]] = field(
        default_factory=lambda: {
            "m5.xlarge": (Decimal("0.69"), Decimal("0.192")),
            "m5a.xlarge": (Decimal("0.69"), Decimal("0.172")),
            "m5d.xlarge": (Decimal("0.69"), Decimal("0.226")),
        }
    )


class Cluster:
    """The nodes of one run. Times are seconds of the loopback's clock."""

    def __init__(self, cluster_id: str, spec: Mapping[str, Any], story: Story, created: float):
        self.cluster_id = cluster_id
        self.spec = spec
        self.story = story
        self.created = created
        self.working_since = created + story.set_up_seconds
        self.ending: float | None = None
        self.ended: float | None = None

    @property
    def workers(self) -> int:
        return int(self.spec["num_workers"])

    def end(self, at: float) -> None:
        """It begins to end; its instances are gone after the clean-up."""
        self.ending = at
        self.ended = at + self.story.clean_up_seconds

    def losses(self, now: float) -> list[tuple[float, float]]:
        """When a worker was lost and when another came, as far as that has happened."""
        end = self.ending if self.ending is not None else now
        found = []
        for loss in self.story.losses:
            at = self.working_since + loss.after_seconds
            if at < end:
                found.append((at, at + loss.replaced_after_seconds))
        return found

    def nodes(self, now: float) -> list[Node]:
        """Every instance there was."""
        end = self.ended if self.ended is not None else now
        spot = self.spec["aws_attributes"]["availability"] != "ON_DEMAND"
        first = int(self.spec["aws_attributes"].get("first_on_demand", 0))
        nodes = [Node(self.created, not spot or place < first) for place in range(self.workers + 1)]
        alive = [node for node in nodes if not node.on_demand]
        for lost_at, replaced_at in self.losses(now):
            if not alive:
                break
            alive.pop().ended = lost_at
            if replaced_at < (self.ending or end):
                # With fallback the next one may be on demand.
                nodes.append(Node(replaced_at, on_demand=True))
        for node in nodes:
            node.ended = min(end, node.ended) if node.ended is not None else end
        return nodes

    def bill_usd(self, now: float, rates: TrueRates) -> Decimal:
        """What is billed by the second, a minute at the least for each instance of EC2."""
        dbu, ec2 = rates.nodes[self.spec["node_type_id"]]
        total = Decimal(0)
        volume = self.spec["aws_attributes"].get("ebs_volume_size", 0)
        for node in self.nodes(now):
            hours = Decimal(str(max(60.0, (node.ended or now) - node.launched))) / 3600
            share = Decimal(1) if node.on_demand else Decimal(str(self.story.spot_share))
            ebs = (SYSTEM_GIB + volume) * EBS_USD_PER_GIB_HOUR
            total += hours * (dbu * rates.usd_per_dbu + ec2 * share + ebs)
        return total

    def events(self, now: float) -> list[dict[str, Any]]:
        """What the API says happened, in order."""
        found = [_event(self.created, "CREATING", cluster_size={"num_workers": self.workers})]
        end = self.ending if self.ending is not None else now
        if self.working_since <= end:
            sizes = {"current_num_workers": self.workers, "target_num_workers": self.workers}
            found.append(_event(self.working_since, "RUNNING", **sizes))
        for lost_at, replaced_at in self.losses(now):
            sizes = {
                "current_num_workers": max(0, self.workers - 1),
                "target_num_workers": self.workers,
            }
            found.append(_event(lost_at, "NODES_LOST", **sizes))
            if replaced_at < end:
                sizes = {"current_num_workers": self.workers, "target_num_workers": self.workers}
                found.append(_event(replaced_at, "UPSIZE_COMPLETED", **sizes))
        if self.ending is not None and self.ending <= now:
            reason = {"code": self.story.cluster_reason, "type": "SUCCESS"}
            found.append(_event(self.ending, "TERMINATING", reason=reason))
        return sorted(found, key=lambda event: event["timestamp"])

    def page(self, now: float, body: Mapping[str, Any]) -> dict[str, Any]:
        """A page of events, as the API cuts them."""
        wanted = body.get("event_types")
        events = [one for one in self.events(now) if not wanted or one["type"] in wanted]
        if body.get("order", "DESC") == "DESC":
            events.reverse()
        size = min(int(body.get("page_size") or 50), int(self.story.extra.get("page", 500)))  # type: ignore[call-overload]
        start = int(body.get("page_token") or 0)
        more = start + size < len(events)
        return {
            "events": [
                {**one, "cluster_id": self.cluster_id} for one in events[start : start + size]
            ],
            "next_page_token": str(start + size) if more else "",
        }


def _event(at: float, kind: str, **details: Any) -> dict[str, Any]:
    return {"timestamp": int(at * 1000), "type": kind, "details": details}
