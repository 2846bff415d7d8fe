"""A model goes behind an endpoint and back, by `thriftline` alone."""

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
SERVE = """\
instance: {type: ml.m5.large, count: 1}
rollout: {type: all-at-once, bake_seconds: 180}
"""


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


def test_a_version_is_deployed_replaced_and_brought_back(world: ServingWorld) -> None:
    terminal, wait = Terminal(world.aws), ("--wait", "--every", "0.5s", "--output", "json")
    world.serve_yaml("shop", SERVE)
    world.register("shop")
    priced = terminal.run("endpoints", "deploy", "shop", "--dry-run", "--output", "json").answer
    assert priced["would_deploy"]
    refused = terminal.run("endpoints", "deploy", "shop", code=Exit.REFUSED)
    assert "a month at most $" in refused.err
    first = terminal.run("endpoints", "deploy", "shop", "--yes", "--why", "the first", *wait)
    assert 'thriftline endpoints ask shop "a text"' in first.err
    world.register("shop")
    terminal.run("endpoints", "deploy", "shop", "--yes", *wait)
    back = terminal.run("endpoints", "rollback", "shop", "--yes", *wait).answer
    assert (back["ending"], back["version"]) == ("deployed", 1)

    listed = terminal.run("endpoints", "list", "shop", "--output", "json").answer
    assert [one["version"] for one in listed] == [1, 2, 1]
    # The number that --to takes is the one that the list shows.
    entry = listed[1]["entry"]
    words = ("endpoints", "rollback", "shop", "--to", str(entry), "--dry-run", "--output", "json")
    assert terminal.run(*words).answer["version"] == 2
    shown = terminal.run("endpoints", "get", "thriftline-shop", "--output", "json").answer
    assert (shown["project"], shown["registry_version"]) == ("shop", 1)
    (served,) = terminal.run("endpoints", "list", "--output", "json").answer
    assert served["status"] == "InService"
    told = terminal.run("endpoints", "ask", "shop", "A warm film.", "Dull.", "--output", "json")
    assert [(one["text"], one["label"]) for one in told.answer] == [
        ("A warm film.", "good"),
        ("Dull.", "good"),
    ]
    nothing = terminal.run("endpoints", "abort", "shop", "--yes", code=Exit.NOT_FOUND)
    assert "under way" in nothing.err


def test_a_refusal_is_told_though_nobody_waits(world: ServingWorld) -> None:
    terminal = Terminal(world.aws)
    world.serve_yaml("odd", "rollout: {type: all-at-once}\nkinds: serverless\n")
    world.register("odd")
    refused = terminal.run("endpoints", "deploy", "odd", "--yes", code=Exit.REFUSED)
    assert "serve.yaml" in refused.err
    assert "line 2" in refused.err
