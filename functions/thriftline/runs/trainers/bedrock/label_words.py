"""The word by which a model answers for each label.

A label such as ``Very_Positive!`` becomes ``very-positive``. The words are distinct, and none is
the beginning of another, so that an answer that was cut off is no other label. What cannot be made
so is refused: ``run.yaml`` then gives the words.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import dropwhile, groupby, pairwise

from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.trainers.bedrock.reserved_words import reserved_in

# A longer word costs tokens in every record and every answer.
MOST_CHARACTERS = 60
_MOST_SHOWN = 3
_NUMBER_AT_THE_END = re.compile(r"[0-9]*$")


def label_words(labels: Iterable[str], given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Returns the word of each label, in order of the labels.

    Raises:
        InvalidRunSpecError: a label cannot become a word of its own, or a given word breaks a rule.
    """
    names = sorted(set(labels))
    given = given or {}
    _require_known(given, names)
    derived = _with_numbers_of_a_length({name: folded(name) for name in names if name not in given})
    words = {name: given[name] if name in given else derived[name] for name in names}
    for name, word in words.items():
        _require_word(name, word, was_given=name in given)
    _require_prefix_free(words)
    return words


def folded(label: str) -> str:
    """Returns a label in small letters and digits, with single hyphens for all else."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", label).casefold())
    kept = "".join(one if _is_kept(one) else " " for one in text.casefold())
    # One whose letter is not kept, such as an emoji's, is not seen and would begin a word.
    parts = ("".join(dropwhile(_is_mark, part)) for part in kept.split())
    return "-".join(filter(None, parts))


def _is_kept(character: str) -> bool:
    # Marks belong to the letter before them: half of the scripts of India is made of them.
    return character.isalnum() or _is_mark(character)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _with_numbers_of_a_length(words: dict[str, str]) -> dict[str, str]:
    """Pads numbers at the end with zeros: topic-1 is the beginning of topic-10, topic-01 is not."""
    numbers = {name: _NUMBER_AT_THE_END.findall(word)[0] for name, word in words.items()}
    stems = {name: word.removesuffix(numbers[name]) for name, word in words.items()}
    lengths: dict[str, int] = defaultdict(int)
    for name, stem in stems.items():
        lengths[stem] = max(lengths[stem], len(numbers[name]))
    return {
        name: stem + numbers[name].zfill(lengths[stem]) if numbers[name] else stem
        for name, stem in stems.items()
    }


def are_numbers(words: Iterable[str]) -> bool:
    """Whether all words are numbers, by which a model learns worse than by words."""
    return all(word.isdigit() for word in words)


def _require_known(given: Mapping[str, str], names: list[str]) -> None:
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise _refusal(f"the data has no label {_shown(unknown)}; it has {_shown(names)}")


def _require_word(name: str, word: str, *, was_given: bool) -> None:
    problem = _problem_of(word)
    if problem is None:
        return
    if was_given:
        raise _refusal(f"the word {word!r} of label {name!r} {problem}")
    raise _refusal(
        f"label {name!r} cannot become a word: {word!r} {problem}. Give it one, such as "
        f"bedrock.label_words: {{{name!r}: other}}"
    )


def _problem_of(word: str) -> str | None:
    if not isinstance(word, str) or not any(one.isalnum() for one in word):
        return "has no letter and no digit"
    if len(word) > MOST_CHARACTERS:
        return f"has {len(word)} characters, and {MOST_CHARACTERS} is the most"
    if word != word.casefold():
        return f"must be in small letters, as {word.casefold()!r}"
    if word != " ".join(word.split()) or word.endswith((".", "!")):
        return "must be one line without spaces at its ends, and without . or ! at its end"
    if "," in word:
        return "has a comma, which divides the list of words"
    if reserved_in(word):
        return "has a word that Bedrock reserves"
    return None


def _require_prefix_free(words: Mapping[str, str]) -> None:
    # In order, a word that begins with another stands right behind one that does.
    ordered = sorted(words, key=lambda name: (words[name], name))
    # An accent may be a character of its own: such words look alike, and are told apart by nobody.
    seen = {name: unicodedata.normalize("NFC", word) for name, word in words.items()}
    for word, names in groupby(sorted(words, key=seen.__getitem__), key=seen.__getitem__):
        alike = sorted(names)
        if len(alike) > 1:
            raise _refusal(
                f"labels {_shown(alike)} all become {word!r}. Give them different words under "
                "bedrock.label_words"
            )
    for first, second in pairwise(ordered):
        if words[second].startswith(words[first]):
            raise _refusal(
                f"label {second!r} becomes {words[second]!r}, which begins with {words[first]!r} "
                f"of label {first!r}: an answer that is cut off could be either. Give one of them "
                "another word under bedrock.label_words"
            )


def _shown(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return ", ".join(repr(name) for name in names[:_MOST_SHOWN]) + more


def _refusal(problem: str) -> InvalidRunSpecError:
    return InvalidRunSpecError(f"bedrock.label_words: {problem}. Nothing was spent.")
