"""Publishes what validation found, and rejects what cannot be trained on."""

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import DatasetRejectedError
from thriftline.datasets.engine.reporting import rejection_message
from thriftline.datasets.report_document import DatasetReport
from thriftline.datasets.reports.dataset_page import dataset_page
from thriftline.runs.domain.layout import run_prefix
from thriftline.runs.schemas.steps.validation import ValidationResponse


def publish_verdict(
    report: DatasetReport, run_id: str, parts: int, artifacts: Bucket
) -> ValidationResponse:
    """Writes ``dataset.json`` and ``dataset.html``.

    Raises:
        DatasetRejectedError: after both are written; the message says what to fix.
    """
    prefix = run_prefix(run_id)
    artifacts.write_json(f"{prefix}dataset.json", report.model_dump_json(indent=2))
    page = dataset_page(report, run_id)
    artifacts.write(f"{prefix}dataset.html", page.encode(), "text/html; charset=utf-8")
    if report.verdict == "rejected":
        raise DatasetRejectedError(rejection_message(report))
    return ValidationResponse(mode="done", parts=parts, verdict=report.verdict)
