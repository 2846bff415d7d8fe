"""What is settled for a cluster by its events."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from thriftline.runs.engines.databricks.answers import ClusterEvent
from thriftline.runs.engines.databricks.billing import usage_of

HOUR = 3_600_000


def event(at: int, kind: str, **details: object) -> ClusterEvent:
    return ClusterEvent.model_validate({"timestamp": at, "type": kind, "details": details})


def test_every_node_counts_from_the_request_to_the_clean_up() -> None:
    events = [event(0, "CREATING"), event(HOUR // 2, "TERMINATING")]
    usage = usage_of(events, 3, HOUR)
    assert usage is not None
    assert usage.node_hours == 4
    assert usage.usd(Decimal("0.25")) == 1


def test_a_cluster_whose_end_is_not_known_has_no_bill_yet() -> None:
    assert usage_of([event(0, "CREATING"), event(10, "RUNNING")], 3, HOUR) is None
    assert usage_of([], 3, HOUR) is None


def test_a_cluster_that_was_made_smaller_counts_so_from_then_on() -> None:
    events = [
        event(0, "CREATING", cluster_size={"num_workers": 3}),
        event(HOUR, "RESIZING", current_num_workers=3, target_num_workers=1),
        event(2 * HOUR, "UPSIZE_COMPLETED", current_num_workers=1, target_num_workers=1),
        event(3 * HOUR, "TERMINATING", reason={"code": "JOB_FINISHED"}),
    ]
    usage = usage_of(events, 3, 0)
    assert usage is not None
    assert usage.node_hours == 4 + 4 + 2
    assert usage.reason == "JOB_FINISHED"


def test_a_cluster_of_seconds_counts_a_minute_of_each_node() -> None:
    events = [event(0, "CREATING"), event(5_000, "TERMINATING")]
    usage = usage_of(events, 3, 0)
    assert usage is not None
    assert usage.node_hours == Decimal(4) / 60


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10 * HOUR),
            st.sampled_from(["RUNNING", "NODES_LOST", "UPSIZE_COMPLETED"]),
            st.integers(0, 8),
        ),
        max_size=12,
    ),
    st.integers(0, 10 * HOUR),
)
def test_it_is_never_more_than_all_nodes_for_all_of_the_time(
    happened: list[tuple[int, str, int]], ended: int
) -> None:
    events = [
        event(0, "CREATING"),
        *(
            event(at, kind, current_num_workers=there, target_num_workers=8)
            for at, kind, there in happened
            if at <= ended
        ),
        event(ended, "TERMINATING"),
    ]
    usage = usage_of(list(reversed(events)), 8, ended)
    assert usage is not None
    assert usage.node_hours == max(Decimal(9) / 60, Decimal(9 * ended) / HOUR)
    assert usage.nodes_lost >= 0
