"""What lies beside an upload in ``datasets/{project}/``."""

from thriftline.core.aws.buckets import Bucket, StoredObject
from thriftline.runs.domain.uploads import RUN_SPEC_NAME, SplitFiles, split_files
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.schemas.run_yaml import MAX_BYTES, Defaults, parse_run_yaml


def folder_of(project: str) -> str:
    """Prefix of a project's uploads in the data bucket."""
    return f"datasets/{project}/"


def objects_beside(data: Bucket, project: str) -> dict[str, StoredObject]:
    """Returns the objects of a project's folder by their file names."""
    folder = folder_of(project)
    return {
        found.key.removeprefix(folder): found
        for found in data.list(folder)
        if "/" not in found.key.removeprefix(folder)
    }


def read_run_spec_file(
    data: Bucket, project: str, version_id: str | None, defaults: Defaults
) -> RunSpec:
    """Returns the project's run spec; the defaults when there is no ``run.yaml``.

    Raises:
        InvalidRunSpecError: the file is there and cannot be used.
    """
    key = folder_of(project) + RUN_SPEC_NAME
    if version_id is None:
        current = data.current_version(key)
        if current is None:
            return parse_run_yaml(None, defaults)
        version_id = current[0]
    # One byte more than allowed is enough to know that the file is too large.
    return parse_run_yaml(data.read_range(key, version_id, 0, MAX_BYTES + 1), defaults)


def splits_beside(spec: RunSpec, names: dict[str, StoredObject]) -> SplitFiles:
    """Sorts the files of a project's folder into the splits that the run spec asks for."""
    return split_files(
        names,
        {
            "train": spec.dataset.train,
            "validation": spec.dataset.validation,
            "test": spec.dataset.test,
        },
    )
