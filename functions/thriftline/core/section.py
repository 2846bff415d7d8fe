"""What all sections of ``run.yaml`` and ``serve.yaml`` have in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Refuses unknown keys and never changes after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
