"""Reads training files as Bedrock does: every line, by the rules of the model's family."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from local_aws.bedrock.kinds import Format, Kind
from local_aws.generative.conversations import Conversation, Message, Role

_CHARACTERS_OF_A_TOKEN = 4
_SHOWN = 40
# A record that is longer than any context is refused by its size, before its tokens are counted.
_TOO_LARGE = 4
_NOT_JSONL = "Unable to parse Amazon S3 file: {name}. Data files must conform to JSONL format."
_FORMS = {
    Format.CONVERSE: (
        '{"schemaVersion": ..., "system": [{"text": ...}], "messages": [{"role": "user", '
        '"content": [{"text": ...}]}, {"role": "assistant", "content": [{"text": ...}]}]}'
    ),
    Format.PROMPT: '{"prompt": "<prompt text>", "completion": "<completion text>"}',
    Format.MESSAGES: (
        '{"system": "<text>", "messages": [{"role": "user", "content": "<text>"}, '
        '{"role": "assistant", "content": "<text>"}]}'
    ),
    Format.PROMPTS: (
        '{"schemaVersion": ..., "system": [{"text": ...}], "messages": [{"role": "user", '
        '"content": [{"text": ...}]}]}'
    ),
    Format.GRADED: (
        '{"messages": [{"role": "user", "content": "<text>"}], "reference_answer": ...}'
    ),
}


class JobFailure(Exception):
    """Ends a job; the text is its failureMessage."""


def tokens_of(text: str) -> int:
    """Return what a text counts as here: a quarter of its characters."""
    return math.ceil(len(text) / _CHARACTERS_OF_A_TOKEN)


def tokens_of_record(record: Conversation) -> int:
    """Return what a whole record counts as."""
    return tokens_of(record.system) + sum(tokens_of(each.text) for each in record.messages)


def parse_file(content: bytes, key: str, kind: Kind) -> list[Conversation]:
    """Return the records of a file.

    Raises:
        JobFailure: a line is not what the family takes.
    """
    name = key.rpartition("/")[2]
    return [
        _record(line, key, name, kind, number)
        for number, line in enumerate(_lines(content, name), start=1)
    ]


def check_counts(training: int, validation: Sequence[int], kind: Kind) -> None:
    """Refuse too few or too many records; `validation` has the number of each file.

    Raises:
        JobFailure: a number is outside of the family's bounds.
    """
    if validation and kind.most_validation == 0:
        raise JobFailure("Validation dataset is not supported for this model.")
    if training < kind.least:
        raise JobFailure(
            f"Number of training records {training} is below the minimum of {kind.least}."
        )
    if 0 in validation:
        raise JobFailure("Number of validation records 0 is below the minimum of 1.")
    validating = sum(validation)
    if validating > kind.most_validation:
        raise JobFailure(
            f"Number of validation records {validating} exceeds the maximum of "
            f"{kind.most_validation}."
        )
    total = training + (validating if kind.together else 0)
    if total > kind.most:
        raise JobFailure(
            f"Sum of training and validation records {total} exceeds the maximum of {kind.most}."
        )


def check_tokens(records: list[Conversation], name: str, kind: Kind) -> None:
    """Refuse a record that the model cannot hold.

    Raises:
        JobFailure: a record is too long.
    """
    for record in records:
        answer = tokens_of(record.answer)
        asked = tokens_of_record(record) - answer
        if asked > _TOO_LARGE * kind.most_tokens:
            start = record.asked[0].text[:_SHOWN]
            raise JobFailure(
                f"Input size exceeded in file {name} for record starting with {start!r}"
            )
        for what, count in (("input", asked), ("output", answer), ("total", asked + answer)):
            if count > kind.most_tokens:
                raise JobFailure(
                    f"Maximum {what} token count {count} exceeds limit of {kind.most_tokens}"
                )


def _lines(content: bytes, name: str) -> Iterator[Any]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JobFailure(_NOT_JSONL.format(name=name)) from error
    lines = text.split("\n")
    # A file may end with a line break, and no line may be blank.
    if lines[-1] == "":
        lines.pop()
    for line in lines:
        try:
            parsed = json.loads(line)
        except ValueError as error:
            raise JobFailure(_NOT_JSONL.format(name=name)) from error
        if not isinstance(parsed, dict):
            raise JobFailure(_NOT_JSONL.format(name=name))
        yield parsed


def _record(line: Mapping[str, Any], key: str, name: str, kind: Kind, number: int) -> Conversation:
    try:
        record = _READERS[kind.format](line)
        _check_roles(record)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise JobFailure(
            f"Input data at {key} must follow '{_FORMS[kind.format]}' format (line {number})"
        ) from error
    asked = [record.system, *(each.text for each in record.asked)]
    for word in kind.reserved:
        if any(word.lower() in text.lower() for text in asked):
            raise JobFailure(
                f"Input data in file {name} contains the reserved keyword {word.strip()!r} "
                f"(line {number})"
            )
    return record


def _converse(line: Mapping[str, Any]) -> Conversation:
    _only(line, {"schemaVersion", "system", "messages"})
    system = line.get("system", [])
    messages = [Message(_role(each), _text(each["content"])) for each in line["messages"]]
    return Conversation(_text(system) if system else "", tuple(messages))


def _prompt_alone(line: Mapping[str, Any]) -> Conversation:
    """Leave the answer empty where the teacher is to give it."""
    record = _converse(line)
    if record.messages and record.messages[-1].role == "user":
        return Conversation(record.system, (*record.messages, Message("assistant", "")))
    return record


def _graded(line: Mapping[str, Any]) -> Conversation:
    """Take the reference as the answer; nobody is taught it."""
    given, reference = list(line["messages"]), line["reference_answer"]
    system = ""
    if given and given[0]["role"] == "system":
        system = _string(given.pop(0)["content"])
    messages = [Message(_role(each), _string(each["content"])) for each in given]
    text = reference if isinstance(reference, str) else json.dumps(reference)
    return Conversation(system, (*messages, Message("assistant", text)))


def _prompt(line: Mapping[str, Any]) -> Conversation:
    _only(line, {"prompt", "completion"})
    return Conversation(
        "",
        (
            Message("user", _string(line["prompt"])),
            Message("assistant", _string(line["completion"])),
        ),
    )


def _messages(line: Mapping[str, Any]) -> Conversation:
    _only(line, {"system", "messages"})
    messages = [Message(_role(each), _string(each["content"])) for each in line["messages"]]
    for each in line["messages"]:
        _only(each, {"role", "content"})
    return Conversation(_string(line.get("system", "")), tuple(messages))


_READERS = {
    Format.CONVERSE: _converse,
    Format.PROMPT: _prompt,
    Format.MESSAGES: _messages,
    Format.PROMPTS: _prompt_alone,
    Format.GRADED: _graded,
}


def _only(given: Mapping[str, Any], known: set[str]) -> None:
    if not set(given) <= known:
        raise ValueError(f"unknown keys: {sorted(set(given) - known)}")


def _role(message: Mapping[str, Any]) -> Role:
    role = message["role"]
    if role == "user":
        return "user"
    if role == "assistant":
        return "assistant"
    raise ValueError(f"no role: {role}")


def _text(blocks: Any) -> str:
    if not isinstance(blocks, list) or not blocks:
        raise TypeError("content is a list of blocks")
    return "\n".join(_string(each["text"]) for each in blocks)


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is a string")
    return value


def _check_roles(record: Conversation) -> None:
    roles = [each.role for each in record.messages]
    expected = ["user", "assistant"] * (len(roles) // 2)
    if not roles or roles != expected:
        raise ValueError("roles alternate, the user is first and the assistant last")
