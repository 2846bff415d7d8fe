"""The port behind which the embedded Bedrock's models live."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from local_aws.generative.conversations import Answer, Conversation, Message, StepMetrics


class GenerativeError(Exception):
    """The engine cannot train on these records or answer with this model; says why."""


class GenerativeEngine(Protocol):
    """A model that can be fine-tuned and asked. Calls may come from several threads."""

    name: str

    def fine_tune(
        self,
        records: Sequence[Conversation],
        epochs: int,
        learning_rate: float,
        seed: int,
        folder: Path,
        report: Callable[[StepMetrics], None],
    ) -> None:
        """Train on the records and leave the model in `folder`, which exists and is empty.

        The same records, settings and seed give the same model. What `report` raises ends the
        training and is raised here: so a job is stopped.

        Raises:
            GenerativeError: these records cannot be learned.
        """

    def loss(self, folder: Path | None, records: Sequence[Conversation]) -> float:
        """Return the mean loss over the answers of the records, of validation for example.

        Raises:
            GenerativeError: `folder` holds no model of this engine.
        """

    def answer(
        self, folder: Path | None, system: str, messages: Sequence[Message], max_tokens: int
    ) -> Answer:
        """Answer the last message at temperature 0; no folder means the base model.

        Raises:
            GenerativeError: `folder` holds no model of this engine.
        """

    def close(self) -> None:
        """End what the engine keeps running. A later call may start it again."""
