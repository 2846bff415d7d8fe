"""One question to a model, and what came of it."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from thriftline.core.aws.clients import code_of
from thriftline.core.dataclass import dataclass
from thriftline.core.text import plain

_SHOWN = 300


class Trouble(StrEnum):
    """Why there is no answer, by what to do about it."""

    BUSY = "busy"
    """Ask again later: throttled, not ready, or the service is down."""
    FAULT = "fault"
    """The model failed on this question: ask it again a few times."""
    INVALID = "invalid"
    """The request is refused: for this question, or for every one to this model."""
    MISSING = "missing"
    """There is no such model or deployment, or not yet."""
    REFUSED = "refused"
    """Asking again does not help."""


_TROUBLES = {
    "ThrottlingException": Trouble.BUSY,
    "TooManyRequestsException": Trouble.BUSY,
    "ModelNotReadyException": Trouble.BUSY,
    "ServiceUnavailableException": Trouble.BUSY,
    "InternalServerException": Trouble.BUSY,
    "ServiceQuotaExceededException": Trouble.BUSY,
    "ModelTimeoutException": Trouble.BUSY,
    "ModelErrorException": Trouble.FAULT,
    "ValidationException": Trouble.INVALID,
    "ResourceNotFoundException": Trouble.MISSING,
}
_SERVER_FAULT = 500


@dataclass(frozen=True)
class Prompt:
    """What is asked: a fixed system text, worked examples before the question, and the question."""

    system: str
    text: str
    max_tokens: int
    examples: Sequence[dict[str, Any]] = ()


@dataclass(frozen=True)
class Reply:
    """An answer, with the tokens that are billed for it."""

    text: str
    stop_reason: str
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True)
class NoReply:
    """No answer, and why."""

    trouble: Trouble
    reason: str


class ConverseClient(Protocol):
    """The one call of bedrock-runtime that is made; its own client has it."""

    def converse(self, **request: Any) -> Any:
        """Asks a model."""


class Conversation:
    """Models of one region that answer."""

    def __init__(self, client: ConverseClient) -> None:
        self._client = client

    def ask(self, model_id: str, prompt: Prompt) -> Reply | NoReply:
        """Asks a model once.

        ``maxTokens`` is always set: the quota of tokens is reserved by it when the call begins.
        """
        try:
            answer = self._client.converse(
                modelId=model_id,
                system=[{"text": prompt.system}],
                messages=[
                    *prompt.examples,
                    {"role": "user", "content": [{"text": prompt.text}]},
                ],
                inferenceConfig={"maxTokens": prompt.max_tokens, "temperature": 0.0, "topP": 1.0},
            )
        except ClientError as error:
            return NoReply(_trouble_of(error), plain(str(error), _SHOWN))
        except BotoCoreError as error:
            return NoReply(Trouble.BUSY, plain(str(error), _SHOWN))
        content = answer.get("output", {}).get("message", {}).get("content", [])
        usage = answer.get("usage", {})
        return Reply(
            text="".join(str(part.get("text", "")) for part in content),
            stop_reason=str(answer.get("stopReason", "")),
            input_tokens=int(usage.get("inputTokens", 0)),
            output_tokens=int(usage.get("outputTokens", 0)),
        )


def _trouble_of(error: ClientError) -> Trouble:
    known = _TROUBLES.get(code_of(error))
    if known is not None:
        return known
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return Trouble.BUSY if status >= _SERVER_FAULT else Trouble.REFUSED
