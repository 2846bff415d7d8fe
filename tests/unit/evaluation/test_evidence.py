"""What the gate is told of a training that learned next to nothing."""

import json
import math

import pytest

from tests.unit.evaluation.job_outputs import metrics
from thriftline.evaluation.document import CurvePoint, ValidationPoint
from thriftline.evaluation.evidence import flat_head, flat_loss
from thriftline.evaluation.job_documents import JobMetrics
from thriftline.evaluation.job_output import History, read_metrics

EVEN = {"bad": 40, "good": 40}
UNEVEN = {"bad": 90, "good": 10}


def trained(method: str) -> JobMetrics:
    told = metrics(0.5)
    return read_metrics(json.dumps({**told, "train": {**told["train"], "method": method}}))


def history(first: float, last: float, *validation: float | None) -> History:
    return History(
        tuple(CurvePoint(step=n, epoch=1, loss=loss) for n, loss in enumerate((first, last))),
        tuple(
            ValidationPoint(step=n, epoch=1, loss=loss, accuracy=0.5, macro_f1=0.5)
            for n, loss in enumerate(validation)
        ),
    )


@pytest.mark.parametrize(
    ("method", "last", "expected"),
    [
        ("finetune", 0.68, (0.7, 0.68)),
        ("finetune", 0.5, None),
        ("linear_head", 0.68, None),  # its first loss is that of a head that was fitted
        ("head_first", 0.68, None),
    ],
)
def test_a_fine_tuning_is_held_against_its_first_loss(
    method: str, last: float, expected: tuple[float, float] | None
) -> None:
    assert flat_loss(trained(method), history(0.7, last)) == expected


@pytest.mark.parametrize("method", ["linear_head", "head_first"])
def test_a_fitted_head_is_held_against_the_shares_of_the_labels(method: str) -> None:
    flat = flat_head(trained(method), history(0.5, 0.1, 0.72, 0.69, None), EVEN)

    assert flat == pytest.approx((math.log(2), 0.69))
    assert flat_head(trained(method), history(0.5, 0.1, 0.72, 0.6), EVEN) is None
    assert flat_head(trained(method), history(0.5, 0.1, 0.5), UNEVEN) is not None
    assert flat_head(trained(method), history(0.5, 0.1, 0.2), UNEVEN) is None


def test_nothing_is_said_where_nothing_is_known() -> None:
    told = history(0.5, 0.1, 0.69)

    assert flat_head(trained("finetune"), told, EVEN) is None
    assert flat_head(trained("linear_head"), told, {}) is None
    assert flat_head(trained("linear_head"), told, {"good": 80}) is None
    assert flat_head(trained("linear_head"), history(0.5, 0.1), EVEN) is None
