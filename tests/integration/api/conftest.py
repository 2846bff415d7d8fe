"""One embedded AWS for all tests of a module: a process runs one at a time."""

import itertools
from collections.abc import Iterator

import pytest

from tests.integration.api.world import PARAMETERS, ApiWorld
from tests.integration.quick_application import quick_application

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def world() -> Iterator[ApiWorld]:
    with quick_application(PARAMETERS) as aws:
        yield ApiWorld(aws)


@pytest.fixture
def project() -> str:
    return f"project-{next(_numbers)}"
