from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.local_aws.serving.fakes import Runtime, make_runtime


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    made = make_runtime(tmp_path)
    yield made
    made.serving.close()
