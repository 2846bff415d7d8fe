"""Fixes what a run is about: its run spec and the object versions that it reads."""

from datetime import datetime

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import AwsRequestError, DatasetChangedError, InvalidRunSpecError
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.layout import Upload, run_prefix
from thriftline.runs.domain.uploads import UploadKind, classify
from thriftline.runs.schemas.run import SPLITS, DatasetFile, Run, Split
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.schemas.run_yaml import Defaults
from thriftline.runs.schemas.steps import ReadRunSpecResponse
from thriftline.runs.steps.project_folder import (
    folder_of,
    objects_beside,
    read_run_spec_file,
    splits_beside,
)


def read_run_spec(
    run_id: str, *, runs: RunsTable, data: Bucket, artifacts: Bucket, defaults: Defaults
) -> ReadRunSpecResponse:
    """Writes ``run.json`` for a run that is open.

    Raises:
        InvalidRunSpecError: ``run.yaml`` cannot be used, or names files that are not there.
        DatasetChangedError: a file vanished since the upload.
    """
    item = runs.get(run_id)
    if item is None:
        raise AwsRequestError(f"Run {run_id} is not in the runs table; Open run comes first.")
    upload = Upload(bucket=item["bucket"], key=item["key"], version_id=item["version_id"])
    uploaded = classify(upload.key)
    is_run_spec = uploaded.kind is UploadKind.RUN_SPEC
    spec = read_run_spec_file(
        data, uploaded.project, upload.version_id if is_run_spec else None, defaults
    )
    files = _files_of_splits(spec, uploaded.project, data) if is_run_spec else _one(upload, data)
    run = Run(
        run_id=run_id,
        project=uploaded.project,
        upload=upload,
        execution_arn=item["execution_arn"],
        opened_at=datetime.fromisoformat(item["opened_at"]),
        spec=spec,
        files=files,
    )
    artifacts.write_json(f"{run_prefix(run.run_id)}run.json", run.model_dump_json(indent=2))
    return ReadRunSpecResponse(files=len(files), bytes=sum(file.size for file in files))


def _one(upload: Upload, data: Bucket) -> tuple[DatasetFile, ...]:
    size = data.size_of_version(upload.key, upload.version_id)
    return (DatasetFile(bucket=data.name, key=upload.key, version_id=upload.version_id, size=size),)


def _files_of_splits(spec: RunSpec, project: str, data: Bucket) -> tuple[DatasetFile, ...]:
    splits = splits_beside(spec, objects_beside(data, project))
    if not splits.are_complete:
        absent = ", ".join(splits.missing) or "a training file such as train.jsonl"
        raise InvalidRunSpecError(
            f"run.yaml: dataset: {absent} is not in {data.uri(folder_of(project))}; "
            "upload it, then run.yaml again."
        )
    twice = _in_two_splits(splits.files)
    if twice:
        raise InvalidRunSpecError(
            f"run.yaml: dataset: {twice} is in more than one split; a file belongs to one."
        )
    return tuple(
        _current(data, folder_of(project) + name, split)
        for split in SPLITS
        for name in splits.files[split]
    )


def _in_two_splits(files: dict[str, tuple[str, ...]]) -> str | None:
    names = [name for group in files.values() for name in group]
    return next((name for name in names if names.count(name) > 1), None)


def _current(data: Bucket, key: str, split: Split) -> DatasetFile:
    found = data.current_version(key)
    if found is None:
        raise DatasetChangedError(f"{data.uri(key)} was deleted while the run started.")
    version_id, size = found
    return DatasetFile(bucket=data.name, key=key, version_id=version_id, size=size, split=split)
