"""One embedded AWS for all tests of a module; each test has a project of its own."""

import itertools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local_aws.options import LAMBDA_PYTHON, Options
from local_aws.server import EmbeddedAws
from local_aws.services.hosting_options import HostingOptions
from local_aws.serving.options import ServingOptions
from tests.integration.serving.world import SCARCE_TYPE, ServingWorld
from tests.integration.together import SHARED

_numbers = itertools.count(1)
PROGRAM = Path(__file__).with_name("quick_serve.py")
HOSTING = HostingOptions(provisioning_seconds=30, activation_seconds=1, deletion_seconds=1)


@contextmanager
def quick_world() -> Iterator[ServingWorld]:
    """The application with endpoints that are there in seconds."""
    options = Options(
        time_scale=40,
        python=LAMBDA_PYTHON,
        hosting=HOSTING,
        serving=ServingOptions(command=(sys.executable, str(PROGRAM))),
        quotas={f"{SCARCE_TYPE} for endpoint usage": 3},
    )
    with EmbeddedAws(options) as aws:
        yield ServingWorld(aws)


# Of a module, since a process runs one embedded AWS at a time.
@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest) -> Iterator[ServingWorld]:
    with SHARED.of(request.path, quick_world) as world:
        yield world


@pytest.fixture
def project() -> str:
    return f"project-{next(_numbers)}"
