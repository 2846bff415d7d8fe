"""How this repository's own stack runs here: its interpreter, its training program, its weights."""

import dataclasses
import functools
import json
import logging
import os
import sys
from pathlib import Path

from laptop import sample_data
from local_aws.options import LAMBDA_PYTHON, ROOT, Options
from local_aws.server import EmbeddedAws
from local_aws.serving.options import ServingOptions
from local_aws.training.container_launcher import ContainerEngineError, Engine
from local_aws.training.jobs import TrainingJobs
from local_aws.training.options import TrainingOptions

LOG = logging.getLogger(__name__)

BASE_MODEL_PREFIX = "base_models/all-MiniLM-L6-v2/"
TRAINING_PROGRAM = ROOT / "training_image/train"
SERVING_PROGRAM = ROOT / "training_image/serve"


class SetupError(Exception):
    """Something that `make setup` makes is missing."""


def with_own_stack(options: Options, training: TrainingOptions | None = None) -> Options:
    """Return the options under which this repository's functions and its two programs run.

    The base model that runs use by default is the one that a package carries, since nothing can
    be fetched from a hub here; a parameter given by hand wins.

    Raises:
        SetupError: an environment is missing, or what runs the named training image.
    """
    if not LAMBDA_PYTHON.exists():
        raise SetupError(f"{LAMBDA_PYTHON.relative_to(ROOT)} is missing: run make setup")
    training = training or TrainingOptions()
    if options.training_image:
        _check_engine(options.training_image)
        training = dataclasses.replace(training, image=options.training_image)
    jobs = functools.partial(
        TrainingJobs,
        command=[sys.executable, str(TRAINING_PROGRAM)],
        options=training,
    )
    artifacts = f"{options.stack_name}-artifacts-{options.account}-{options.region}"
    parameters = {"DefaultBaseModel": f"s3://{artifacts}/{BASE_MODEL_PREFIX}"}
    return dataclasses.replace(
        options,
        python=LAMBDA_PYTHON,
        training_jobs=jobs,
        serving=options.serving or ServingOptions([sys.executable, str(SERVING_PROGRAM)]),
        parameters={**parameters, **options.parameters},
    )


def _check_engine(image: str) -> None:
    try:
        Engine(os.environ).check(image)
    except ContainerEngineError as error:
        raise SetupError(str(error)) from error


def upload_base_model(aws: EmbeddedAws) -> None:
    """Put the weights of the package where the stack's default base model is looked for."""
    s3 = aws.client("s3")
    for file in sample_data.base_model_files():
        s3.upload_file(
            str(file), aws.outputs["ArtifactsBucketName"], BASE_MODEL_PREFIX + Path(file).name
        )


def push_image(aws: EmbeddedAws) -> None:
    """Put an image under the tag that the stack names, so that it has a digest."""
    repository = aws.outputs["TrainingRepositoryUri"].rpartition("/")[2]
    media = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = {"schemaVersion": 2, "mediaType": media, "layers": [], "config": {"size": 1}}
    aws.client("ecr").put_image(
        repositoryName=repository, imageManifest=json.dumps(manifest), imageTag="0.1.0"
    )
