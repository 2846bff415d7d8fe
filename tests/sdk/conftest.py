"""A finished run of the embedded AWS, whose job has really trained, for the notebook to take."""

import json
import random
from collections.abc import Iterator

import pytest

from laptop import stack
from local_aws.options import ROOT
from local_aws.server import EmbeddedAws, Options
from local_aws.training.options import TrainingOptions
from tests.integration.workflow.world import EndedExecution, World
from tests.sdk.notebook import ENVIRONMENT
from tests.training.tiny import make_base_model, records

PROJECT = "films"
RUN_YAML = """
trainer: sagemaker
dataset: {keep_splits: true}
hyperparameters: {method: finetune, epochs: 2, learning_rate: 0.01, max_length: 32}
training: {instance_type: ml.g5.xlarge, spot: true}
gate: {minimum: 0.5}
"""
_ROWS = 900
_WRONG_SHARE = 0.1


@pytest.fixture(scope="session", autouse=True)
def _the_sdk_is_there() -> None:
    if not (ENVIRONMENT / "bin/jupyter").exists():
        pytest.skip(f"{ENVIRONMENT.relative_to(ROOT)} is missing: run make setup-sdk")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, _the_sdk_is_there: None) -> Iterator[World]:
    options = stack.with_own_stack(
        Options(time_scale=20, parameters={"Trainers": "sagemaker"}),
        TrainingOptions(stop_grace_seconds=5),
    )
    weights = make_base_model(tmp_path_factory.mktemp("base") / "tiny")
    with EmbeddedAws(options) as aws:
        stack.push_image(aws)
        for file in weights.iterdir():
            key = f"{stack.BASE_MODEL_PREFIX}{file.name}"
            aws.client("s3").upload_file(str(file), aws.outputs["ArtifactsBucketName"], key)
        yield World(aws)


@pytest.fixture(scope="session")
def finished(world: World) -> EndedExecution:
    """A run whose version the gate has approved: it is the champion."""
    world.upload(f"{PROJECT}/run.yaml", RUN_YAML)
    ended = world.end_of(world.upload(f"{PROJECT}/films.jsonl", _films()), 280)
    assert ended.result is not None, ended
    assert ended.result["status"] == "succeeded", ended.result["reason"]
    assert ended.result["gate"]["promotion"] == "approved"
    return ended


def _films() -> str:
    """Some labels are wrong, so that no model is without mistakes."""
    chance = random.Random(5)
    other = {"positive": "negative", "negative": "positive"}
    lines = []
    for row in records(_ROWS, seed=1):
        label = other[row["label"]] if chance.random() < _WRONG_SHARE else row["label"]
        lines.append(json.dumps({"text": row["text"], "label": label}))
    return "\n".join(lines) + "\n"
