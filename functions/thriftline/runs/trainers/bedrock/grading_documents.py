"""What Bedrock asks a grader of reinforcement, and what it gets: a list each."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, RootModel

_OWN_TURNS = ("user", "system")


class _Told(BaseModel):
    # Bedrock says more than is read here, and may say more still.
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class Turn(_Told):
    """One turn of the conversation; its text is one text or a list of parts with a text each."""

    role: str
    content: str | list[dict[str, Any]] = ""

    @property
    def text(self) -> str:
        """The whole text of the turn."""
        if isinstance(self.content, str):
            return self.content
        return "".join(str(part.get("text", "")) for part in self.content)


class GradeRequest(_Told):
    """One answer to grade. The last turn is the model's; ``metadata`` has the record's own keys."""

    id: str
    messages: list[Turn] = Field(default_factory=list)
    metadata: dict[str, Any] = Field(default_factory=dict)

    @property
    def answer(self) -> str:
        """What the model wrote last; empty where it wrote nothing."""
        if not self.messages or self.messages[-1].role in _OWN_TURNS:
            return ""
        return self.messages[-1].text

    @property
    def reference(self) -> str:
        """The right word; empty where the record has none."""
        reference = self.metadata.get("reference_answer", "")
        return reference if isinstance(reference, str) else ""


class GradeRequests(RootModel[list[GradeRequest]]):
    """The whole event: one or more answers."""

    model_config = ConfigDict(defer_build=True)


class RewardMetric(_Told):
    """One part of a reward."""

    name: str
    value: float
    type: str


class Grade(_Told):
    """The reward of one answer, from 0 to 1."""

    id: str
    aggregate_reward_score: float
    metrics_list: list[RewardMetric]
