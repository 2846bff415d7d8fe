"""What the charts of a run's report show."""

import re

import pytest

from tests.unit.runs.sample_results import succeeded
from thriftline.evaluation.document import ValidationPoint
from thriftline.runs.reports.charts import validation_chart


@pytest.mark.parametrize(
    ("accuracy", "macro_f1"), [(0.9857, 0.9858), (1.0, 1.0), (0.0, 0.0), (0.5, 0.9), (0.7, 0.702)]
)
def test_lines_of_the_validation_chart_have_labels_that_differ_however_flat_it_is(
    accuracy: float, macro_f1: float
) -> None:
    training = succeeded().training
    assert training is not None
    points = tuple(
        ValidationPoint(step=step, epoch=step, loss=0.1, accuracy=accuracy, macro_f1=macro_f1)
        for step in (1, 2, 3)
    )
    chart = validation_chart(training.model_copy(update={"validation": points}))

    assert chart is not None
    labels = re.findall(r"<text[^>]*>([\d.]+)%<", chart.svg)
    shares = [float(label) for label in labels]
    assert len(set(shares)) == len(shares) >= 3
    assert min(shares) >= 0
    assert max(shares) <= 100
