"""The functions of serving and of raw data, each in a container of its own, on its sample event.

Nothing is deployed here, so each says what is missing: it has loaded, has parsed its event and has
asked AWS. The last test needs those of the files before it too.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.sam import ROOT, Sam, sample_event
from tests.containers.sam_server import SamServer

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

API_EVENTS = sorted((ROOT / "events").glob("api_*.json"))
WITHOUT_DEPLOYMENT = (
    "check_deployment",
    "prepare_deployment",
    "start_deployment",
    "poll_deployment",
    "settle_deployment",
)
REFUSED = {
    "open_deployment": ("DeploymentRefusedError", "The model registry has no"),
    "preview_deployment": ("DeploymentRefusedError", "has no approved version"),
    "change_schedule": ("DeploymentRefusedError", "is no endpoint of this stack"),
    "open_experiment": ("ExperimentRefusedError", "says nothing of a comparison"),
    **dict.fromkeys(WITHOUT_DEPLOYMENT, ("AwsRequestError", "has no deployment")),
    **dict.fromkeys(
        ("start_experiment", "poll_experiment", "end_experiment"),
        ("AwsRequestError", "experiment.json is missing"),
    ),
    "plan_preparation": ("AwsRequestError", "is missing"),
    "start_preparation": ("RunSettledError", "holds no dollars"),
    "poll_preparation": ("AwsRequestError", "is missing"),
}
ANSWERED = {
    "wake_run": ("woken", False),
    "watch_quality": ("endpoints", 0),
    "record_deployment": ("deployment_id", None),
    "publish_endpoint_page": ("page", None),
    "act_on_schedule": ("outcome", "refused"),
}


@pytest.mark.parametrize("stem", REFUSED)
def test_a_function_names_what_is_not_there(sam: Sam, stem: str) -> None:
    name, words = REFUSED[stem]
    answer = sam.invoke(stem, sample_event(stem, {"project": "nobody"}))
    assert (answer.get("errorType"), words in answer.get("errorMessage", "")) == (name, True), (
        answer
    )


@pytest.mark.parametrize("stem", ANSWERED)
def test_a_function_answers_that_there_is_nothing_to_do(sam: Sam, stem: str) -> None:
    member, value = ANSWERED[stem]
    assert sam.answer(stem, {})[member] == value


@pytest.fixture(scope="module")
def api(sam: Sam) -> Iterator[SamServer]:
    """The API's function, in one container for all calls."""
    sam.invoked.add("ApiFunction")
    with sam.serving("ApiFunction", warm=True) as server:
        yield server


@pytest.mark.parametrize("path", API_EVENTS, ids=[path.stem for path in API_EVENTS])
def test_the_api_answers_a_call_of_each_group_with_chalice_from_its_layer(
    api: SamServer, path: Path
) -> None:
    answer = api.invoke("ApiFunction", json.loads(path.read_text()))
    # What a sample names is mostly not there; that is told, and nothing fails.
    assert answer["statusCode"] in {200, 202, 404, 409, 422}, answer
    assert json.loads(answer["body"])


def test_every_function_of_the_template_was_invoked(sam: Sam) -> None:
    assert sam.invoked == set(sam.environments)
