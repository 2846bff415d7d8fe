"""Experiments with two equal models, looked at after every request, call hardly any different.

``make test-experiments-million`` tries a million of them.
"""

import logging
import math
import os

from benchmarks.experiment_simulation import Setting, simulate

logger = logging.getLogger(__name__)
COUNT = int(os.environ.get("THRIFTLINE_EXPERIMENTS", "16000"))
REQUESTS = int(os.environ.get("THRIFTLINE_EXPERIMENT_REQUESTS", "400"))
ALPHA = 0.05
_AT_ONCE = 10_000
SETTINGS = (
    Setting(0.01, 0.01, 0.1),
    Setting(0.05, 0.05, 0.1),
    Setting(0.1, 0.1, 0.5),
    Setting(0.3, 0.3, 0.05),
    Setting(0.5, 0.5, 0.5),
    # The rate of both rises on the way, and somebody raises the weight.
    Setting(0.02, 0.02, 0.1, later_rate=0.2),
    Setting(0.1, 0.1, 0.1, later_weight=0.5),
    Setting(0.02, 0.02, 0.5, later_rate=0.3, later_weight=0.05),
)


def test_no_more_verdicts_are_false_than_stated_however_often_one_looks() -> None:
    each = COUNT // len(SETTINGS)
    verdicts = two_sided = tried = 0
    for number, setting in enumerate(SETTINGS):
        false = false_two_sided = 0
        for begun in range(0, each, _AT_ONCE):
            count = min(_AT_ONCE, each - begun)
            made = simulate(setting, count, REQUESTS, seed=1000 * number + begun // _AT_ONCE)
            # As ``split_conclusion`` decides: half of alpha for each direction.
            worse, better, different = made.peaks
            decided = (worse >= -math.log(ALPHA / 2)) | (better >= -math.log(ALPHA / 2))
            false += int(decided.sum())
            false_two_sided += int((different >= -math.log(ALPHA)).sum())
        logger.info(
            f"{setting}: {each:,} experiments of {REQUESTS:,} requests: false verdicts "
            f"{false / each:.4f}, two-sided test {false_two_sided / each:.4f}"
        )
        assert false <= _most(each)
        assert false_two_sided <= _most(each)
        verdicts, two_sided, tried = verdicts + false, two_sided + false_two_sided, tried + each
    logger.info(
        f"all {tried:,}: false verdicts {verdicts / tried:.4f}, two-sided {two_sided / tried:.4f}"
    )
    assert tried == COUNT
    assert verdicts <= ALPHA * tried
    # The bound is not met by never deciding.
    assert verdicts > 0.001 * tried


def _most(tried: int) -> float:
    """The stated rate, and four standard errors of so many tries."""
    return ALPHA * tried + 4 * math.sqrt(ALPHA * (1 - ALPHA) * tried)
