"""The application on an embedded AWS in which a training takes a moment."""

import dataclasses
import functools
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from laptop.stack import BASE_MODEL_PREFIX, with_own_stack
from local_aws.server import EmbeddedAws, Options
from local_aws.training.jobs import TrainingJobs
from local_aws.training.options import TrainingOptions

PROGRAM = Path(__file__).parent / "workflow" / "quick_train.py"
CONFIG = '{"hidden_size": 32, "num_hidden_layers": 2, "intermediate_size": 64, "vocab_size": 99}'


@contextmanager
def quick_application(parameters: Mapping[str, str]) -> Iterator[EmbeddedAws]:
    """Runs it with these parameters of the stack; a process runs one at a time."""
    jobs = functools.partial(
        TrainingJobs,
        command=[sys.executable, str(PROGRAM)],
        options=TrainingOptions(stop_grace_seconds=5),
    )
    options = with_own_stack(Options(time_scale=60, parameters=dict(parameters)))
    with EmbeddedAws(dataclasses.replace(options, training_jobs=jobs)) as aws:
        aws.client("s3").put_object(
            Bucket=aws.outputs["ArtifactsBucketName"],
            Key=f"{BASE_MODEL_PREFIX}config.json",
            Body=CONFIG.encode(),
        )
        yield aws
