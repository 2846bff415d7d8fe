"""The events after which an endpoint's page is written again."""

from pydantic import BaseModel, ConfigDict, Field

from thriftline.core.payload import Payload


class _Event(BaseModel):
    # Events of several kinds arrive; each has its own members beside these.
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class ChangedEndpoint(_Event):
    """What all events of serving name."""

    endpoint: str = Field(min_length=1, max_length=63)


class EndpointEvent(_Event):
    """An event of EventBridge whose source is ``thriftline.serving``."""

    detail: ChangedEndpoint


class PublishEndpointPageResponse(Payload):
    """``page`` is null where the endpoint is nobody's here."""

    endpoint: str
    page: str | None
