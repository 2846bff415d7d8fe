"""What an SQS queue hands to the function, and what it wants back."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from thriftline.core.message import Fact, Kind, Message, Tone


class FactDocument(BaseModel):
    """A name and what is known of it."""

    model_config = ConfigDict(defer_build=True)

    name: str
    value: str


class MessageDocument(BaseModel):
    """A message as ``core.message`` writes it; a later version may say more."""

    model_config = ConfigDict(defer_build=True)

    version: Literal["1.0"]
    kind: Kind
    tone: Tone
    thread: str
    title: str
    sentence: str
    detail: str = ""
    facts: tuple[FactDocument, ...] = ()
    dollars: str | None = None
    next_steps: tuple[str, ...] = ()
    link: str | None = Field(None, pattern=r"^https?://\S+$")

    def message(self, text: str) -> Message:
        """Returns the message; ``text`` is the one for mail."""
        return Message(
            kind=self.kind,
            tone=self.tone,
            thread=self.thread,
            title=self.title,
            sentence=self.sentence,
            detail=self.detail,
            facts=tuple(Fact(fact.name, fact.value) for fact in self.facts),
            dollars=self.dollars,
            next_steps=self.next_steps,
            link=self.link,
            text=text,
        )


class _OfAws(BaseModel):
    """AWS says more than is read here."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class MessageAttribute(_OfAws):
    """One attribute of a message of SNS."""

    text: str | None = Field(None, alias="stringValue")


class QueueAttributes(_OfAws):
    """What the queue knows of a message."""

    tries: Annotated[int, Field(alias="ApproximateReceiveCount", ge=1)]
    sent: datetime = Field(alias="SentTimestamp")

    @field_validator("sent", mode="before")
    @classmethod
    def _of_milliseconds(cls, value: object) -> object:
        return int(value) / 1000 if isinstance(value, str) and value.isdigit() else value


class QueueRecord(_OfAws):
    """One message of a queue."""

    message_id: str = Field(alias="messageId")
    receipt: str = Field(alias="receiptHandle")
    body: str
    queue_arn: str = Field(alias="eventSourceARN")
    attributes: QueueAttributes
    message_attributes: dict[str, MessageAttribute] = Field(
        default_factory=dict, alias="messageAttributes"
    )

    def message(self) -> Message | None:
        """Returns the message, None for a text that is none of ours."""
        attribute = self.message_attributes.get("document")
        if attribute is None or attribute.text is None:
            return None
        try:
            return MessageDocument.model_validate_json(attribute.text).message(self.body)
        except ValidationError:
            return None


class PostMessageRequest(_OfAws):
    """A batch of at most ten."""

    records: tuple[QueueRecord, ...] = Field(alias="Records")


class FailedItem(BaseModel):
    """A message that the queue keeps."""

    model_config = ConfigDict(defer_build=True)

    itemIdentifier: str


class PostMessageResponse(BaseModel):
    """What stays in the queue; the rest is deleted."""

    model_config = ConfigDict(defer_build=True)

    batchItemFailures: tuple[FailedItem, ...] = ()
