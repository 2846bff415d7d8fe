"""The split: deterministic, exact for each label, and the same for the same seed.

The hash of a text, which the seed enters, is a fixed random number. Within a label the texts
with the smallest numbers are tested on, the next ones validated on, the rest trained on. So a
text's split depends on nothing but itself, its label's texts and the seed, not on the order of
rows or files.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from thriftline.core.dataclass import dataclass
from thriftline.datasets.engine.duplicates import U64, Ints
from thriftline.datasets.engine.rules import DatasetRules, Split

END = 1 << 64
POOL, VALIDATION, TEST = 0, 1, 2
RANKS: dict[Split | None, int] = {None: POOL, "train": POOL, "validation": VALIDATION, "test": TEST}
NAMES: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Shares:
    """Which splits are cut out of the training rows, and how much."""

    validation: float
    test: float

    @property
    def parts(self) -> int:
        """Into how many parts each label is split."""
        return 1 + (self.validation > 0) + (self.test > 0)

    def sizes(self, texts: int) -> tuple[int, int]:
        """Number of test and validation texts of a label: rounded, at least one of each."""
        wanted = [_at_least_one(texts, share) for share in (self.test, self.validation)]
        while sum(wanted) >= texts and sum(wanted) > 0:
            wanted[wanted.index(max(wanted))] -= 1
        return wanted[0], wanted[1]


def _at_least_one(texts: int, share: float) -> int:
    return max(int(texts * share + 0.5), 1) if share > 0 else 0


def shares_of(rules: DatasetRules, given: set[Split | None]) -> Shares:
    """Splits that files bring are not cut again."""
    return Shares(
        validation=0.0 if "validation" in given else rules.validation_fraction,
        test=0.0 if "test" in given else rules.test_fraction,
    )


@dataclass(slots=True)
class Cutoffs:
    """For each label: hashes below the first are tested on, below the second validated on."""

    by_label: dict[str, tuple[int, int]]

    def arrays(self, names: Sequence[str]) -> tuple[U64, U64]:
        """Both cutoffs of each name; a cutoff beyond the last hash takes the last one."""
        last = END - 1
        pairs = [self.by_label[name] for name in names] or [(0, 0)]
        tests, both = ([min(pair[which], last) for pair in pairs] for which in (0, 1))
        return np.array(tests, np.uint64), np.array(both, np.uint64)

    def to_json(self) -> dict[str, Any]:
        """As text: JSON numbers are not exact to 64 bits everywhere."""
        return {label: [str(cut) for cut in cuts] for label, cuts in self.by_label.items()}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Cutoffs":
        """The reverse of ``to_json``."""
        return cls({label: (int(a), int(b)) for label, (a, b) in document.items()})


@dataclass(slots=True)
class CutoffSearch:
    """Finds the hash of a given rank in each label, when the parts' sizes are known.

    ``counts`` has a row for each part in order of hash, and a column for each label.
    """

    counts: Ints
    ranks: list[tuple[int, int]]
    found: dict[tuple[int, int], int]

    @classmethod
    def of(cls, counts: Ints, shares: Shares) -> "CutoffSearch":
        """Takes the ranks from the number of texts of each label."""
        ranks = []
        for texts in counts.sum(axis=0).tolist():
            test, validation = shares.sizes(texts)
            ranks.append((test, test + validation))
        return cls(counts, ranks, {})

    def parts(self) -> list[int]:
        """The parts that hold a wanted rank."""
        return sorted({part for part, _, _, _ in self._wanted()})

    def _wanted(self) -> list[tuple[int, int, int, int]]:
        """Part, label, which of the two cuts, and rank within the part."""
        wanted = []
        sums = np.cumsum(self.counts, axis=0)
        for label, ranks in enumerate(self.ranks):
            for which, rank in enumerate(ranks):
                if 0 < rank < sums[-1, label]:
                    part = int(np.searchsorted(sums[:, label], rank, side="right"))
                    before = int(sums[part - 1, label]) if part else 0
                    wanted.append((part, label, which, rank - before))
        return wanted

    def look_into(self, part: int, hashes_of_part: U64, labels: Ints) -> None:
        """Takes the hashes and labels of the texts of one part."""
        for number, label, which, rank in self._wanted():
            if number == part:
                hashes = np.sort(hashes_of_part[labels == label])
                self.found[label, which] = int(hashes[rank])

    def cuts(self) -> list[tuple[int, int]]:
        """The cutoffs of all labels; a rank of 0 cuts nothing off, the last one everything."""
        totals = self.counts.sum(axis=0).tolist()
        found = []
        for label, ranks in enumerate(self.ranks):
            test, both = (
                self.found.get((label, which), END if rank and rank >= totals[label] else 0)
                for which, rank in enumerate(ranks)
            )
            found.append((test, both))
        return found


def cut_ranks(high: U64, tests: U64, both: U64) -> Ints:
    """The split of each text by its hash and its label's cutoffs."""
    ranks = np.full(len(high), POOL, np.int64)
    ranks[high < both] = VALIDATION
    ranks[high < tests] = TEST
    return ranks


def even_cutoffs(names: list[str], shares: Shares) -> Cutoffs:
    """The shares themselves as cutoffs: for millions of texts the difference vanishes."""
    test = int(shares.test * END)
    both = int((shares.test + shares.validation) * END)
    return Cutoffs(dict.fromkeys(names, (test, both)))
