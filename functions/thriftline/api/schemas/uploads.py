"""Where the files of a data set are posted to."""

from datetime import datetime

from pydantic import Field

from thriftline.api.answers import Answer, Ask
from thriftline.api.schemas.runs import Project

# S3 takes no more in one post.
LARGEST_FILE = 5 * 1024**3
MOST_FILES = 50


class FileAsk(Ask):
    """One file."""

    name: str = Field(min_length=1, max_length=255)
    size_bytes: int | None = Field(
        None, ge=1, le=LARGEST_FILE, description="A larger file is then refused by S3."
    )


class UploadsAsk(Ask):
    """The files of one data set: data, and run.yaml or serve.yaml if wanted."""

    project: Project
    files: tuple[FileAsk, ...] = Field(min_length=1, max_length=MOST_FILES)


class Upload(Answer):
    """A form: POST the fields and then the file, as multipart/form-data, to the address."""

    name: str
    key: str
    url: str
    fields: dict[str, str]
    max_bytes: int


class Uploads(Answer):
    """The forms, which work for an hour."""

    prefix: str
    expires_at: datetime
    uploads: tuple[Upload, ...]
