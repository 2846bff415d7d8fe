"""What every Task of a state machine takes and gives."""

from pydantic import BaseModel, ConfigDict


class Payload(BaseModel):
    """Refuses unknown keys, so that the machine and the handlers cannot drift apart.

    A function uses two of the models that its machine has: each is built when it is first used.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
