"""The API in memory that commands of runs talk to."""

from pathlib import Path

import pytest

from tests.unit.cli.fake_api import FakeApi
from tests.unit.cli.runs_api import ENDED, ID, RUNNING


@pytest.fixture
def api() -> FakeApi:
    return FakeApi(
        environ={"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
        routes={f"GET /runs/{ID}": [RUNNING, RUNNING, ENDED]},
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "shop.csv"
    path.write_text("text,label\na,b\n")
    return path
