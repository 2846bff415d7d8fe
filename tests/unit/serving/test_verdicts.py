"""How a deployment ended. SageMaker's own word for a rolled-back update is InService."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.serving.domain.kinds import Rollout
from thriftline.serving.domain.verdicts import (
    MOVING,
    EndpointView,
    Outcome,
    TrafficAction,
    Wanted,
    traffic_action,
    verdict,
)

WANTED = Wanted("shop-v2-aa", "shop-v1-bb", min_requests=100)
STATES = (
    "OutOfService",
    "Creating",
    "Updating",
    "SystemUpdating",
    "RollingBack",
    "InService",
    "Deleting",
    "Failed",
    "UpdateRollbackFailed",
)
views = st.builds(
    EndpointView,
    status=st.sampled_from(STATES),
    serves=st.sampled_from(["shop-v1-bb", "shop-v2-aa", "shop-v9-cc", None]),
    failure_reason=st.sampled_from(["", "alarm", "One or more canary alarms"]),
)
wants = st.builds(
    Wanted,
    serves=st.just("shop-v2-aa"),
    former=st.sampled_from(["shop-v1-bb", None]),
    guarded=st.booleans(),
    min_requests=st.integers(0, 200),
)
counts = st.none() | st.integers(0, 1_000)


@given(st.none() | views, wants, counts, st.booleans(), st.booleans())
def test_only_the_wanted_config_in_service_is_ever_called_deployed(
    view: EndpointView | None,
    wanted: Wanted,
    invocations: int | None,
    out_of_time: bool,
    aborted: bool,
) -> None:
    found = verdict(view, wanted, invocations, out_of_time=out_of_time, aborted=aborted)
    if found.outcome in (Outcome.DEPLOYED, Outcome.INCONCLUSIVE):
        assert view is not None
        assert (view.status, view.serves) == ("InService", "shop-v2-aa")
    if found.outcome is Outcome.ROLLED_BACK:
        assert view is not None
        assert (view.status, view.serves) == ("InService", wanted.former)
        assert found.former_serves is True
    assert found.reason


@given(views, wants, counts)
def test_nothing_has_ended_while_the_endpoint_moves(
    view: EndpointView, wanted: Wanted, invocations: int | None
) -> None:
    assert verdict(view, wanted, invocations).ended == (view.status not in MOVING)


def test_a_silent_rollback_is_a_rollback() -> None:
    found = verdict(EndpointView("InService", "shop-v1-bb", ""), WANTED, 5_000)
    assert found.outcome is Outcome.ROLLED_BACK
    assert "shop-v1-bb serves as before" in found.reason


@pytest.mark.parametrize(
    ("probes", "said"),
    [
        (0, "100 requests under watch."),
        (40, "under watch, 40 of them probes that the deployment itself sent."),
        (100, "under watch, all of them probes that the deployment itself sent."),
        (120, "under watch, all of them probes that the deployment itself sent."),
    ],
)
def test_the_reason_says_whose_requests_were_watched(probes: int, said: str) -> None:
    found = verdict(EndpointView("InService", "shop-v2-aa"), replace(WANTED, probes=probes), 100)
    assert found.outcome is Outcome.DEPLOYED
    assert found.reason.endswith(said)


@pytest.mark.parametrize("invocations", [None, 0, 99])
def test_without_requests_under_watch_nothing_is_proved(invocations: int | None) -> None:
    found = verdict(EndpointView("InService", "shop-v2-aa"), WANTED, invocations)
    assert found.outcome is Outcome.INCONCLUSIVE


def test_with_enough_requests_it_is_deployed() -> None:
    found = verdict(EndpointView("InService", "shop-v2-aa"), WANTED, 100)
    assert found.outcome is Outcome.DEPLOYED
    assert "100 requests" in found.reason


def test_a_rollback_that_failed_says_that_both_versions_may_answer() -> None:
    found = verdict(EndpointView("UpdateRollbackFailed", "shop-v1-bb"), WANTED, 10)
    assert found.outcome is Outcome.FAILED
    assert "both versions may answer" in found.reason
    assert found.former_serves is None


def test_a_config_of_somebody_else_is_a_failure_and_no_rollback() -> None:
    found = verdict(EndpointView("InService", "other"), WANTED, 10)
    assert found.outcome is Outcome.FAILED
    assert "somebody else changed it" in found.reason


def test_an_endpoint_that_is_gone_is_a_failure() -> None:
    assert verdict(None, WANTED, 10).outcome is Outcome.FAILED


@given(counts, st.floats(0, 4_000), st.sampled_from(["probe", "roll_back"]))
def test_too_little_traffic_is_never_enough(
    invocations: int | None, left: float, without: str
) -> None:
    rollout = Rollout(min_requests=100, without_traffic=without)
    found = traffic_action(rollout, invocations, left)
    assert (found is TrafficAction.ENOUGH) == (invocations is not None and invocations >= 100)
    assert found is not TrafficAction.ROLL_BACK or without == "roll_back"
    assert found is not TrafficAction.PROBE or without == "probe"
