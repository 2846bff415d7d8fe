"""What the tests of the training program share."""

from pathlib import Path

import pytest

from tests.training.tiny import Result, TinyJob, make_base_model


@pytest.fixture(scope="session")
def base_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder of a tiny pretrained BERT."""
    return make_base_model(tmp_path_factory.mktemp("base") / "tiny-bert")


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory, base_model: Path) -> Result:
    """Returns an uninterrupted run of the default tiny job."""
    result = TinyJob.make(tmp_path_factory.mktemp("clean"), base_model).run_here()
    assert result.code == 0, result.stderr
    return result
