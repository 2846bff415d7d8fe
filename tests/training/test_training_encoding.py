"""Remembering words changes no token of a text, with every kind of tokenizer that it is for."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, models, normalizers, pre_tokenizers, processors, trainers
from tokenizers import Tokenizer as Backend

from training_image import word_cache
from training_image.data import Tokenizer
from training_image.encoding import EncodedRows, encode_whole, make_encoder, truncated
from training_image.records import Record
from training_image.segments import TextCutter

pytestmark = pytest.mark.training
CORPUS = [
    "the film was a good film, a very good one; the story isn't bad",
    "don't watch it: 2 hours of my life! über café naïve 日本 映画",
    "THE END. (the best) <br /><br />of 1999's films\u00a0... ½ ﬁne",
]
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MAX_LENGTH = 12


def trained(
    model: Any, normalizer: Any, pre_tokenizer: Any, trainer: Any, *, lstrip: bool = False
) -> Tokenizer:
    backend = Backend(model)
    backend.normalizer, backend.pre_tokenizer = normalizer, pre_tokenizer
    backend.train_from_iterator(CORPUS, trainer)
    backend.add_special_tokens(
        [AddedToken(each, lstrip=lstrip and each == "[MASK]") for each in SPECIALS]
    )
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(each, backend.token_to_id(each)) for each in ("[CLS]", "[SEP]")],
    )
    backend.enable_truncation(MAX_LENGTH)
    return Tokenizer(backend, 0, backend.get_vocab_size(), has_pair_types=True)


def word_piece() -> Tokenizer:
    trainer = trainers.WordPieceTrainer(vocab_size=150, special_tokens=SPECIALS)
    model = models.WordPiece(unk_token="[UNK]")
    bert = pre_tokenizers.BertPreTokenizer()
    return trained(model, normalizers.BertNormalizer(), bert, trainer, lstrip=True)


def byte_level(*, normalizer: Any = None, prefix: bool = False) -> Tokenizer:
    trainer = trainers.BpeTrainer(
        vocab_size=330,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    level = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    return trained(models.BPE(), normalizer, level, trainer, lstrip=True)


def unigram(normalizer: Any, *before: Any) -> Tokenizer:
    trainer = trainers.UnigramTrainer(vocab_size=90, special_tokens=SPECIALS, unk_token="[UNK]")
    metaspace = pre_tokenizers.Metaspace(prepend_scheme="always")
    steps = pre_tokenizers.Sequence([*before, metaspace])
    return trained(models.Unigram(), normalizer, steps, trainer)


def deberta_v3() -> Tokenizer:
    return unigram(
        normalizers.Sequence(
            [
                normalizers.Replace(Regex(r"\s{2,}|[\n\r\t]"), " "),
                normalizers.NFC(),
                normalizers.Strip(left=False, right=True),
            ]
        )
    )


FAMILIES: dict[str, Tokenizer] = {
    "BERT": word_piece(),
    "RoBERTa": byte_level(),
    "ModernBERT": byte_level(normalizer=normalizers.NFC()),
    "byte-level with a space in front": byte_level(prefix=True),
    "XLM-R": unigram(None, pre_tokenizers.WhitespaceSplit()),
    "DeBERTa-v3": deberta_v3(),
}
BARE = {name: Backend.from_str(each.backend.to_str()) for name, each in FAMILIES.items()}
for each in BARE.values():
    each.no_truncation()
# Words of the corpus, odd characters, and every kind of white space, in any order.
PIECES = [
    *"ab.,'!½ßÉǅ\u0301日本ﬁ\u200b\u00ad\x00\x07\x1f\ufeff😀",
    "film",
    "the",
    "don't",
    "[MASK]",
    "[SEP]",
]
PIECES += [" "] * 6 + [
    "  ",
    "\t",
    "\n",
    " \n",
    "\r\n",
    "\x0b",
    "\x85",
    "\u00a0",
    "\u3000",
    "\u2028",
]
TEXTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=24).map("".join)


@pytest.fixture(autouse=True, scope="module")
def words_are_always_remembered() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_cache, "MAX_NEW_SHARE", 2.0)
        yield


def records_of(texts: list[str], pairs: list[str] | None = None) -> list[Record]:
    seconds: Sequence[str | None] = pairs or [None] * len(texts)
    return [
        Record(str(number), text, second, ("a",), "x")
        for number, (text, second) in enumerate(zip(texts, seconds, strict=True))
    ]


def assert_equal(ours: EncodedRows, its: EncodedRows) -> None:
    for one, other in zip(ours, its, strict=True):
        assert one.tolist() == other.tolist()
    assert ours.tokens.dtype == its.tokens.dtype


@pytest.mark.parametrize("family", FAMILIES)
@settings(deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=6))
@example(
    texts=["a  b", " a", "a ", "", " ", "a\n b", "a \n b", "a\n  b", "[MASK]  a", "a  [MASK] b"]
)
def test_texts_have_the_tokens_that_the_tokenizer_gives(family: str, texts: list[str]) -> None:
    tokenizer = FAMILIES[family]
    cache = word_cache.WordCache.of(tokenizer, np.uint16)
    assert cache is not None
    tokens = cache.tokens_of(texts)
    if any("\x1f" in text for text in texts):
        assert tokens is None
        return
    assert tokens is not None
    for row, text in enumerate(texts):
        expected = BARE[family].encode(text, add_special_tokens=False).ids
        assert tokens.flat[tokens.ends[row] : tokens.ends[row + 1]].tolist() == expected


@pytest.mark.parametrize("family", ["BERT", "RoBERTa", "DeBERTa-v3"])
@settings(deadline=None)
@given(rows=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6), pairs=st.booleans())
def test_rows_are_those_of_the_tokenizer(
    family: str, rows: list[tuple[str, str]], pairs: bool
) -> None:
    tokenizer = FAMILIES[family]
    texts, seconds = [row[0] for row in rows], [row[1] for row in rows]
    records = records_of(texts, seconds if pairs else None)
    assert_equal(make_encoder(tokenizer)(records), encode_whole(tokenizer, records))


@settings(deadline=None)
@given(first=st.integers(0, 30), second=st.integers(0, 30), room=st.integers(5, 30))
def test_pairs_are_truncated_as_the_tokenizer_does(first: int, second: int, room: int) -> None:
    tokenizer = word_piece_of_letters()
    tokenizer.enable_truncation(room)
    encoding = tokenizer.encode(["a"] * first, ["b"] * second, is_pretokenized=True)
    kept = truncated([np.array([first]), np.array([second])], room)
    assert [int(each[0]) for each in kept] == [encoding.ids.count(0), encoding.ids.count(1)]


def word_piece_of_letters() -> Any:
    return Backend(models.WordPiece({"a": 0, "b": 1, "[UNK]": 2}, unk_token="[UNK]"))


@pytest.mark.parametrize(
    "change",
    [
        {"pre_tokenizer": pre_tokenizers.Split(Regex(r"\s+"), "isolated")},
        {"pre_tokenizer": pre_tokenizers.ByteLevel(use_regex=False)},
        {"pre_tokenizer": pre_tokenizers.Metaspace(prepend_scheme="first")},
        {"pre_tokenizer": pre_tokenizers.Metaspace(split=False)},
        {"normalizer": normalizers.Replace("a b", "c")},
        {"normalizer": normalizers.Strip(left=True, right=True)},
        {"normalizer": normalizers.NFKC()},
    ],
)
def test_a_tokenizer_that_might_look_across_words_is_left_alone(change: dict[str, Any]) -> None:
    backend = Backend.from_str(FAMILIES["RoBERTa"].backend.to_str())
    assert TextCutter.of(backend) is not None
    for name, value in change.items():
        setattr(backend, name, value)
    assert TextCutter.of(backend) is None


@pytest.mark.parametrize("token", [AddedToken("New York"), AddedToken("<x>", rstrip=True)])
def test_added_tokens_across_words_forbid_cutting(token: AddedToken) -> None:
    backend = Backend.from_str(FAMILIES["RoBERTa"].backend.to_str())
    backend.add_tokens([token])
    assert TextCutter.of(backend) is None


def test_a_tokenizer_of_chance_is_found_out_and_gets_whole_texts() -> None:
    tokenizer = byte_level()
    tokenizer.backend.model.dropout = 1.0  # every merge is left out, or not, by the throw of a die
    encode = make_encoder(tokenizer)
    records = records_of(["the film was good"] * 8)
    tokenizer.backend.model.dropout = None
    assert_equal(encode(records), encode_whole(tokenizer, records))


def test_words_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = FAMILIES["BERT"]
    monkeypatch.setattr(word_cache, "MAX_WORDS", 8)
    encode = make_encoder(tokenizer)
    for texts in (["the film was good"], ["a bad one of 2"], ["the film and a good one"]):
        records = records_of(texts)
        assert_equal(encode(records), encode_whole(tokenizer, records))
    many = records_of([" ".join(CORPUS)])
    assert_equal(encode(many), encode_whole(tokenizer, many))
    monkeypatch.setattr(word_cache, "MAX_WORDS", 1000)
    monkeypatch.setattr(word_cache, "MAX_TOKENS", 9)
    encode = make_encoder(tokenizer)
    for texts in (["the film"], ["a good story"], [" ".join(CORPUS)]):
        records = records_of(texts)
        assert_equal(encode(records), encode_whole(tokenizer, records))


def test_texts_of_new_words_go_to_the_tokenizer_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(word_cache, "MAX_NEW_SHARE", 0.5)
    cache = word_cache.WordCache.of(FAMILIES["BERT"], np.uint16)
    assert cache is not None
    assert cache.tokens_of(["all new words here"]) is None
    assert cache.tokens_of(["film " * 20]) is not None


def test_a_text_of_a_megabyte_becomes_one_full_row() -> None:
    records = records_of(["good film " * 100_000, "film"])
    for family in ("BERT", "RoBERTa"):
        rows = make_encoder(FAMILIES[family])(records)
        assert rows.lengths.tolist()[0] == MAX_LENGTH
        first = FAMILIES[family].backend.encode("good film " * MAX_LENGTH).ids
        assert rows.tokens[:MAX_LENGTH].tolist() == first
