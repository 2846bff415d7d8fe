"""This application with a second trainer, as a developer would add it: a folder and a line."""

import itertools
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from laptop.stack import BASE_MODEL_PREFIX, with_own_stack
from local_aws.server import EmbeddedAws, Options
from tests.integration.application_copy import copy_application
from tests.integration.workflow.conftest import CONFIG
from tests.integration.workflow.world import World

REGISTERED = '    "bedrock": _bedrock,\n'
ALLOWED = "Default: sagemaker,bedrock"
REGISTRATION = """def _memory(site: TrainerSite) -> Trainer:
    from thriftline.runs.trainers.memory.trainer import memory_trainer

    return memory_trainer(site)


"""
KEPT = re.compile(r"/memory_trainer/|/training/memory-.*/(job|words)\.json$")
_numbers = itertools.count(1)


def with_memory_trainer(folder: Path) -> Path:
    """Copies what is deployed, adds the trainer, and returns the copy's template."""
    template = copy_application(folder)
    trainers = folder / "functions/thriftline/runs/trainers"
    shutil.copytree(Path(__file__).with_name("memory"), trainers / "memory")
    registry = (trainers / "registry.py").read_text()
    assert REGISTERED in registry
    before, line, after = registry.partition("TRAINERS: ")
    after = after.replace(REGISTERED, f'{REGISTERED}    "memory": _memory,\n')
    (trainers / "registry.py").write_text(before + REGISTRATION + line + after)
    text = template.read_text()
    assert ALLOWED in text
    template.write_text(text.replace(ALLOWED, f"{ALLOWED},memory"))
    return template


# Of a module, since a process runs one embedded AWS at a time.
@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    template = with_memory_trainer(tmp_path_factory.mktemp("application"))
    options = with_own_stack(Options(template=template, time_scale=60))
    with EmbeddedAws(options) as aws:
        aws.client("s3").put_object(
            Bucket=aws.outputs["ArtifactsBucketName"],
            Key=f"{BASE_MODEL_PREFIX}config.json",
            Body=CONFIG.encode(),
        )
        yield World(aws)
        # Who adds a trainer gives functions the rights to what it keeps; this one has no template.
        asked = aws.recorded.asked
        aws.recorded.asked = {one for one in asked if not KEPT.search(one.resource)}


@pytest.fixture
def project() -> str:
    return f"memory-{next(_numbers)}"
