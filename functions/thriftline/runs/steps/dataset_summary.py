"""What a run's result says of ``dataset.json``, which validation writes."""

from thriftline.core.aws.buckets import Bucket
from thriftline.datasets.report_document import DatasetReport
from thriftline.runs.domain.layout import run_prefix
from thriftline.runs.schemas.result import ResultDataset, ResultFinding


def dataset_result(artifacts: Bucket, run_id: str) -> ResultDataset | None:
    """Returns the summary, None when validation did not come so far."""
    body = artifacts.read(f"{run_prefix(run_id)}dataset.json")
    return None if body is None else summary_of(DatasetReport.model_validate_json(body))


def summary_of(report: DatasetReport) -> ResultDataset:
    """Returns the verdict, the counts and the findings without their places but the first."""
    return ResultDataset(
        verdict=report.verdict,
        codes=tuple(report.codes),
        findings=tuple(
            ResultFinding(
                code=one.code,
                severity=one.severity,
                count=one.count,
                title=one.title,
                detail=one.detail,
                first_place=str(one.places[0]) if one.places else None,
                fix=one.fix,
            )
            for one in report.findings
        ),
        rows=report.rows,
        splits=report.splits,
        labels=report.labels,
        text_length_median=report.text_length_median,
        text_length_p95=report.text_length_p95,
    )
