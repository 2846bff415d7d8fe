"""One embedded AWS for all tests of a module; each test has a project of its own."""

import itertools
from collections.abc import Iterator

import pytest

from laptop.stack import BASE_MODEL_PREFIX, with_own_stack
from local_aws.bedrock.options import BedrockOptions, Step
from local_aws.server import EmbeddedAws, Options
from tests.integration.bedrock.world import BedrockWorld
from tests.integration.workflow.conftest import CONFIG

_numbers = itertools.count(1)


# Of a module, since a process runs one embedded AWS at a time.
@pytest.fixture(scope="module")
def world() -> Iterator[BedrockWorld]:
    # Phases are seen by the polls between them, however short they are.
    quick = BedrockOptions(seconds={**dict.fromkeys(Step, 0.0)})
    with EmbeddedAws(with_own_stack(Options(time_scale=60, bedrock=quick))) as aws:
        aws.client("s3").put_object(
            Bucket=aws.outputs["ArtifactsBucketName"],
            Key=f"{BASE_MODEL_PREFIX}config.json",
            Body=CONFIG.encode(),
        )
        yield BedrockWorld(aws)


@pytest.fixture
def project() -> str:
    return f"words-{next(_numbers)}"
