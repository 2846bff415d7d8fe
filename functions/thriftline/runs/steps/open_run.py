"""Decides whether an upload starts a run, and makes the run this execution's own."""

from dataclasses import dataclass
from datetime import datetime

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.aws.runs_table import RunsTable
from thriftline.runs.domain.layout import run_id_of
from thriftline.runs.domain.uploads import ClassifiedUpload, UploadKind, classify, split_of
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.schemas.run_yaml import Defaults
from thriftline.runs.schemas.steps import OpenRunRequest, OpenRunResponse
from thriftline.runs.steps.project_folder import objects_beside, read_run_spec_file, splits_beside


@dataclass(frozen=True)
class _Verdict:
    """``starts`` is None while the rest of the upload may still come."""

    starts: bool | None
    reason: str


def open_run(
    request: OpenRunRequest,
    *,
    data: Bucket,
    runs: RunsTable,
    defaults: Defaults,
    settle_seconds: int,
    now: datetime,
) -> OpenRunResponse:
    """Opens a run for an upload, once for each object version.

    A file called ``train`` may be a whole data set or the first of several files, and ``run.yaml``
    may come before its files: the machine waits ``settle_seconds`` once and asks again.

    Returns:
        The decision: ``open``; ``duplicate`` of a run that another execution has; ``wait``;
        or ``ignored``, with the reason.
    """
    upload = classify(request.upload.key)
    if upload.kind is UploadKind.NOT_A_DATASET:
        return _ignored(upload.reason)
    verdict = _judge(upload, request, data, defaults)
    if verdict.starts is None and not request.settled:
        return OpenRunResponse(
            decision="wait", run_id=None, reason=verdict.reason, wait_seconds=settle_seconds
        )
    if not verdict.starts and not (verdict.starts is None and _may_stand_alone(upload)):
        return _ignored(verdict.reason)
    run_id = run_id_of(request.upload, upload.project)
    claim = runs.claim(run_id, upload.project, request.upload, request.execution_arn, now)
    if not claim.mine:
        return OpenRunResponse(
            decision="duplicate",
            run_id=run_id,
            reason=f"run {run_id} of this object version belongs to {claim.execution_arn}",
            owner_execution_arn=claim.execution_arn,
        )
    return OpenRunResponse(decision="open", run_id=run_id, reason=verdict.reason)


def _ignored(reason: str) -> OpenRunResponse:
    return OpenRunResponse(decision="ignored", run_id=None, reason=reason)


def _may_stand_alone(upload: ClassifiedUpload) -> bool:
    """After the wait, a lone ``train`` file is a whole data set."""
    return upload.kind is UploadKind.SPLIT_FILE and split_of(upload.name) == "train"


def _judge(
    upload: ClassifiedUpload, request: OpenRunRequest, data: Bucket, defaults: Defaults
) -> _Verdict:
    version = request.upload.version_id if upload.kind is UploadKind.RUN_SPEC else None
    try:
        spec = read_run_spec_file(data, upload.project, version, defaults)
    except InvalidRunSpecError:
        return _Verdict(True, "run.yaml cannot be used; the run will say why")
    if upload.kind is UploadKind.RUN_SPEC:
        return _judge_run_spec(spec, upload, data)
    return _judge_data_file(spec, upload, data)


def _judge_run_spec(spec: RunSpec, upload: ClassifiedUpload, data: Bucket) -> _Verdict:
    splits = splits_beside(spec, objects_beside(data, upload.project))
    if splits.are_complete:
        return _Verdict(True, "run.yaml and its files are complete")
    if splits.missing:
        return _Verdict(
            None,
            f"run.yaml names {', '.join(splits.missing)}, which is not there; "
            "upload it and then run.yaml again",
        )
    return _Verdict(
        None,
        "run.yaml has no training file beside it; it holds for the next upload of one file, "
        "or upload train.jsonl and then run.yaml again",
    )


def _judge_data_file(spec: RunSpec, upload: ClassifiedUpload, data: Bucket) -> _Verdict:
    beside = objects_beside(data, upload.project)
    patterns_given = spec.dataset.train is not None
    members = {name for files in splits_beside(spec, beside).files.values() for name in files}
    if patterns_given and upload.name in members:
        return _Verdict(
            False, f"{upload.name} belongs to the files of run.yaml; upload run.yaml to start"
        )
    if upload.kind is UploadKind.DATA_FILE:
        return _Verdict(True, f"{upload.name} is a whole data set")
    others = members - {upload.name}
    if others or split_of(upload.name) != "train":
        return _Verdict(
            False,
            f"{upload.name} is one split of a data set of several files; "
            "upload run.yaml (it may be empty) to start",
        )
    return _Verdict(None, f"{upload.name} may be the first of several files")
