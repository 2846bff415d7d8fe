"""Whatever a project is called, Bedrock takes the names of its things."""

from hypothesis import given
from hypothesis import strategies as st

from thriftline.runs.domain.layout import Upload, job_name_of, run_id_of
from thriftline.runs.trainers.bedrock.layout import AttemptLayout
from thriftline.runs.trainers.bedrock.names import (
    client_token,
    evaluation_deployment_name,
    model_name,
    standing_deployment_name,
)
from thriftline.runs.trainers.bedrock.patterns import JOB_NAME, MODEL_NAME, S3_URI, TOKEN

projects = st.from_regex(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}", fullmatch=True)
stacks = st.from_regex(r"[a-zA-Z][-a-zA-Z0-9]{0,127}", fullmatch=True)


@given(projects, st.integers(1, 99))
def test_every_name_of_an_attempt_is_one_that_bedrock_takes(project: str, attempt: int) -> None:
    run_id = run_id_of(Upload("bucket", "key", "version"), project)
    name = job_name_of(run_id, attempt)
    layout = AttemptLayout(run_id, name)

    assert JOB_NAME.allows(name)
    assert MODEL_NAME.allows(model_name(name))
    for owner in ("own", "own2", "champion"):
        assert MODEL_NAME.allows(evaluation_deployment_name(name, owner))
    assert TOKEN.allows(client_token(run_id, name))
    for key in (layout.training_file, layout.validation_file, layout.job_output):
        assert S3_URI.allows(f"s3://thriftline-artifacts-123456789012-us-east-1/{key}")


@given(stacks, projects)
def test_a_standing_deployments_name_is_one_that_bedrock_takes(stack: str, project: str) -> None:
    assert MODEL_NAME.allows(standing_deployment_name(stack, project))


def test_projects_whose_names_become_alike_have_deployments_of_their_own() -> None:
    names = {standing_deployment_name("stack", one) for one in ("a-b", "a--b", "a---b")}

    assert len(names) == 3


def test_tokens_differ_by_attempt_and_by_what_is_made() -> None:
    tokens = {
        client_token("run", "run-01"),
        client_token("run", "run-02"),
        client_token("run", "run-01", "deployment own"),
        client_token("run", "run-01", "deployment own2"),
    }

    assert len(tokens) == 4
