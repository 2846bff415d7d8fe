"""A search for hyperparameters by successive halving: how many trials train how far.

The training program makes the search (its README, "Sweeps"); a contract test holds these rungs to
the program's.
"""

from math import ceil

from thriftline.core.dataclass import dataclass


@dataclass(frozen=True)
class SearchRung:
    """How many trials train up to which share of their steps."""

    trials: int
    share: float


@dataclass(frozen=True)
class Search:
    """A search of so many trials. ``rungs`` says after how many comparisons one is left."""

    trials: int
    rungs: int | None = None

    @property
    def ladder(self) -> tuple[SearchRung, ...]:
        """Returns the rungs; the last has one trial, and its end is the run's."""
        return search_rungs(self.trials, self.rungs)

    @property
    def parts(self) -> tuple[tuple[int, float], ...]:
        """Returns for each rung its trials and the share of their steps that they train in it."""
        before = (0.0, *(rung.share for rung in self.ladder))
        return tuple(
            (rung.trials, rung.share - start)
            for rung, start in zip(self.ladder, before, strict=False)
        )

    @property
    def cost(self) -> float:
        """Returns what all trials train, as a multiple of one training."""
        return sum(trials * share for trials, share in self.parts)

    def waves(self, places: int) -> tuple[tuple[int, float], ...]:
        """Returns how often so many places are filled in each rung but the last."""
        return tuple((ceil(trials / places), share) for trials, share in self.parts[:-1])


def halvings(trials: int) -> int:
    """Returns how many halvings leave one trial."""
    return (trials - 1).bit_length()


def search_rungs(trials: int, rungs: int | None) -> tuple[SearchRung, ...]:
    """Returns the rungs of so many trials, with the last training of the best."""
    most = halvings(trials)
    wanted = min(rungs or most, most)
    if wanted == most:
        return tuple(SearchRung(-(-trials // 2**k), 2.0 ** (k - most)) for k in range(most + 1))
    factor = trials ** (1 / wanted)
    return tuple(
        SearchRung(ceil(trials / factor**k - 1e-9), factor ** (k - wanted))
        for k in range(wanted + 1)
    )
