"""The API under requests of all kinds: it never fails, answers what it says, and GET only reads.

`make fuzz-api` sends ten thousand; the gate some hundreds.
"""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.api.world import CLOSED, ApiWorld

LOG = logging.getLogger(__name__)
ROOT = Path(__file__).parents[3]
PACKAGES = ROOT / ".thriftline/fuzz"
PROGRAM = Path(__file__).with_name("fuzz_program.py")
REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "300"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
# What is read is asked more often: nothing comes of it.
SHARE_OF_READS = 0.6


@pytest.fixture(scope="module")
def known(world: ApiWorld) -> dict[str, list[str]]:
    """Ids of what is there."""
    return {
        "id": [world.waiting(each).run_id for each in (CLOSED, "reviews")],
        "project": [CLOSED, "reviews"],
        "name": ["run.json", "result.json", "report.html"],
        "version": ["1", "2"],
    }


def fuzz(world: ApiWorld, known: dict[str, list[str]], methods: list[str], count: int) -> Any:
    command = [sys.executable, str(PROGRAM), "--base", world.base, "--methods", *methods]
    command += ["--requests", str(count), "--seed", str(SEED), "--known", json.dumps(known)]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGES)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.stdout, done.stderr[-3000:]
    report = json.loads(done.stdout)
    LOG.info("%s", {**report, "failures": len(report["failures"])})
    return report


@pytest.mark.skipif(not PACKAGES.is_dir(), reason="make setup makes what fuzzes the API")
def test_reading_changes_nothing_and_never_fails(
    world: ApiWorld, known: dict[str, list[str]]
) -> None:
    before = world.quiet_state()

    report = fuzz(world, known, ["GET"], int(REQUESTS * SHARE_OF_READS))

    assert report["failures"] == []
    assert report["statuses"]["200"] > 0
    assert world.state() == before


@pytest.mark.skipif(not PACKAGES.is_dir(), reason="make setup makes what fuzzes the API")
def test_whatever_is_sent_is_answered_as_the_document_says(
    world: ApiWorld, known: dict[str, list[str]]
) -> None:
    methods = ["POST", "PUT", "DELETE"]

    report = fuzz(world, known, methods, REQUESTS - int(REQUESTS * SHARE_OF_READS))

    assert report["failures"] == []
