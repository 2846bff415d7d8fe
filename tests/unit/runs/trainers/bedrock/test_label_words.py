"""Each label has a word of its own, or the run is refused."""

from itertools import permutations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.trainers.bedrock.answers import parse_answer
from thriftline.runs.trainers.bedrock.label_words import are_numbers, label_words

LABELS = st.lists(st.text(max_size=12), min_size=1, max_size=12, unique=True)


def is_fair(words: dict[str, str]) -> bool:
    return not any(one.startswith(other) for one, other in permutations(words.values(), 2))


@given(LABELS)
@example(["1", "10", "2"])
@example(["neg", "negative"])
@example(["İ", "i̇"])
def test_words_are_distinct_and_none_begins_another_whatever_the_labels(labels: list[str]) -> None:
    try:
        words = label_words(labels)
    except InvalidRunSpecError:
        return
    assert set(words) == set(labels)
    assert len(set(words.values())) == len(labels)
    assert is_fair(words)


@given(LABELS)
def test_every_word_is_parsed_as_its_label(labels: list[str]) -> None:
    try:
        words = label_words(labels)
    except InvalidRunSpecError:
        return
    for label, word in words.items():
        assert parse_answer(word, words) == label
        assert parse_answer(f" {word.upper()}.\n", words) in (label, None)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["negative", "positive"], ["negative", "positive"]),
        (["Very_Positive!", "Negative"], ["negative", "very-positive"]),
        (["1", "10", "2"], ["01", "10", "02"]),
        (["sci.space", "sci.med"], ["sci-med", "sci-space"]),
        (["हिन्दी", "தமிழ்"], ["हिन्दी", "தமிழ்"]),
        (["topic 1", "topic 10", "other"], ["other", "topic-01", "topic-10"]),
        (["v2 a", "v2 b", "w7"], ["v2-a", "v2-b", "w7"]),
        # A mark that belongs to an emoji is no beginning of a word, and is not seen.
        (["\u2764\ufe0f love", "\U0001f44e\U0001f3fd hate"], ["love", "hate"]),
    ],
)
def test_words_are_short_and_in_small_letters(labels: list[str], words: list[str]) -> None:
    assert list(label_words(labels).values()) == words


def test_a_given_word_takes_the_place_of_the_label() -> None:
    assert label_words(["0", "1"], {"0": "negative", "1": "positive"}) == {
        "0": "negative",
        "1": "positive",
    }


def test_numbers_are_noticed() -> None:
    assert are_numbers(["01", "10"])
    assert not are_numbers(["negative", "10"])


@pytest.mark.parametrize(
    ("labels", "given_words", "sentence"),
    [
        (["😀", "sad"], {}, "label '😀' cannot become a word: '' has no letter and no digit"),
        (["C++", "C#"], {}, "labels 'C#', 'C\\+\\+' all become 'c'"),
        (["Good", "good!"], {}, "labels 'Good', 'good!' all become 'good'"),
        (["neg", "negative"], {}, "'negative', which begins with 'neg' of label 'neg'"),
        (["a", "b" * 61], {}, "has 61 characters, and 60 is the most"),
        (["a", "b"], {"c": "see"}, "the data has no label 'c'; it has 'a', 'b'"),
        (
            ["a", "b"],
            {"a": "Yes"},
            "the word 'Yes' of label 'a' must be in small letters, as 'yes'",
        ),
        (["a", "b"], {"a": "yes."}, "without . or ! at its end"),
        (["a", "b"], {"a": "yes, b"}, "has a comma, which divides the list of words"),
        # The same to whoever reads them, and not the same characters.
        (["a", "b"], {"a": "caf\u00e9", "b": "cafe\u0301"}, "all become 'caf\u00e9'"),
        (["a", "b"], {"a": "ye\ns"}, "must be one line"),
        (["a", "b"], {"a": "user: yes"}, "has a word that Bedrock reserves"),
        (["a", "b"], {"a": "  "}, "has no letter and no digit"),
    ],
)
def test_a_label_that_cannot_become_a_distinct_word_is_refused(
    labels: list[str], given_words: dict[str, str], sentence: str
) -> None:
    with pytest.raises(InvalidRunSpecError, match=sentence) as raised:
        label_words(labels, given_words)
    assert str(raised.value).startswith("bedrock.label_words: ")
    assert str(raised.value).endswith("Nothing was spent.")
