"""`thriftline endpoints` against the embedded AWS."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_aws.options import LAMBDA_PYTHON, Options
from local_aws.server import EmbeddedAws
from local_aws.services.hosting_options import HostingOptions
from local_aws.serving.options import ServingOptions
from tests.integration.cli.terminal import Terminal
from tests.integration.serving.world import ServingWorld
from thriftline_cli.exits import Exit

PROGRAM = Path(__file__).parents[1] / "serving" / "quick_serve.py"
HOSTING = HostingOptions(provisioning_seconds=30, activation_seconds=1, deletion_seconds=1)


@pytest.fixture(scope="module")
def world() -> Iterator[ServingWorld]:
    options = Options(
        time_scale=60,
        python=LAMBDA_PYTHON,
        hosting=HOSTING,
        serving=ServingOptions(command=(sys.executable, str(PROGRAM))),
    )
    with EmbeddedAws(options) as aws:
        yield ServingWorld(aws)


def test_a_refusal_is_told_though_nobody_waits(world: ServingWorld) -> None:
    terminal = Terminal(world.aws)
    world.serve_yaml("odd", "rollout: {type: all-at-once}\nkinds: serverless\n")
    world.register("odd")
    refused = terminal.run("endpoints", "deploy", "odd", "--yes", code=Exit.REFUSED)
    assert "serve.yaml" in refused.err
    assert "line 2" in refused.err
