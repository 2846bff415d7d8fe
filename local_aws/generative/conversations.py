"""What goes into a generative engine and what comes out of it."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["user", "assistant"]
StopReason = Literal["end_turn", "max_tokens"]


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Role
    text: str


@dataclass(frozen=True)
class Conversation:
    """One record of a training file: the last message is the answer to learn."""

    system: str
    messages: tuple[Message, ...]

    @property
    def asked(self) -> tuple[Message, ...]:
        """Return the messages before the answer."""
        return self.messages[:-1]

    @property
    def answer(self) -> str:
        """Return the text to learn."""
        return self.messages[-1].text


@dataclass(frozen=True)
class StepMetrics:
    """One row of step_wise_training_metrics.csv: steps count from 0 through all epochs."""

    step: int
    epoch: int
    loss: float
    perplexity: float


@dataclass(frozen=True)
class Answer:
    """What a model said, in the terms of Converse."""

    text: str
    input_tokens: int
    output_tokens: int
    stop_reason: StopReason
