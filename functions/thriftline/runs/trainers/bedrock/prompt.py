"""The one instruction that training, evaluation and serving share.

A model that was tuned with one instruction and is asked with another answers worse, so the system
text is made once, is kept with the model, and is never made again from a newer template.
"""

from collections.abc import Mapping, Sequence

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.trainers.bedrock.reserved_words import reserved_in, without_reserved

LABELS = "{labels}"
TEMPLATE = f"Classify the text. The labels are: {LABELS}. Answer with one label only."
# Of a question with examples: for each label one, within this many.
MOST_EXAMPLES = 8


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: str
    text: str


@dataclass(frozen=True)
class Example:
    """A record whose label is known."""

    text: str
    label: str


def system_prompt(words: Mapping[str, str], template: str | None = None) -> str:
    """Returns the system text: the task and the closed list of label words.

    Raises:
        InvalidRunSpecError: the template of ``run.yaml`` does not name the labels once, or has a
            word that Bedrock reserves.
    """
    chosen = TEMPLATE if template is None else template.strip()
    if chosen.count(LABELS) != 1:
        raise InvalidRunSpecError(
            f"bedrock.prompt: {LABELS} must stand in it once, and stands there "
            f"{chosen.count(LABELS)} times; it becomes the list of label words. Nothing was spent."
        )
    text = chosen.replace(LABELS, ", ".join(sorted(words.values())))
    reserved = reserved_in(text)
    if reserved:
        raise InvalidRunSpecError(
            f"bedrock.prompt: Bedrock reserves {', '.join(reserved)} and fails the whole job for "
            "it. Write it without the colon or the brackets. Nothing was spent."
        )
    return text


def user_text(text: str, text_pair: str | None = None) -> str:
    """Returns the user's turn: the text alone, both texts of a pair on lines of their own.

    Reserved words are replaced, as they are in the training file.
    """
    whole = text if text_pair is None else f"{text}\n{text_pair}"
    return without_reserved(whole)[0]


def question_with_examples(
    text: str, examples: Sequence[Example], words: Mapping[str, str]
) -> tuple[Message, ...]:
    """Returns the turns that ask with examples before: how well the untuned model does so."""
    turns: list[Message] = []
    for example in examples[:MOST_EXAMPLES]:
        turns.append(Message("user", user_text(example.text)))
        turns.append(Message("assistant", words[example.label]))
    return (*turns, Message("user", text))
