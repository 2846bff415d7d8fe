"""Words that a training file must not have in its texts: one of them fails the whole job.

They are looked for without regard to case, as AWS's own validator means to, and each is replaced
by something that reads alike. Whatever asks the model later must replace them too, so that it reads
what it was trained on.
"""

import re
from collections import Counter
from collections.abc import Mapping

# Of Nova and Llama in user and system texts, and of Haiku in any.
_TURNS = ("user", "bot", "assistant", "system", "human")
_RESERVED = re.compile(
    rf"(?P<turn>{'|'.join(_TURNS)}):|<(?P<tag>image|video)>|\[(?P<mark>eos)\]", re.IGNORECASE
)


def without_reserved(text: str) -> tuple[str, Mapping[str, int]]:
    """Returns a text without reserved words, and how often each was replaced."""
    counts: Counter[str] = Counter()

    def replaced(found: re.Match[str]) -> str:
        counts[found.group().lower()] += 1
        word = found["tag"] or found["mark"]
        return f"({word})" if word else f"{found['turn']} -"

    return _RESERVED.sub(replaced, text), counts


def reserved_in(text: str) -> tuple[str, ...]:
    """Returns the reserved words of a text, in small letters and in order."""
    return tuple(sorted(without_reserved(text)[1]))
