"""The lines of a training or validation file, in the form that a base model's family reads."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.trainers.bedrock.families import BaseModel, Customization, FileFormat
from thriftline.runs.trainers.bedrock.prompt import user_text
from thriftline.runs.trainers.bedrock.reserved_words import without_reserved
from thriftline.runs.trainers.bedrock.tokens import CHAT_TOKENS, tokens_of

SCHEMA_VERSION = "bedrock-conversation-2024"


@dataclass(frozen=True)
class Record:
    """One record of a prepared split."""

    id: str
    text: str
    label: str
    text_pair: str | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Record":
        """Returns the record of one line of a prepared split."""
        return cls(
            id=document["id"],
            text=document["text"],
            label=document["label"],
            text_pair=document.get("text_pair"),
        )


@dataclass
class Tally:
    """What was written, and what had to be changed for it."""

    records: int = 0
    tokens: int = 0
    blank: int = 0
    replaced: Counter[str] = field(default_factory=Counter)

    @property
    def statements(self) -> tuple[str, ...]:
        """What a person should know of the file."""
        found = []
        if self.replaced:
            words = ", ".join(f"{word} {count:,} times" for word, count in self.replaced.items())
            found.append(f"Bedrock reserves some words; these were replaced: {words}.")
        if self.blank:
            found.append(f"{self.blank:,} records without any text were left out.")
        return tuple(found)


class TrainingFile:
    """Makes line after line of one file, and counts."""

    def __init__(
        self,
        model: BaseModel,
        system: str,
        words: Mapping[str, str],
        customization: Customization = "fine_tuning",
    ) -> None:
        self._model = model
        self._system = system
        self._words = words
        self._form = _FORMS_BY.get(customization) or _FORMS[model.file_format]
        self.tally = Tally()

    def line(self, record: Record) -> bytes | None:
        """Returns the record's line with its line break, None for a text without a character.

        Raises:
            InvalidRunSpecError: the record is longer than the base model takes.
        """
        text = user_text(record.text, record.text_pair)
        if not text.strip():
            # The service refuses a file with an empty text in it, and the whole job with it.
            self.tally.blank += 1
            return None
        word = self._words[record.label]
        tokens = tokens_of(self._system) + tokens_of(text) + tokens_of(word) + CHAT_TOKENS
        if tokens > self._model.record_tokens:
            raise too_long(record.id, tokens, self._model)
        self._count(record, tokens)
        return as_line(self._form(self._system, text, word))

    def _count(self, record: Record, tokens: int) -> None:
        self.tally.records += 1
        self.tally.tokens += tokens
        for text in filter(None, (record.text, record.text_pair)):
            self.tally.replaced.update(without_reserved(text)[1])


def too_long(where: str, tokens: int, model: BaseModel) -> InvalidRunSpecError:
    """Returns the refusal of a text that does not fit what a base model reads."""
    return InvalidRunSpecError(
        f"dataset: {where} has about {tokens:,} tokens with the instruction, and {model.id} takes "
        f"{model.record_tokens:,} for a record. Shorten the text or leave it out, or say trainer: "
        "sagemaker, which reads the first hyperparameters.max_length tokens. Nothing was spent."
    )


def as_line(document: Mapping[str, Any]) -> bytes:
    """Returns a line of JSON.

    All characters but ASCII are escaped: some of them end a line for one reader and not for
    another, and a line that was cut in two fails the whole job.
    """
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def _conversation(system: str, text: str, word: str) -> dict[str, Any]:
    return {
        "schemaVersion": SCHEMA_VERSION,
        "system": [{"text": system}],
        "messages": [
            {"role": "user", "content": [{"text": text}]},
            {"role": "assistant", "content": [{"text": word}]},
        ],
    }


def _messages(system: str, text: str, word: str) -> dict[str, Any]:
    return {
        "system": system,
        "messages": [{"role": "user", "content": text}, {"role": "assistant", "content": word}],
    }


def _prompt_completion(system: str, text: str, word: str) -> dict[str, Any]:
    return {"prompt": f"{system}\n\n{text}", "completion": word}


def _prompt_alone(system: str, text: str, word: str) -> dict[str, Any]:
    """The teacher answers it; the label is not for its student to see."""
    conversation = _conversation(system, text, word)
    return {**conversation, "messages": conversation["messages"][:1]}


def _with_reference(system: str, text: str, word: str) -> dict[str, Any]:
    """What the model answers is graded against the reference."""
    return {
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": text}],
        "reference_answer": word,
    }


_FORMS: Mapping[FileFormat, Callable[[str, str, str], dict[str, Any]]] = {
    "conversation": _conversation,
    "messages": _messages,
    "prompt_completion": _prompt_completion,
}
_FORMS_BY: Mapping[Customization, Callable[[str, str, str], dict[str, Any]]] = {
    "distillation": _prompt_alone,
    "reinforcement": _with_reference,
}
