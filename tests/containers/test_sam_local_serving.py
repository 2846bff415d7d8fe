"""The functions of serving, each in a container of its own, on its sample event.

Nothing is deployed here, so each says what is missing: it has loaded, has parsed its event and has
asked AWS. The last test needs those of the files before it too.
"""

import pytest

from tests.containers.sam import Sam, sample_event

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

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


def test_every_function_of_the_template_was_invoked(sam: Sam) -> None:
    assert sam.invoked == set(sam.environments)
