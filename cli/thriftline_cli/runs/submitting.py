"""Submits a data set: settings first, then what is held out, then what is learnt from."""

from collections.abc import Mapping
from typing import Any

from thriftline_cli.context import Context
from thriftline_cli.runs.data_set import DataSet, Part
from thriftline_cli.runs.uploading import upload

_MB = 1_000_000
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
    context.say(f"{part.path} -> {given['key']} ({part.size / _MB:,.1f} MB)")
    said = 0

    def progress(sent: int) -> None:
        nonlocal said
        percent = 100 * sent // max(1, part.size)
        if part.size >= _SHOWN_FROM and percent >= said + 10:
            said = percent - percent % 10
            context.say(f"  {said} %")

    return upload(given, part.path, context.api.connections, progress)
