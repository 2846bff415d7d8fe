"""One embedded AWS for all tests of a module: a process runs one at a time."""

import dataclasses
import functools
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from laptop.stack import BASE_MODEL_PREFIX, with_own_stack
from local_aws.server import EmbeddedAws, Options
from local_aws.training.jobs import TrainingJobs
from local_aws.training.options import TrainingOptions
from tests.integration.cli.terminal import Terminal

PROGRAM = Path(__file__).parents[1] / "workflow" / "quick_train.py"
CONFIG = '{"hidden_size": 32, "num_hidden_layers": 2, "intermediate_size": 64, "vocab_size": 99}'
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def terminal() -> Iterator[Terminal]:
    jobs = functools.partial(
        TrainingJobs,
        command=[sys.executable, str(PROGRAM)],
        options=TrainingOptions(stop_grace_seconds=5),
    )
    options = with_own_stack(Options(time_scale=60, parameters={"Trainers": "sagemaker"}))
    with EmbeddedAws(dataclasses.replace(options, training_jobs=jobs)) as aws:
        aws.client("s3").put_object(
            Bucket=aws.outputs["ArtifactsBucketName"],
            Key=f"{BASE_MODEL_PREFIX}config.json",
            Body=CONFIG.encode(),
        )
        yield Terminal(aws)


@pytest.fixture
def project() -> str:
    return f"project-{next(_numbers)}"
