"""An experiment while AWS is away, or others change the endpoint."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.unit.serving.experiment_traffic import HOUR, traffic
from tests.unit.serving.experiment_world import AB, ENDPOINT, NOW, World, made_world, refusal
from thriftline.core.errors import ServiceUnavailableError, ThriftlineError, UnreadableDocumentError
from thriftline.serving.domain.experiment_names import plan_key, result_key, state_key


@pytest.fixture
def world() -> Iterator[World]:
    with made_world() as made:
        yield made


def test_what_somebody_put_on_the_endpoint_is_left_there(world: World) -> None:
    own = world.begin(AB)
    world.poll(own, NOW)
    world.hosting.configs["theirs"] = world.hosting.configs["one"]
    world.hosting.serve("theirs")
    look = world.poll(own, NOW + timedelta(minutes=5))
    world.hosting.calls.clear()
    ended = world.end_whole(own, NOW + timedelta(minutes=5))

    assert look.ending == "undecided"
    assert ended.cause == "changed"
    assert world.hosting.config == "theirs"
    assert not {"UpdateEndpoint", "UpdateEndpointWeightsAndCapacities"} & set(world.hosting.calls)


def test_what_another_version_wrote_of_an_experiment_is_an_answer_and_no_fault(
    world: World,
) -> None:
    own = world.begin(AB)
    made = world.documents.required(ENDPOINT, own)
    for key, read in (
        (result_key(ENDPOINT, own), lambda: world.documents.result(ENDPOINT, own)),
        (state_key(ENDPOINT, own), lambda: world.documents.state(made)),
        (plan_key(ENDPOINT, own), lambda: world.documents.required(ENDPOINT, own)),
    ):
        world.documents.artifacts.write_json(key, '{"schema_version": "9"}')
        with pytest.raises(UnreadableDocumentError, match=f"{key} cannot be read"):
            read()


def test_an_update_that_sagemaker_took_back_is_no_experiment(world: World) -> None:
    own = world.begin(AB)
    world.hosting.serve("one")
    look = world.poll(own, NOW + timedelta(minutes=5))

    assert look.ending == "undecided"
    assert "took the second variant back" in look.reason
    assert world.end_whole(own, NOW).cause == "failed"


def test_an_endpoint_that_never_settles_is_given_up_after_hours(world: World) -> None:
    own = world.begin(AB)
    world.hosting.status = "Updating"
    assert world.end(own, NOW).step == "wait"
    assert world.end(own, NOW + HOUR).step == "wait"
    ended = world.end(own, NOW + 4 * HOUR)

    assert ended.step == "done"
    result = world.documents.result(ENDPOINT, own)
    assert result is not None
    assert "look at it" in result.after


def test_a_failure_before_anything_was_opened_has_a_last_word_too(world: World) -> None:
    ended = world.end(
        None,
        NOW,
        {"state": "Open experiment", "error": "E", "message": '{"errorMessage": "no"}'},
    )
    assert (ended.step, ended.reason) == ("done", "no")


STARTING = ("DescribeEndpoint", "DescribeEndpointConfig", "CreateModel", "CreateEndpointConfig")
CHANGING = ("AddTags", "UpdateEndpoint")


@pytest.mark.parametrize("operation", [*STARTING, *CHANGING])
def test_a_start_goes_on_where_a_call_failed(world: World, operation: str) -> None:
    world.say(AB)
    own = world.open().experiment_id
    assert own is not None
    world.hosting.fails[operation] = refusal(operation)
    with pytest.raises(ThriftlineError):
        world.start(own)
    world.start(own)

    assert set(world.hosting.weights) == {"main", "challenger"}
    made = world.documents.required(ENDPOINT, own).made
    assert made is not None
    assert made.former_config == "one"


@pytest.mark.parametrize(
    "operation",
    ["DescribeEndpoint", "UpdateEndpointWeightsAndCapacities", "UpdateEndpoint", "DeleteTags"],
)
def test_an_end_goes_on_where_a_call_failed(world: World, operation: str) -> None:
    own = world.begin(AB)
    world.hosting.fails[operation] = refusal(operation)
    failed = 0
    for number in range(8):
        try:
            found = world.end(own, NOW + timedelta(seconds=20 * number))
        except ThriftlineError:
            failed += 1
            continue
        if found.step == "done":
            break

    assert failed == 1
    assert world.hosting.config == "one"
    assert world.hosting.tags == {}
    assert len(world.messages.sent) == 1


@pytest.mark.parametrize("operation", ["Publish", "PutEvents"])
def test_the_last_word_is_written_after_it_was_said(world: World, operation: str) -> None:
    own = world.begin(AB)
    world.messages.fails[operation] = ServiceUnavailableError("away")
    with pytest.raises(ServiceUnavailableError):
        world.end_whole(own, NOW)
    ended = world.end_whole(own, NOW)

    assert ended.step == "done"
    assert len(world.messages.events) == 1
    assert world.documents.result(ENDPOINT, own) is not None


def test_a_look_without_metrics_is_made_again(world: World) -> None:
    own = world.begin(AB)
    traffic(world, 10, wrong=0.0)
    world.poll(own, NOW)
    world.metrics.fails["GetMetricData"] = refusal("GetMetricData")
    with pytest.raises(ServiceUnavailableError):
        world.poll(own, NOW + timedelta(minutes=13))
    world.poll(own, NOW + timedelta(minutes=13))
    state = world.documents.state(world.documents.required(ENDPOINT, own))
    assert state.split is not None

    assert state.split.worse.champion.requests == 900
