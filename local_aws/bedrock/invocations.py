"""What Converse and InvokeModel ask, in one form, and how each family answers InvokeModel."""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_aws.generative.conversations import Message
from local_aws.http.own_calls import AwsError
from local_aws.services.bedrock_store import invalid

# Members of Converse that change nothing here.
_KNOWN = frozenset(
    {
        "modelId",
        "messages",
        "system",
        "inferenceConfig",
        "outputConfig",
        "additionalModelRequestFields",
        "additionalModelResponseFieldPaths",
        "requestMetadata",
    }
)
_LLAMA_STOPS = {"end_turn": "stop", "max_tokens": "length", "stop_sequence": "stop"}


@dataclass(frozen=True)
class Asked:
    """One question."""

    system: str
    messages: tuple[Message, ...]
    max_tokens: int | None
    stop_sequences: tuple[str, ...] = ()


def only_known(parameters: Mapping[str, Any]) -> None:
    """Refuse what this runtime does not do.

    Raises:
        AwsError: a member that would change the answer.
    """
    unknown = sorted(set(parameters) - _KNOWN)
    if unknown:
        raise _not_done(f"Converse with {', '.join(unknown)} is")
    if parameters.get("outputConfig"):
        raise invalid("This model doesn't support the outputConfig.textFormat field.")


def from_converse(parameters: Mapping[str, Any]) -> Asked:
    """Return what a call of Converse asks.

    Raises:
        AwsError: the conversation is none, or holds more than text.
    """
    config = parameters.get("inferenceConfig") or {}
    return Asked(
        _text(parameters.get("system") or ()),
        _conversation(parameters.get("messages") or ()),
        config.get("maxTokens"),
        tuple(config.get("stopSequences") or ()),
    )


def from_body(body: bytes, kind: str) -> Asked:
    """Return what a call of InvokeModel asks, in the form of the model's family.

    Raises:
        AwsError: the body is not of that form.
    """
    try:
        parsed = json.loads(body)
        return _from_llama(parsed) if kind.startswith("llama") else _from_nova(parsed)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise invalid(f"Malformed input request: {error}, please reformat your input.") from error


def to_body(text: str, stop_reason: str, input_tokens: int, output_tokens: int, kind: str) -> bytes:
    """Return InvokeModel's answer in the form of the model's family."""
    if kind.startswith("llama"):
        answer: dict[str, Any] = {
            "generation": text,
            "prompt_token_count": input_tokens,
            "generation_token_count": output_tokens,
            "stop_reason": _LLAMA_STOPS.get(stop_reason, stop_reason),
        }
    else:
        answer = {
            "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
            "stopReason": stop_reason,
            "usage": {
                "inputTokens": input_tokens,
                "outputTokens": output_tokens,
                "totalTokens": input_tokens + output_tokens,
            },
        }
    return json.dumps(answer).encode()


def _from_nova(body: Mapping[str, Any]) -> Asked:
    config = body.get("inferenceConfig") or {}
    limit = config.get("maxTokens") or config.get("max_new_tokens")
    stops = config.get("stopSequences") or ()
    return Asked(
        _text(body.get("system") or ()), _conversation(body["messages"]), limit, tuple(stops)
    )


def _from_llama(body: Mapping[str, Any]) -> Asked:
    return Asked("", (Message("user", str(body["prompt"])),), body.get("max_gen_len"))


def _conversation(messages: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    turns = tuple(_message(each) for each in messages)
    if not turns or turns[0].role != "user":
        raise invalid(
            "A conversation must start with a user message. Try again with a conversation that "
            "starts with a user message."
        )
    if any(one.role == other.role for one, other in itertools.pairwise(turns)):
        raise invalid(
            "A conversation must alternate between user and assistant roles. Make sure the "
            "conversation alternates between user and assistant roles and try again."
        )
    if turns[-1].role != "user":
        raise _not_done("A conversation that ends with the assistant is")
    return turns


def _message(message: Mapping[str, Any]) -> Message:
    role, text = message["role"], _text(message["content"])
    if role == "user":
        return Message("user", text)
    if role == "assistant":
        return Message("assistant", text)
    raise _not_done(f"A message of the role {role} is")


def _text(blocks: Sequence[Mapping[str, Any]]) -> str:
    for block in blocks:
        if set(block) != {"text"}:
            raise _not_done(f"A block of {', '.join(sorted(block)) or 'nothing'} is")
    return "\n".join(block["text"] for block in blocks)


def _not_done(what: str) -> AwsError:
    return AwsError("NotImplementedByLocalAws", f"{what} not in the embedded AWS.", 501)
