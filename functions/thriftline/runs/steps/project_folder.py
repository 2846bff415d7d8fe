"""What lies beside an upload in ``datasets/{project}/``."""

import hashlib

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import InvalidRunSpecError
from thriftline.core.spec_documents import MAX_BYTES
from thriftline.runs.domain.arrivals import FileVersion, Settings
from thriftline.runs.domain.uploads import RUN_SPEC_NAME
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.schemas.run_yaml import Defaults, parse_run_yaml


def folder_of(project: str) -> str:
    """Prefix of a project's uploads in the data bucket."""
    return f"datasets/{project}/"


def files_beside(data: Bucket, project: str) -> dict[str, FileVersion]:
    """Returns the current versions of a project's files by their names, with one listing."""
    folder = folder_of(project)
    names = ((found, found.key.removeprefix(folder)) for found in data.list_current(folder))
    return {
        name: FileVersion(
            name, found.version_id, found.size, found.etag, found.modified.timestamp()
        )
        for found, name in names
        if "/" not in name
    }


def settings_beside(
    data: Bucket, project: str, defaults: Defaults
) -> tuple[Settings, RunSpec | None]:
    """Returns the project's settings, and the run spec unless it cannot be used."""
    # One byte more than allowed is enough to know that the file is too large.
    found = data.read_current(folder_of(project) + RUN_SPEC_NAME, MAX_BYTES + 1)
    version_id = found.version_id if found else None
    try:
        spec = parse_run_yaml(found.body if found else None, defaults)
    except InvalidRunSpecError as error:
        return Settings(version_id, problem=str(error)), None
    return (
        Settings(
            version_id=version_id,
            digest=_digest(spec),
            patterns={
                "train": spec.dataset.train,
                "validation": spec.dataset.validation,
                "test": spec.dataset.test,
            },
            repeat=spec.repeat,
            prepares=spec.prepare is not None,
            has_source=spec.prepare is not None and spec.prepare.source is not None,
        ),
        spec,
    )


def _digest(spec: RunSpec) -> str:
    """Two specs that train the same have the same; ``repeat`` is about the upload."""
    text = spec.model_dump_json(exclude={"repeat"})
    return hashlib.sha256(text.encode()).hexdigest()[:16]
