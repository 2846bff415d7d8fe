"""What the defaults of small data sets cost, beside those until 2026-11-29."""

from dataclasses import replace

import pytest

from thriftline.runs.domain.auto_training import DataShape, NamedSettings, choose
from thriftline.runs.domain.encoders import WELL_KNOWN
from thriftline.runs.domain.tokens import mean_tokens
from thriftline.runs.trainers.sagemaker.expected_time import Workload, expected_time
from thriftline.runs.trainers.sagemaker.scaling import Gpus

MOST = 1.5


@pytest.mark.parametrize("model", ["distilbert/distilbert-base-uncased", "bert-base-uncased"])
@pytest.mark.parametrize("characters", [114, 1326])
@pytest.mark.parametrize("rows", [200, 600, 2_000, 10_000])
def test_a_small_default_run_takes_little_longer_than_one_with_fixed_settings(
    model: str, characters: int, rows: int
) -> None:
    encoder, gpus = WELL_KNOWN[model], Gpus.of("ml.g5.xlarge", 1)
    assert gpus is not None
    tokens = mean_tokens(characters, 256)
    before = Workload(
        train_rows=rows * 8 // 10,
        validation_rows=rows // 10,
        test_rows=rows // 10,
        mean_characters=characters,
        epochs=3,
        batch_tokens=4096,
        max_length=256,
        has_champion=False,
    )
    chosen = choose(DataShape(before.train_rows, tokens, 2, width=encoder.hidden), NamedSettings())
    now = replace(before, epochs=chosen.epochs, batch_tokens=chosen.tokens_of_step(tokens))

    seconds = [expected_time(work, encoder, gpus).seconds.likely for work in (before, now)]

    assert seconds[1] <= MOST * seconds[0]
