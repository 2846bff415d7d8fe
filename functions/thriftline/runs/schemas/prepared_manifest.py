"""``manifest.json`` of a preparation: the files that it wrote.

It is written last: where it is, all that it names is there. The program of ``preparation/`` writes
it, and the README.md there describes it.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class PreparedFile(BaseModel):
    """One Parquet file of one split; ``path`` is under the output, or a whole address."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    split: Literal["train", "validation", "test"]
    path: str = Field(min_length=1)
    rows: int = Field(ge=0)
    bytes: int = Field(ge=0)


class PreparedManifest(BaseModel):
    """All files of the prepared data set."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    schema_version: Literal["1.0"]
    files: tuple[PreparedFile, ...]
