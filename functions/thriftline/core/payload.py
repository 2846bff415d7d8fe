"""What every Task of a state machine takes and gives."""

from pydantic import BaseModel, ConfigDict


class Payload(BaseModel):
    """Refuses unknown keys, so that the machine and the handlers cannot drift apart."""

    model_config = ConfigDict(extra="forbid", frozen=True)
