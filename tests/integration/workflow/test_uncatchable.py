"""Errors that no Catch gets, end to end: the execution fails, and its run has a result."""

from collections.abc import Iterator

import pytest

from laptop.stack import BASE_MODEL_PREFIX, with_own_stack
from local_aws.server import EmbeddedAws, Options
from tests.integration.application_copy import copy_application
from tests.integration.workflow.conftest import CONFIG
from tests.integration.workflow.test_stops import says_one_thing
from tests.integration.workflow.world import World, csv_of

# Step Functions carries 262,144 bytes from state to state; a function may answer with six MB.
VALIDATE = '''"""A validation that does what no validation of ours may."""

Runtime = type("States.Runtime", (Exception,), {})


def lambda_handler(event, context):
    if event["run_id"].startswith("large"):
        return {"padding": "x" * 300_000}
    raise Runtime("made to fail")
'''


# Of a module, since a process runs one embedded AWS at a time.
@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    template = copy_application(tmp_path_factory.mktemp("application"))
    handlers = template.parent / "functions/thriftline/handlers"
    (handlers / "validate_dataset.py").write_text(VALIDATE)
    with EmbeddedAws(with_own_stack(Options(template=template, time_scale=60))) as aws:
        aws.client("s3").put_object(
            Bucket=aws.outputs["ArtifactsBucketName"],
            Key=f"{BASE_MODEL_PREFIX}config.json",
            Body=CONFIG.encode(),
        )
        yield World(aws)


@pytest.mark.parametrize(
    ("project", "error"),
    [("large", "States.DataLimitExceeded"), ("runtime", "States.Runtime")],
)
def test_an_error_that_no_catch_gets_leaves_a_failed_run_with_a_result_and_a_message(
    world: World, project: str, error: str
) -> None:
    ended = world.end_of(world.upload(f"{project}/reviews.csv", csv_of(600)))

    assert (ended.status, ended.error) == ("FAILED", error)
    # Nothing in the machine came after it: neither its own clean-up nor its own result.
    assert ended.states[-1] == "Validate dataset"
    says_one_thing(world, project, ended.arn)
    result = world.result_of(ended.arn)
    assert result is not None
    assert result["status"] == "failed"
    assert error.replace("States.", "State") in str(result), result
