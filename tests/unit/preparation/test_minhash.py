import random
import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.preparation_corpus import shingle_set, similarity
from preparation.thriftline_preparation import minhash
from preparation.thriftline_preparation.minhash import Banding, MinHash, jaccard, shingles, words

AT_08 = MinHash.of(Banding.of(0.8), 0)
# Few words, so that texts share some; signs, scripts and nothing at all among them.
texts = st.lists(
    st.sampled_from(["Alpha", "beta", "42", "née", "ÉTÉ", "don't", "--", "映画", "", "a_b", "🙂"]),
    max_size=12,
).map(" ".join)


@given(st.text(st.characters(max_codepoint=127)))
def test_words_of_ascii_are_its_letters_and_digits_in_lower_case(text: str) -> None:
    found = re.findall("[a-z0-9]+", text.lower())
    assert words(text) == (found or ["".join(text.split()) or "\0"])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Café AU lait, 3rd", ["café", "au", "lait", "3rd"]),
        (unicodedata.normalize("NFD", "Café"), ["café"]),
        ("Привет, МИР", ["привет", "мир"]),
        ("良い映画 film", ["良", "い", "映", "画", "film"]),
        ("🙂 👍", ["🙂👍"]),
        ("", ["\0"]),
        (None, ["\0"]),
    ],
)
def test_words_of_any_script(text: str | None, found: list[str]) -> None:
    assert words(text) == found


@given(texts, texts)
def test_hashes_of_shingles_are_as_alike_as_the_shingles(one: str, other: str) -> None:
    """Also of texts that end differently after a common beginning."""
    sets = []
    for text in (one, other):
        hashes, starts = minhash._shingle_hashes(minhash._line(text))
        assert starts.tolist() == [0]
        sets.append(frozenset(map(str, hashes.tolist())))
    assert jaccard(*sets) == jaccard(shingles(one), shingles(other))


@given(texts.filter(str.isascii), texts.filter(str.isascii))
def test_similarity_is_the_one_that_the_benchmark_finds_in_its_own_way(
    one: str, other: str
) -> None:
    sets = shingle_set(one), shingle_set(other)
    if all(sets):
        assert jaccard(shingles(one), shingles(other)) == similarity(*sets)


@given(st.lists(texts, min_size=1, max_size=30), st.integers(1, 30))
def test_buckets_do_not_depend_on_the_batch(batch: list[str], size: int) -> None:
    whole = AT_08.buckets(batch, [None] * len(batch))
    parts = [batch[at : at + size] for at in range(0, len(batch), size)]
    apart = [AT_08.buckets(part, [None] * len(part)) for part in parts]
    assert np.array_equal(whole, np.concatenate(apart))


def test_buckets_do_not_depend_on_where_a_large_batch_is_cut() -> None:
    chance = random.Random(3)
    batch = [" ".join(f"w{chance.randrange(50)}" for _ in range(3000)) for _ in range(200)]
    assert sum(map(len, batch)) > 3 * minhash._PART_BYTES
    whole = AT_08.buckets(batch, [None] * len(batch))
    assert np.array_equal(whole[150:], AT_08.buckets(batch[150:], [None] * 50))


def test_buckets_are_the_same_everywhere_and_ever() -> None:
    """Of any Python, numpy and machine: a stored data set would change otherwise."""
    found = AT_08.buckets(["The quick brown fox jumps", "Café 映画", "a pair"], [None, "", "of it"])
    assert [found[:, 0].tolist(), int(found.sum())] == GOLDEN


GOLDEN = [[4855021520516270168, 2916099126132898180, -4052961907073869890], 5977324193859283777]


@given(st.floats(0.5, 1.0))
def test_a_pair_at_the_threshold_is_found(threshold: float) -> None:
    banding = Banding.of(threshold)
    assert banding.recall(threshold) >= 0.99
    assert minhash.FEWEST_BANDS <= banding.bands <= minhash.MOST_BANDS
    assert banding.rows <= minhash.MOST_ROWS


def test_the_default_has_20_bands_of_7_rows() -> None:
    assert Banding.of(0.8) == Banding(20, 7)
    assert Banding(16, 8).recall(0.8) == pytest.approx(0.947, abs=0.001)


@pytest.mark.parametrize("threshold", [0.0, 0.49, 1.01])
def test_a_threshold_that_cannot_be_found_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match=r"not from 0\.5 to 1\.0"):
        Banding.of(threshold)


@pytest.mark.parametrize("common", [36, 40, 44])
def test_buckets_are_shared_as_often_as_the_formula_says(common: int) -> None:
    """Of 2,000 pairs: within four standard deviations."""
    pairs = 2000
    chance = random.Random(common)
    one, other = [], []
    for _ in range(pairs):
        shared = [f"s{chance.randrange(10**9)}" for _ in range(common + 2)]
        one.append(" ".join([*shared, *(f"a{chance.randrange(10**9)}" for _ in range(4))]))
        other.append(" ".join([*shared, *(f"b{chance.randrange(10**9)}" for _ in range(4))]))
    alike = jaccard(shingles(one[0]), shingles(other[0]))
    assert alike == common / (common + 8)
    same = AT_08.buckets(one, [None] * pairs) == AT_08.buckets(other, [None] * pairs)
    expected = AT_08.banding.recall(alike)
    deviation = (expected * (1 - expected) / pairs) ** 0.5
    assert abs(same.any(axis=1).mean() - expected) < 4 * deviation + 1 / pairs
    assert same.mean() == pytest.approx(alike**AT_08.banding.rows, rel=0.1)


def test_pairs_meet_only_where_both_texts_are_alike() -> None:
    passage = " ".join(f"word{number}" for number in range(500))
    questions = ["Who wrote it?", "When was that?", "who  WROTE it", None]
    found = AT_08.buckets([passage] * 4, questions)
    assert np.array_equal(found[0], found[2])
    assert not (found[0] == found[1]).any()
    assert not (found[0] == found[3]).any()
    assert jaccard(shingles(questions[0]), shingles(questions[1])) < 0.8
