"""Thousands of runs of the shipped workflow in virtual time.

    python -m tests.virtual_time --runs 10000 --processes 2
    python -m tests.virtual_time --seed 4711 --tell

A seed that breaks an invariant is printed with what broke, and plays the same again.
"""

import argparse
import multiprocessing
import sys
import time
from collections import Counter

from tests.virtual_time.play import Played, play

_UPLOADS = 6


def main() -> int:
    """Plays worlds until there were enough runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--seed", type=int, help="play this seed alone")
    parser.add_argument("--tell", action="store_true", help="tell what went wrong, and when")
    asked = parser.parse_args()
    if asked.seed is not None:
        return _one(asked.seed, tell=asked.tell)
    began = time.monotonic()
    runs, calls, bad = 0, 0, 0
    endings: Counter[str] = Counter()
    seeds = iter(range(asked.first, sys.maxsize))
    with multiprocessing.Pool(asked.processes) as pool:
        while runs < asked.runs:
            batch = [next(seeds) for _ in range(max(2, min(60, (asked.runs - runs) // _UPLOADS)))]
            for played in pool.imap_unordered(_played, batch, chunksize=2):
                runs, calls = runs + played.runs, calls + played.calls
                endings += Counter(played.endings)
                bad += bool(played.broken)
                for told in played.broken:
                    _say(f"seed {played.seed}: {told}")
            minutes = (time.monotonic() - began) / 60
            _say(f"{runs:,} runs, {calls:,} calls of AWS, {runs / minutes:,.0f} runs a minute")
    _say(", ".join(f"{count:,} {name}" for name, count in sorted(endings.items())))
    _say(f"{bad} worlds with a broken invariant" if bad else "every invariant holds")
    return 1 if bad else 0


def _played(seed: int) -> Played:
    return play(seed, uploads=_UPLOADS)


def _one(seed: int, *, tell: bool) -> int:
    played = play(seed, uploads=_UPLOADS)
    for told in played.story if tell else ():
        _say(told)
    for told in played.broken:
        _say(f"seed {seed}: {told}")
    return 1 if played.broken else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
