"""The world of the API's tests."""

from collections.abc import Iterator

import pytest

from tests.unit.api.api_world import ApiWorld, api_world


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiWorld]:
    with api_world(monkeypatch) as made:
        yield made
