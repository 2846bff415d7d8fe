"""Write report: all targets, the plan and what people accepted, in one document and its pages."""

from collections.abc import Iterator
from decimal import Decimal

from pydantic import ValidationError

from thriftline.audit.domain.actions import ActionPlan
from thriftline.audit.domain.digest import Digest, digest_of
from thriftline.audit.domain.layout import plan_key, report_key, result_key
from thriftline.audit.domain.parts import Scope
from thriftline.audit.reports.assembly import ReportInputs, assemble
from thriftline.audit.schemas.report import LastReport
from thriftline.audit.schemas.result import decode_plan, decode_result
from thriftline.audit.schemas.settings import AuditSettings, Target
from thriftline.audit.schemas.steps import AuditRequest, WriteReportResponse
from thriftline.audit.steps.acceptances import read_acceptances
from thriftline.audit.steps.documents import read_settings
from thriftline.audit.steps.report_documents import (
    move_latest,
    read_last_report,
    write_report_documents,
)
from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import ThriftlineError
from thriftline.money.price_catalogue import price_catalogue


def write_report(request: AuditRequest, *, artifacts: Bucket) -> WriteReportResponse:
    """Writes report.json, .md, .csv and .html, and makes a whole audit the last one.

    Safe to repeat. A result, a plan or a last report that cannot be read is told in the report:
    it always comes.

    Raises:
        AwsRequestError: there is no such audit.
        ThriftlineError: the settings could not be read, or the report could not be written.
    """
    settings = read_settings(artifacts, request.audit_id)
    digests: list[Digest] = []
    missing: list[tuple[Target, str]] = []
    for target, digest, why in _digests(settings, artifacts):
        if digest is None:
            missing.append((target, why))
        else:
            digests.append(digest)
    plan, plan_problem = _plan(request.audit_id, artifacts)
    accepted = read_acceptances(artifacts)
    last, problems = _last(settings, artifacts)
    report = assemble(
        ReportInputs(
            settings=settings,
            digests=digests,
            missing=missing,
            plan=plan,
            acceptances=accepted.acceptances,
            acceptance_problem=accepted.problem,
            last=last,
            problems=problems | plan_problem,
            prices=price_catalogue(),
        )
    )
    write_report_documents(report, artifacts)
    if report.is_whole and report.scope is Scope.ACCOUNT:
        move_latest(report, artifacts)
    return WriteReportResponse(
        findings=report.totals.findings,
        unknown=report.totals.unknown,
        monthly_usd=Decimal(f"{report.totals.sure_monthly_usd:.2f}"),
        report_uri=artifacts.uri(report_key(request.audit_id, "html")),
    )


def _digests(
    settings: AuditSettings, artifacts: Bucket
) -> Iterator[tuple[Target, Digest | None, str]]:
    """Yields each target with its digest, or with the reason why there is none."""
    for target in settings.targets:
        key = result_key(settings.audit_id, target.account, target.region)
        try:
            body = artifacts.read(key)
        except ThriftlineError as error:
            yield target, None, str(error)
            continue
        if body is None:
            yield target, None, "It has no result: collecting it, or applying the rules, failed."
            continue
        try:
            result = decode_result(body)
        except ValidationError as error:
            yield target, None, f"{artifacts.uri(key)} is not a result: {error}"[:1000]
            continue
        yield target, digest_of(result.audit, result.costs), ""


def _last(settings: AuditSettings, artifacts: Bucket) -> tuple[LastReport | None, dict[str, str]]:
    """Returns the report to compare with: the hourly audit of endpoints has none."""
    if settings.scope is not Scope.ACCOUNT:
        return None, {}
    return read_last_report(artifacts, settings.audit_id)


def _plan(audit_id: str, artifacts: Bucket) -> tuple[ActionPlan | None, dict[str, str]]:
    """Returns the plan, None without one, and why it could not be read, by its URI."""
    key = plan_key(audit_id)
    try:
        body = artifacts.read(key)
        return (None if body is None else decode_plan(body)), {}
    except (ThriftlineError, ValidationError) as error:
        return None, {artifacts.uri(key): str(error)[:1000]}
