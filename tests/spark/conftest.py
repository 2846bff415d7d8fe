"""The real program of preparation/ on the embedded AWS: run by make test-preparation."""

from pathlib import Path

import pytest

from local_aws.preparation.options import PreparationOptions


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if missing := PreparationOptions().missing():
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=missing))
