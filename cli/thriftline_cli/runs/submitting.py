"""Submits a data set: its files in their order, then the request for their run."""

from collections.abc import Mapping
from typing import Any

from thriftline_cli.context import Context
from thriftline_cli.runs.data_set import EMPTY_SPEC, DataSet, Part
from thriftline_cli.runs.uploading import upload

_KB, _MB = 1_000, 1_000_000
_SHOWN_FROM = 50 * _MB


def submit(project: str, files: DataSet, context: Context) -> dict[str, Any]:
    """Uploads the files and asks for their run; returns its id.

    The same files under the same names are the same run as their upload starts by itself.
    """
    # An empty run.yaml has no size that a form could bound.
    wanted = [{"name": part.name, "size_bytes": part.size or None} for part in files.parts]
    allowed = context.api.post("/uploads", {"project": project, "files": wanted})
    by_name = {one["name"]: one for one in allowed["uploads"]}
    version = None
    for part in files.parts:
        version = _send(part, by_name[part.name], context)
    key = str(by_name[files.main.name]["key"])
    started = context.api.post(
        "/runs",
        {"project": project, "key": key}
        if version is None
        else {"project": project, "key": key, "version_id": version},
    )
    return {"run_id": started["id"], "project": project, "key": key, "href": started["href"]}


def _send(part: Part, given: Mapping[str, Any], context: Context) -> str | None:
    shown = "an empty file" if part is EMPTY_SPEC else part.path
    context.say(f"{shown} -> {given['key']} ({_size(part.size)})")
    said = 0

    def progress(sent: int) -> None:
        nonlocal said
        percent = 100 * sent // max(1, part.size)
        if part.size >= _SHOWN_FROM and percent >= said + 10:
            said = percent - percent % 10
            context.say(f"  {said} %")

    return upload(given, part.path, context.api.connections, progress)


def _size(size: int) -> str:
    return f"{size / _MB:,.1f} MB" if size >= _MB else f"{-(-size // _KB)} kB"
