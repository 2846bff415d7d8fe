"""The result of a data file that is not read: there is no execution that could publish one."""

from datetime import datetime

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import DatasetRejectedError
from thriftline.runs.domain.layout import Upload, run_id_of, run_prefix
from thriftline.runs.schemas.result import (
    Result,
    ResultError,
    ResultReports,
    ResultUpload,
)
from thriftline.runs.steps.result_documents import REPORT, RESULT, write_result
from thriftline.runs.steps.run_costs import NO_JOB


def refuse_upload(
    upload: Upload, project: str, reason: str, *, artifacts: Bucket, now: datetime
) -> Result:
    """Writes the result of a rejected run where the uploader looks for one."""
    run_id = run_id_of(upload, project)
    error = ResultError(name=DatasetRejectedError.__name__, message=reason, state="Explain upload")
    result = Result(
        run_id=run_id,
        project=project,
        status="rejected",
        reason=reason,
        error=error,
        execution_arn="",
        upload=ResultUpload(
            bucket=upload.bucket, key=upload.key, version_id=upload.version_id, size=upload.size
        ),
        opened_at=None,
        ended_at=now,
        seconds=None,
        spec=None,
        dataset=None,
        plan=None,
        cost=NO_JOB,
        attempts=(),
        metrics=None,
        champion_metrics=None,
        comparison=None,
        gate=None,
        training=None,
        model_package_arn=None,
        reports=ResultReports(
            result=artifacts.uri(f"{run_prefix(run_id)}{RESULT}"),
            report=artifacts.uri(f"{run_prefix(run_id)}{REPORT}"),
            dataset_report=None,
            evaluation=None,
            model=None,
        ),
    )
    write_result(result, artifacts)
    return result
