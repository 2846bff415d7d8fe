"""The report in the artifacts bucket: its four documents, and which one was the last."""

from pydantic import ValidationError

from thriftline.audit.domain.layout import LATEST, report_key
from thriftline.audit.reports.markdown import report_markdown
from thriftline.audit.reports.page import report_page
from thriftline.audit.reports.spreadsheet import report_csv
from thriftline.audit.schemas.report import AuditReport, LastReport, LatestReport
from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import ThriftlineError


def write_report_documents(report: AuditReport, artifacts: Bucket) -> None:
    """Writes the pages, and then the document that they are made of."""
    for kind, text, content_type in (
        ("html", report_page(report), "text/html; charset=utf-8"),
        ("md", report_markdown(report), "text/markdown; charset=utf-8"),
        ("csv", report_csv(report), "text/csv; charset=utf-8"),
    ):
        artifacts.write(report_key(report.audit_id, kind), text.encode(), content_type)
    artifacts.write_json(report_key(report.audit_id, "json"), report.model_dump_json())


def read_report(artifacts: Bucket, audit_id: str) -> AuditReport:
    """Returns the report of an audit.

    Raises:
        AwsRequestError: there is none.
    """
    return AuditReport.model_validate_json(
        artifacts.read_required(report_key(audit_id, "json"), "Write report")
    )


def read_latest(artifacts: Bucket) -> LatestReport | None:
    """Returns the pointer to the last whole report, None before there was one.

    Raises:
        ThriftlineError, pydantic.ValidationError: it could not be read.
    """
    body = artifacts.read(LATEST)
    return None if body is None else LatestReport.model_validate_json(body)


def read_last_report(artifacts: Bucket, audit_id: str) -> tuple[LastReport | None, dict[str, str]]:
    """Returns the report before this audit's own, and what of it could not be read, by URI."""
    place = artifacts.uri(LATEST)
    try:
        pointer = read_latest(artifacts)
        if pointer is not None and pointer.audit_id == audit_id:
            pointer = pointer.previous
        if pointer is None:
            return None, {}
        place = artifacts.uri(pointer.report_key)
        body = artifacts.read(pointer.report_key)
        if body is None:
            return None, {place: "The last report is gone, so this one is compared with nothing."}
        return LastReport.model_validate_json(body), {}
    except (ThriftlineError, ValidationError) as error:
        return None, {place: f"{error}"[:1000]}


def move_latest(report: AuditReport, artifacts: Bucket) -> None:
    """Makes this report the last one, unless a later one is there already."""
    try:
        before = read_latest(artifacts)
    except ValidationError:
        before = None
    if before is not None and before.audit_id == report.audit_id:
        return
    if before is not None and before.generated_at > report.generated_at:
        return
    latest = LatestReport(
        audit_id=report.audit_id,
        report_key=report_key(report.audit_id, "json"),
        generated_at=report.generated_at,
        previous=before.model_copy(update={"previous": None}) if before else None,
    )
    artifacts.write_json(LATEST, latest.model_dump_json())
