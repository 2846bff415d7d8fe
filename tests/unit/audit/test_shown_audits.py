"""Audits, findings and restores as the API shows them, and what it starts."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from tests.unit.audit.audit_reports import report_account_report
from tests.unit.core.fake_executions import MACHINE, FakeStepFunctions
from thriftline.audit.aws.accepted_file import AcceptedFile
from thriftline.audit.domain.finding_keys import finding_key
from thriftline.audit.domain.history import Acceptance
from thriftline.audit.domain.layout import (
    ACCEPTED_FINDINGS,
    audit_id_of,
    report_key,
    restore_record_key,
    saved_endpoint_key,
)
from thriftline.audit.domain.parts import Scope
from thriftline.audit.schemas.accepted_findings import (
    AcceptedFindingsError,
    parse_accepted_findings,
)
from thriftline.audit.schemas.accepting import with_acceptance
from thriftline.audit.schemas.shown import AuditPage, FindingPage, RestorePage
from thriftline.audit.steps.accept_finding import AcceptingSite, Wish, accept_finding
from thriftline.audit.steps.ask_for_audit import begin_audit
from thriftline.audit.steps.ask_for_restore import (
    RestoringSite,
    SeveralCopiesError,
    WantedCopy,
    begin_restore,
    find_copy,
    is_being_restored,
)
from thriftline.audit.steps.list_audits import AuditsSite, list_audits, show_audit
from thriftline.audit.steps.list_findings import FindingFilters, list_findings
from thriftline.audit.steps.list_restores import list_restores
from thriftline.audit.steps.report_documents import move_latest
from thriftline.core.aws.buckets import Bucket
from thriftline.core.aws.machines import Machines
from thriftline.core.errors import InvalidAuditInputError, ServiceUnavailableError
from thriftline.money.price_catalogue import price_catalogue

TODAY = date(2026, 11, 30)
WISH = Wish("shown to customers", date(2026, 12, 31), "arn:aws:iam::123456789012:user/ada")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="artifacts")
        yield Bucket(client, "artifacts")


@pytest.fixture
def executions() -> FakeStepFunctions:
    return FakeStepFunctions()


@pytest.fixture
def site(bucket: Bucket, executions: FakeStepFunctions) -> AuditsSite:
    return AuditsSite(Machines(cast("Any", executions)), MACHINE, bucket)


def put_report(bucket: Bucket) -> str:
    report = report_account_report()
    bucket.write_json(report_key(report.audit_id, "json"), report.model_dump_json())
    move_latest(report, bucket)
    return report.audit_id


# ---- audits


def audits(site: AuditsSite, limit: int, before: AuditPage | None = None) -> AuditPage:
    page, at = (before.page, before.at) if before else ("", 0)
    return list_audits(site, limit=limit, scope=Scope.ACCOUNT, page=page, at=at)


def test_audits_are_paged_and_the_hourly_ones_are_left_out(
    site: AuditsSite, executions: FakeStepFunctions
) -> None:
    for number in range(130):
        executions.add(f"idle-{number}" if number % 2 else f"daily-{number}")
    page = audits(site, 40)
    seen = list(page.items)
    while page.at >= 0:
        page = audits(site, 40, page)
        seen += page.items
    assert len(seen) == 65
    assert [one.started_at for one in seen] == sorted(
        (one.started_at for one in seen), reverse=True
    )
    assert {one.scope for one in seen} == {Scope.ACCOUNT}
    assert set(executions.page_sizes) == {100}, "Step Functions wants one size for all pages"


def test_an_audit_is_listed_with_what_its_execution_answered(
    site: AuditsSite, executions: FakeStepFunctions
) -> None:
    output = {"mode": "report", "findings": 3, "monthly_usd": "41.50", "unknown": 0}
    executions.end(
        executions.add("daily"),
        "SUCCEEDED",
        output=json.dumps({**output, "planned_actions": 1, "done_actions": 0}),
    )
    executions.end(executions.add("broken"), "FAILED", error="E", cause="no report")
    failed, whole = audits(site, 10).items
    assert (whole.status, whole.findings, str(whole.monthly_usd)) == ("succeeded", 3, "41.50")
    assert (failed.status, failed.findings, failed.reason) == ("failed", None, "no report")


def test_an_audit_is_shown_while_it_runs_and_with_its_report(
    site: AuditsSite, executions: FakeStepFunctions, bucket: Bucket
) -> None:
    arn = executions.add("daily")
    own = audit_id_of(executions.executions[arn]["startDate"], arn)
    running = show_audit(own, site)
    assert running is not None
    assert (running.status, running.report, running.documents) == ("running", None, ())
    assert show_audit("2026-11-30T060000Z-00000000", site) is None
    ended = show_audit(put_report(bucket), site)
    assert ended is not None
    assert ended.report is not None
    assert ended.report.totals.findings == report_account_report().totals.findings
    assert [one.name for one in ended.documents][:2] == ["report.html", "report.json"]


def test_a_start_is_one_audit_whose_id_is_that_of_its_documents(
    site: AuditsSite, executions: FakeStepFunctions
) -> None:
    given = {"window_days": 7, "mode": "report"}
    own = begin_audit(given, Scope.ACCOUNT, "token", site)
    assert begin_audit(given, Scope.ACCOUNT, "token", site) == own
    ((arn, execution),) = executions.executions.items()
    assert own == audit_id_of(execution["startDate"], arn)
    assert json.loads(execution["input"]) == {**given, "scope": "account"}


def test_an_audit_that_cannot_be_is_not_started(
    site: AuditsSite, executions: FakeStepFunctions
) -> None:
    with pytest.raises(InvalidAuditInputError, match="there is no rule"):
        begin_audit({"rules": ["ml.nothing"]}, Scope.ACCOUNT, "token", site)
    assert executions.executions == {}


# ---- findings


def findings(bucket: Bucket, limit: int = 100, at: int = 0, **filters: Any) -> FindingPage:
    found = list_findings(
        bucket, FindingFilters(**filters), audit_id=None, limit=limit, at=at, today=TODAY
    )
    assert found is not None
    return found


def test_findings_are_those_of_the_last_whole_audit_by_filters_and_pages(bucket: Bucket) -> None:
    assert findings(bucket).audit_id is None, "there was no audit yet"
    put_report(bucket)
    report = report_account_report()
    assert [one.id for one in findings(bucket).items] == [one.id for one in report.findings]
    first = findings(bucket, limit=2)
    assert (len(first.items), first.next_at, first.total) == (2, 2, len(report.findings))
    second = findings(bucket, limit=2, at=2)
    assert [one.id for one in second.items] == [one.id for one in report.findings[2:4]]
    rule = report.findings[0].rule
    assert {one.rule for one in findings(bucket, rule=rule).items} == {rule}
    high = findings(bucket, severity="high", confidence="high").items
    assert {(one.severity, one.confidence) for one in high} <= {("high", "high")}
    part = report.findings[0].resource[1:4].upper()
    assert report.findings[0].id in {one.id for one in findings(bucket, resource=part).items}
    assert findings(bucket, account="000000000000").items == ()
    nothing = list_findings(
        bucket, FindingFilters(), audit_id="no-such", limit=1, at=0, today=TODAY
    )
    assert nothing is None


def accepting(bucket: Bucket, file: AcceptedFile | None = None) -> AcceptingSite:
    client = boto3.client("s3", region_name="us-east-1")
    return AcceptingSite(bucket, file or AcceptedFile(client, "artifacts"))


def test_an_accepted_finding_stays_quiet_from_the_answer_on(bucket: Bucket) -> None:
    put_report(bucket)
    chosen = findings(bucket).items[0]
    done = accept_finding(chosen.key, WISH, accepting(bucket), today=TODAY)
    assert done is not None
    assert done.accepted is not None
    assert (done.id, done.accepted.until) == (chosen.id, WISH.until)
    assert [one.id for one in findings(bucket, accepted=True).items] == [chosen.id]
    assert chosen.id not in {one.id for one in findings(bucket, accepted=False).items}
    body = bucket.read(ACCEPTED_FINDINGS)
    assert body is not None
    assert parse_accepted_findings(body) == (
        Acceptance(chosen.id, WISH.reason, WISH.until, WISH.who, TODAY),
    )
    later = list_findings(
        bucket,
        FindingFilters(accepted=True),
        audit_id=None,
        limit=5,
        at=0,
        today=WISH.until + timedelta(days=1),
    )
    assert later is not None
    assert later.items == (), "it is over"


def test_what_no_audit_has_found_cannot_be_accepted(bucket: Bucket) -> None:
    assert accept_finding("f-0", WISH, accepting(bucket), today=TODAY) is None
    put_report(bucket)
    assert accept_finding("f-0", WISH, accepting(bucket), today=TODAY) is None
    assert bucket.read(ACCEPTED_FINDINGS) is None


def test_a_file_with_a_mistake_is_left_as_it_is_and_shown_as_a_problem(bucket: Bucket) -> None:
    put_report(bucket)
    bucket.write(ACCEPTED_FINDINGS, b"- finding: a|b|c|d\n", "application/yaml")
    listed = findings(bucket)
    assert listed.problem is not None
    assert "has no reason" in listed.problem
    with pytest.raises(AcceptedFindingsError, match="has no reason"):
        accept_finding(listed.items[0].key, WISH, accepting(bucket), today=TODAY)
    assert bucket.read(ACCEPTED_FINDINGS) == b"- finding: a|b|c|d\n"


class BusyFile(AcceptedFile):
    """Somebody else writes the file between the first reads and writes."""

    def __init__(self, bucket: Bucket, others: int) -> None:
        super().__init__(boto3.client("s3", region_name="us-east-1"), "artifacts")
        self._bucket_of_others, self._others = bucket, others

    def write(self, text: bytes, before: Any) -> bool:
        if self._others:
            self._others -= 1
            theirs = Acceptance(f"a|b|c|{self._others}", "theirs", WISH.until)
            known = self._bucket_of_others.read(ACCEPTED_FINDINGS) or b""
            self._bucket_of_others.write(
                ACCEPTED_FINDINGS, with_acceptance(known, theirs), "application/yaml"
            )
        return super().write(text, before)


def test_two_who_accept_at_once_both_stay_in_the_file(bucket: Bucket) -> None:
    put_report(bucket)
    key = findings(bucket).items[0].key
    assert accept_finding(key, WISH, accepting(bucket, BusyFile(bucket, 2)), today=TODAY)
    body = bucket.read(ACCEPTED_FINDINGS) or b""
    assert len(parse_accepted_findings(body)) == 3
    with pytest.raises(ServiceUnavailableError):
        accept_finding(key, WISH, accepting(bucket, BusyFile(bucket, 9)), today=TODAY)


def test_what_people_wrote_into_the_file_stays() -> None:
    text = b"# why we live with these\n- finding: a|b|c|d  # an old one\n  reason: 'so it is'\n"
    text += b"  until: 2027-01-01\n"
    entry = Acceptance("x|1|r|d", "because", date(2026, 12, 31), "ada", TODAY)
    after = with_acceptance(text, entry)
    assert after.startswith(text)
    assert parse_accepted_findings(after)[1] == entry
    changed = with_acceptance(after, Acceptance("x|1|r|d", "new", date(2027, 1, 1)))
    assert [one.reason for one in parse_accepted_findings(changed)] == ["so it is", "new"]
    assert with_acceptance(b"# nothing yet\n", entry).startswith(b"# nothing yet\n- finding:")


_WORDS = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=60)


@given(reason=_WORDS.filter(str.strip), resource=_WORDS.filter(str.strip))
def test_any_words_come_back_as_they_were_or_are_refused(reason: str, resource: str) -> None:
    entry = Acceptance(f"rule|1|r|{resource.strip()}", " ".join(reason.split()), WISH.until)
    try:
        text = with_acceptance(b"", entry)
    except AcceptedFindingsError:
        return
    assert parse_accepted_findings(text) == (entry,)


@given(st.lists(st.text(min_size=1, max_size=40), min_size=2, max_size=6, unique=True))
def test_keys_of_findings_fit_a_path_and_differ(ids: list[str]) -> None:
    keys = [finding_key(one) for one in ids]
    assert len(set(keys)) == len(ids)
    assert all(key.replace("-", "").isalnum() and key.isascii() for key in keys)


# ---- restores


LIVES = [datetime(2026, month, 1, 8, 30, tzinfo=UTC) for month in (9, 10)]


def save(bucket: Bucket, name: str, created: datetime, account: str = "123456789012") -> None:
    variants = [{"InstanceType": "ml.m5.large", "InitialInstanceCount": 2}]
    saved = {"config": {"description": {"ProductionVariants": variants}}}
    bucket.write_json(
        saved_endpoint_key(account, "us-east-1", name, created),
        json.dumps({} if name == "b" else saved),
    )


def restoring(bucket: Bucket, executions: FakeStepFunctions) -> RestoringSite:
    functions: Any = None
    return RestoringSite(bucket, functions, Machines(cast("Any", executions)), "f", MACHINE)


def restores(site: RestoringSite, limit: int = 10, after: str | None = None) -> RestorePage:
    return list_restores(
        site.artifacts,
        site.running,
        endpoint=None,
        limit=limit,
        after=after,
        prices=price_catalogue(),
        allowed=lambda _: True,
    )


def test_saved_copies_are_paged_and_say_what_became_of_them(
    bucket: Bucket, executions: FakeStepFunctions
) -> None:
    site = restoring(bucket, executions)
    assert restores(site).items == ()
    for created in LIVES:
        save(bucket, "a", created)
    save(bucket, "b", LIVES[0])
    back = datetime(2026, 11, 1, tzinfo=UTC)
    bucket.write_json(
        restore_record_key("123456789012", "us-east-1", "a", back),
        json.dumps({"created": LIVES[1].isoformat(), "restored": back.isoformat()}),
    )
    copy = find_copy(WantedCopy("b"), site)
    assert copy is not None
    begin_restore(copy, site, MACHINE, "token")
    first = restores(site, limit=2)
    rest = restores(site, limit=2, after=first.last)
    assert rest.last is None
    assert [(one.endpoint, one.state, one.restored_at) for one in (*first.items, *rest.items)] == [
        ("a", "saved", None),
        ("a", "restored", back),
        ("b", "restoring", None),
    ]
    assert (str(first.items[0].usd_per_hour), str(first.items[0].month_usd)) == ("0.230", "167.900")
    assert rest.items[0].month_usd is None, "what it had is not known"


def test_the_last_life_is_meant_and_places_must_be_clear(
    bucket: Bucket, executions: FakeStepFunctions
) -> None:
    site = restoring(bucket, executions)
    for created in LIVES:
        save(bucket, "a", created)
    last, first = (
        find_copy(WantedCopy("a"), site),
        find_copy(WantedCopy("a", created=LIVES[0]), site),
    )
    assert last is not None
    assert first is not None
    assert (last.created, first.created) == (LIVES[1], LIVES[0])
    assert find_copy(WantedCopy("nobody"), site) is None
    save(bucket, "a", LIVES[0], account="999999999999")
    with pytest.raises(SeveralCopiesError, match="999999999999/us-east-1"):
        find_copy(WantedCopy("a"), site)
    own = find_copy(WantedCopy("a", account="999999999999"), site)
    assert own is not None
    assert own.account == "999999999999"


def test_the_same_restore_is_one_execution_with_all_that_is_known(
    bucket: Bucket, executions: FakeStepFunctions
) -> None:
    site = restoring(bucket, executions)
    save(bucket, "a", LIVES[0])
    copy = find_copy(WantedCopy("a"), site)
    assert copy is not None
    assert not is_being_restored(copy, site)
    assert begin_restore(copy, site, MACHINE, "t") == begin_restore(copy, site, MACHINE, "t")
    assert is_being_restored(copy, site)
    ((_, execution),) = executions.executions.items()
    assert json.loads(execution["input"]) == {
        "endpoint": "a",
        "account": "123456789012",
        "region": "us-east-1",
        "created": "2026-09-01T08:30:00Z",
    }
