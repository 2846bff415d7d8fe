"""One embedded AWS for all tests of a module; each test has a project of its own."""

import dataclasses
import functools
import itertools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from laptop.stack import BASE_MODEL_PREFIX, with_own_stack
from local_aws.server import EmbeddedAws, Options
from local_aws.training.jobs import TrainingJobs
from local_aws.training.options import TrainingOptions
from tests.integration.together import SHARED
from tests.integration.workflow.world import World

PROGRAM = Path(__file__).with_name("quick_train.py")
CONFIG = '{"hidden_size": 32, "num_hidden_layers": 2, "intermediate_size": 64, "vocab_size": 99}'
_numbers = itertools.count(1)


@contextmanager
def quick_world() -> Iterator[World]:
    """The application with a training program that takes seconds."""
    # These are the endings of SageMaker: the cheapest way to train would be another for some.
    options = with_own_stack(Options(time_scale=60, parameters={"Trainers": "sagemaker"}))
    jobs = functools.partial(
        TrainingJobs,
        command=[sys.executable, str(PROGRAM)],
        options=TrainingOptions(stop_grace_seconds=5),
    )
    with EmbeddedAws(dataclasses.replace(options, training_jobs=jobs)) as aws:
        aws.client("s3").put_object(
            Bucket=aws.outputs["ArtifactsBucketName"],
            Key=f"{BASE_MODEL_PREFIX}config.json",
            Body=CONFIG.encode(),
        )
        yield World(aws)


# Of a module, since a process runs one embedded AWS at a time.
@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with SHARED.of(request.path, quick_world) as world:
        yield world


@pytest.fixture
def project() -> str:
    return f"project-{next(_numbers)}"
