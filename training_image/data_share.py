"""How processes share the data: one of each machine tokenises, and every rank takes its rows.

Machines hold the same files, or, where the channel is sharded by S3 key, files of their own. Then
the training split is all machines' rows together, and a step's rows are trained where they lie.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from training_image.data import IntArray, Split
from training_image.job import JobError, StopRequestedError
from training_image.parallel import Ranks
from training_image.schedule import share_of

Agree = Callable[[Sequence[str]], Sequence[str]]


def on_each_machine(ranks: Ranks, act: Callable[[Agree], object]) -> None:
    """Lets one process of each machine act; the others wait, and fail or stop with it.

    Args:
        ranks: the processes.
        act: what to do; it may call the function that it gets, once, to have labels agreed on.

    Raises:
        JobError: it failed on some machine.
        StopRequestedError: SIGTERM came meanwhile.
    """
    agreement = _SharedLabels(ranks)
    failed: JobError | StopRequestedError | None = None
    if ranks.leads_machine:
        try:
            act(agreement)
        except (JobError, StopRequestedError) as error:
            failed = error
            agreement.decline()
    ranks.raise_any(failed)


class _SharedLabels:
    """The labels of all machines' rows, in alphabetical order."""

    def __init__(self, ranks: Ranks) -> None:
        self._ranks = ranks
        self._asked = False

    def __call__(self, names: Sequence[str]) -> list[str]:
        self._asked = True
        said = self._ranks.gather_machines(list(names))
        if None in said:
            raise StopRequestedError  # another machine's failure is told in a moment
        return sorted({name for each in said for name in each or ()})

    def decline(self) -> None:
        """Keeps the other machines from waiting for an answer of one that failed."""
        if not self._asked:
            self._ranks.gather_machines(None)


@dataclass(frozen=True)
class DataShare:
    """The rows of the training split that are this rank's."""

    split: Split
    """The rows on this machine."""
    rows: int
    tokens: int
    """Rows and tokens on all machines together."""
    digest: str
    first: int
    """The number, among all rows, of the first on this machine."""
    part: int
    parts: int
    """Which of how many ranks this is among those that share the machine's rows."""
    is_sharded: bool
    """Whether machines have rows of their own."""

    @classmethod
    def of(cls, split: Split, ranks: Ranks) -> "DataShare":
        """Finds out whether the machines hold the same rows."""
        mine = (ranks.machine, split.digest, len(split), len(split.tokens))
        said = ranks.gather(mine)
        machines = sorted(set(said))
        if len({digest for _, digest, _, _ in machines}) == 1:
            rows, tokens = len(split), len(split.tokens)
            return cls(split, rows, tokens, split.digest, 0, ranks.rank, ranks.world, False)
        before = machines.index(mine)
        digests = "".join(digest for _, digest, _, _ in machines)
        return cls(
            split,
            rows=sum(rows for _, _, rows, _ in machines),
            tokens=sum(tokens for _, _, _, tokens in machines),
            digest=hashlib.sha256(digests.encode()).hexdigest(),
            first=sum(rows for _, _, rows, _ in machines[:before]),
            part=ranks.local_rank,
            parts=sum(each[0] == ranks.machine for each in said),
            is_sharded=True,
        )

    def here(self, rows: IntArray) -> IntArray:
        """Returns those of some rows that lie on this machine, as indices into its split."""
        if not self.is_sharded:
            return rows
        local = rows - self.first
        return local[(local >= 0) & (local < len(self.split))]

    def mine(self, rows: IntArray) -> IntArray:
        """Returns those of a step's rows that this rank trains, as indices into the split."""
        here = self.here(rows)
        return share_of(here, self.split.lengths_of(here), self.part, self.parts)


def require_same(name: str, split: Split, ranks: Ranks) -> None:
    """Raises JobError where machines hold different rows of a split that all must know."""
    if len(set(ranks.gather(split.digest))) > 1:
        raise JobError(
            f"The channel {name} differs between the instances; only the channel train may be "
            "sharded by S3 key."
        )


def deal(split: Split, ranks: Ranks) -> IntArray:
    """Returns this rank's part of a split's rows, such that parts need about the same time."""
    if ranks.world == 1:
        return np.arange(len(split))
    return np.argsort(np.diff(split.offsets), kind="stable")[ranks.rank :: ranks.world]
