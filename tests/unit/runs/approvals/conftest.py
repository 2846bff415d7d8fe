"""A run that may ask for approval: one embedded table for a file, emptied for each test."""

from collections.abc import Iterator

import pytest

from tests.unit.runs.approval_world import ApprovalWorld, approval_world


@pytest.fixture(scope="module")
def shared() -> Iterator[ApprovalWorld]:
    with approval_world() as made:
        yield made


@pytest.fixture
def world(shared: ApprovalWorld) -> ApprovalWorld:
    return shared.begin()
