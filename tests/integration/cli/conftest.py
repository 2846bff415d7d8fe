"""One embedded AWS for all tests of a module: a process runs one at a time."""

import itertools
from collections.abc import Iterator

import pytest

from tests.integration.cli.terminal import Terminal
from tests.integration.quick_application import quick_application

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def terminal() -> Iterator[Terminal]:
    with quick_application({"Trainers": "sagemaker"}) as aws:
        yield Terminal(aws)


@pytest.fixture
def project() -> str:
    return f"project-{next(_numbers)}"
