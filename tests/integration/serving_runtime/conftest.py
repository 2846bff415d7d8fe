import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_aws.options import ROOT
from local_aws.server import EmbeddedAws, Options
from local_aws.serving.options import ServingOptions
from tests.integration.local_aws.runtime import FakeRuntime
from tests.integration.serving_runtime.films import Films
from tests.integration.serving_runtime.tiny_model import make_archive

COMMAND = (sys.executable, str(ROOT / "training_image" / "serve"))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Films]:
    """The embedded AWS with containers that are real; minutes of SageMaker take seconds."""
    options = Options(
        template=Path(__file__).parent / "template.yaml",
        stack_name="serving",
        time_scale=60,
        lambda_runtime=FakeRuntime.make,
        serving=ServingOptions(command=COMMAND),
    )
    folder = tmp_path_factory.mktemp("models")
    with EmbeddedAws(options) as aws:
        films = Films(aws)
        films.put("models/v1/model.tar.gz", make_archive(folder / "v1", ("negative", "positive")))
        films.put("models/v2/model.tar.gz", make_archive(folder / "v2", ("bad", "good")))
        yield films
