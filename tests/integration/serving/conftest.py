"""One embedded AWS for all tests of a module; each test has a project of its own."""

import itertools
from collections.abc import Iterator

import pytest

from local_aws.options import LAMBDA_PYTHON, Options
from local_aws.server import EmbeddedAws
from local_aws.services.hosting_options import HostingOptions
from tests.integration.serving.world import ServingWorld

_numbers = itertools.count(1)
HOSTING = HostingOptions(provisioning_seconds=30, activation_seconds=1, deletion_seconds=1)


# Of a module, since a process runs one embedded AWS at a time.
@pytest.fixture(scope="module")
def world() -> Iterator[ServingWorld]:
    with EmbeddedAws(Options(time_scale=40, python=LAMBDA_PYTHON, hosting=HOSTING)) as aws:
        yield ServingWorld(aws)


@pytest.fixture
def project() -> str:
    return f"project-{next(_numbers)}"
