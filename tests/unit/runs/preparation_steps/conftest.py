"""The world of a run that prepares its data on EMR Serverless."""

from collections.abc import Iterator

import pytest

from tests.unit.runs.preparation_world import PreparationWorld, preparation_world

EMR = {"prepare": {"engine": "emr_serverless"}}


@pytest.fixture
def world() -> Iterator[PreparationWorld]:
    with preparation_world() as made:
        made.rewrite(**EMR)
        yield made
