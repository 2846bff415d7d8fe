"""Whatever is deployed and whenever it fails: somebody answers every request, and it ends well."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from local_aws.http.own_calls import AwsError
from local_aws.services.sagemaker_store import FleetState
from tests.unit.local_aws.hosting.hosted import (
    PROVISIONING,
    Hosted,
    at_once,
    canary,
    linear,
    rolling,
)

ALARMS = ["errors"]


@st.composite
def deployments(draw: st.DrawFn) -> dict[str, Any]:
    wait, bake = draw(st.integers(0, 600)), draw(st.integers(0, 600))
    percent = draw(st.integers(1, 60))
    return draw(
        st.sampled_from(
            [
                canary(percent, wait, bake, alarms=ALARMS),
                linear(percent, wait, bake, alarms=ALARMS),
                rolling(percent, wait, alarms=ALARMS),
                at_once(bake, alarms=ALARMS),
            ]
        )
    )


def refusal(hosted: Hosted, deployment: dict[str, Any]) -> str:
    try:
        hosted.update(deployment)
    except AwsError as refused:
        return refused.code
    return ""


def check(hosted: Hosted) -> None:
    """Every request goes to instances that run, and all requests go somewhere."""
    fleets = [each for each in hosted.it.fleets if each.state is FleetState.SERVING]
    assert abs(sum(each.shares["main"] for each in fleets) - 1) < 1e-9
    for fleet in fleets:
        if fleet.shares["main"] > 0:
            assert fleet.instances["main"] > 0


@settings(max_examples=150, deadline=None)
@given(
    deployment=deployments(),
    count=st.integers(1, 13),
    new_count=st.integers(1, 13),
    fails_after=st.one_of(st.none(), st.integers(0, 9000)),
    step=st.integers(7, 900),
)
def test_any_deployment(
    deployment: dict[str, Any], count: int, new_count: int, fails_after: int | None, step: int
) -> None:
    hosted = Hosted()
    hosted.alarms.known.add("errors")
    hosted.endpoint(count, new_count)
    if code := refusal(hosted, deployment):
        assert (code, hosted.status) == ("ValidationException", "InService")
        return
    if fails_after is not None:
        moment = hosted.clock.service_time() + timedelta(seconds=fails_after)
        hosted.alarms.fired["errors"] = moment

    share, passed = 0.0, 0
    while hosted.status != "InService":
        check(hosted)
        now = hosted.share
        assert now >= share or hosted.status == "RollingBack"
        share = now
        hosted.passes(step)
        passed += step
        assert passed < 40_000

    check(hosted)
    (fleet,) = hosted.it.fleets
    assert fleet.instances == {"main": new_count if fleet.config == "v2" else count}
    assert hosted.look()["EndpointConfigName"] == fleet.config
    assert "FailureReason" not in hosted.look()
    if fails_after is None:
        assert fleet.config == "v2"
    elif fails_after <= PROVISIONING:
        assert fleet.config == "v1"
