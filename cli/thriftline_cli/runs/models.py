"""Fetches the model of a run, and unpacks it."""

import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit


def unpack(run: Mapping[str, Any], folder: Path, context: Context) -> None:
    """Unpacks the model of a run into a folder.

    Raises:
        CommandError: the run has no model, or it is no archive.
    """
    uri = ((run.get("result") or {}).get("reports") or {}).get("model")
    if not uri or not str(uri).startswith("s3://"):
        raise CommandError(f"run {run['run_id']} has no model in S3", Exit.NOT_FOUND)
    parts = urlsplit(uri)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile() as archive:
        context.aws("s3").download_fileobj(parts.netloc, parts.path.lstrip("/"), archive)
        archive.seek(0)
        try:
            with tarfile.open(fileobj=archive, mode="r:gz") as members:
                # No path leads out of the folder, and nothing but files is made.
                members.extractall(folder, filter="data")
        except tarfile.TarError as error:
            raise CommandError(f"{uri} cannot be unpacked: {error}", Exit.FAILED) from error
    context.say(f"{uri} -> {folder}")
