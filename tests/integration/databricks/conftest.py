"""A loopback Databricks for each test."""

from collections.abc import Iterator

import pytest

from tests.integration.databricks.server import Loopback, databricks
from tests.integration.databricks.world import World


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    with databricks() as found:
        yield found


@pytest.fixture
def world(loopback: Loopback) -> World:
    return World(loopback)
