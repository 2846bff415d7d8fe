"""Into which groups rows are put before each group is split.

With one label a row the group is the label. With several it is the set of labels, so that rare
combinations come into every split; a set with too few rows for that goes by its rarest label.
"""

from collections.abc import Mapping, Sequence
from math import ceil

import numpy as np

from thriftline.core.dataclass import dataclass
from thriftline.datasets.engine.duplicates import Ints
from thriftline.datasets.engine.label_sets import labels_of, rows_by_label
from thriftline.datasets.engine.splitting import Shares

MOST_SETS = 1000


@dataclass(frozen=True, slots=True)
class Strata:
    """The group of each class, by the classes' order."""

    of_class: Ints
    count: int


def strata_of_labels(classes: Sequence[str]) -> Strata:
    """Each label is a group."""
    return Strata(np.arange(max(len(classes), 1)), max(len(classes), 1))


def strata_of_sets(classes: Sequence[str], rows: Mapping[str, int], shares: Shares) -> Strata:
    """The most frequent sets are groups; the others go to the group of their rarest label."""
    least = fewest_rows(shares)
    frequent = [key for key in classes if rows[key] >= least]
    frequent = sorted(frequent, key=lambda key: (-rows[key], key))[:MOST_SETS]
    numbers = {key: number for number, key in enumerate(sorted(frequent))}
    of_label = rows_by_label(rows)
    rest: dict[str, int] = {}
    groups = []
    for key in classes:
        number = numbers.get(key)
        if number is None:
            rarest = min(labels_of(key), key=lambda one: (of_label[one], one), default="")
            number = len(numbers) + rest.setdefault(rarest, len(rest))
        groups.append(number)
    return Strata(np.array(groups or [0], np.int64), max(len(numbers) + len(rest), 1))


def fewest_rows(shares: Shares) -> int:
    """Rows of which every split gets one without getting more than its share, rounded."""
    wanted = [share for share in (shares.validation, shares.test) if share > 0]
    return max([shares.parts, *(ceil(0.5 / share) for share in wanted)])
