"""`thriftline audit accept`: adds, renews, lists and removes, and keeps what people wrote."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from thriftline_cli.commands.audit import run
from thriftline_cli.context import Context
from thriftline_cli.exits import Exit
from thriftline_cli.findings.accept import (
    AcceptedFindingsFile,
    AcceptError,
    StoredFile,
    accept,
    checked,
    report_again,
    with_entry,
    without_entry,
)
from thriftline_cli.findings.accepted_findings import (
    Acceptance,
    AcceptedFindingsError,
    parse_accepted_findings,
)
from thriftline_cli.options import parsed

TODAY = date(2026, 11, 22)
IDLE = "ml.sagemaker.endpoint.idle|123456789012|us-west-2|demo"
LOGS = "ml.logs.group.no-retention|123456789012|us-west-2|/aws/sagemaker/TrainingJobs"
TEXT = f"""\
# What we live with, by order of finance.
- finding: {IDLE}   # ask Jane
  reason: 'shown to customers'
  until: 2026-12-31
# The rest is mended.
""".encode()
KEY = "audits/accepted_findings.yaml"


def test_an_entry_is_added_and_every_comment_stays() -> None:
    text = with_entry(TEXT, Acceptance(LOGS, "legal wants it", TODAY, "jane", TODAY))
    assert text.startswith(TEXT.rstrip())
    assert parse_accepted_findings(text)[1] == Acceptance(
        LOGS, "legal wants it", TODAY, "jane", TODAY
    )


def test_an_accepted_finding_is_renewed_in_its_place() -> None:
    text = with_entry(TEXT, Acceptance(IDLE, "one more year", date(2027, 12, 31)))
    assert parse_accepted_findings(text) == (Acceptance(IDLE, "one more year", date(2027, 12, 31)),)
    assert b"# ask Jane" in text
    assert b"by order of finance" in text


@pytest.mark.parametrize("text", [b"", b"# nothing yet\n", b"[]\n", b"---\n"])
def test_a_file_without_entries_gets_its_first(text: bytes) -> None:
    made = with_entry(text, Acceptance(IDLE, "r", TODAY))
    assert [one.finding for one in parse_accepted_findings(made)] == [IDLE]
    assert made.startswith(text.rstrip()) or text == b"[]\n"


def test_an_entry_is_removed_and_the_others_stay() -> None:
    both = with_entry(TEXT, Acceptance(LOGS, "r", TODAY))
    left = without_entry(both, LOGS)
    assert parse_accepted_findings(left) == parse_accepted_findings(TEXT)
    assert b"by order of finance" in left
    with pytest.raises(AcceptError, match="Did you mean"):
        without_entry(TEXT, IDLE + "x")


def test_a_file_with_a_mistake_is_left_alone() -> None:
    with pytest.raises(AcceptedFindingsError, match="line 4"):
        with_entry(TEXT.replace(b"until:", b"til:"), Acceptance(LOGS, "r", TODAY))


@given(
    st.text(min_size=1).filter(lambda text: text.strip()),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60),
)
def test_any_reason_and_any_resource_come_back(reason: str, resource: str) -> None:
    finding = f"ml.sagemaker.endpoint.idle|1|r|{resource}"
    reason = reason.strip()[:900].strip() or "r"
    try:
        text = with_entry(TEXT, Acceptance(finding, reason, TODAY))
    except (AcceptedFindingsError, ValueError):
        # YAML has no way to write some characters; then nothing is written.
        return
    entry = parse_accepted_findings(text)[1]
    assert entry.finding == finding
    assert entry.reason == " ".join(reason.split())


@pytest.mark.parametrize("line_break", ["\n", "\r", "\x85", "\u2028"])
def test_a_reason_of_two_lines_becomes_one(line_break: str) -> None:
    text = with_entry(TEXT, Acceptance(IDLE + "y", f"kept{line_break}warm", TODAY))
    assert parse_accepted_findings(text)[1].reason == "kept warm"


@pytest.mark.parametrize(
    ("finding", "reason", "until", "said"),
    [
        ("demo", "r", "2026-12-31", "rule|account|region|resource"),
        ("ml.sagemaker.endpoint.idel|1|r|x", "r", "2026-12-31", "Did you mean ml.sagemaker"),
        (IDLE, "  ", "2026-12-31", "Give a reason"),
        (IDLE, "r", "2026-11-21", "is over; today is 2026-11-22"),
        (IDLE, "r", "soon", "is not a day"),
    ],
)
def test_what_cannot_be_accepted_is_refused(
    finding: str, reason: str, until: str, said: str
) -> None:
    with pytest.raises(AcceptError) as caught:
        checked(finding, reason, until, TODAY)
    assert said in str(caught.value)


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="artifacts")
        yield client


def _accept(s3: Any, finding: str, reason: str, until: str, by: str | None = None) -> list[str]:
    said: list[str] = []
    day = date.fromisoformat(until)
    entry = Acceptance(finding, reason, day, by, TODAY)
    accept(AcceptedFindingsFile(s3, "artifacts"), entry, said.append)
    return said


def _listed(s3: Any, *words: str) -> Any:
    out = io.StringIO()
    asked = parsed(["audit", "accept", "--output", "json", *words])
    context = Context(
        asked,
        stdout=out,
        environ={},
        now=lambda: datetime(2026, 11, 22, tzinfo=UTC),
        make_client=lambda name: s3 if name == "s3" else Stacks(),
    )
    assert run(context.args, context) == Exit.DONE
    return json.loads(out.getvalue())


class Stacks:
    """A stack with a bucket."""

    def describe_stacks(self, StackName: str) -> Any:
        assert StackName == "thriftline"
        output = {"OutputKey": "ArtifactsBucketName", "OutputValue": "artifacts"}
        return {"Stacks": [{"Outputs": [output]}]}


def test_accepting_listing_and_removing(s3: Any) -> None:
    assert _listed(s3, "--list") == []
    _listed(s3, IDLE, "--reason", "a demo", "--until", "2026-11-22", "--by", "jane")
    _accept(s3, LOGS, "legal", "2027-01-01")
    first, second = _listed(s3, "--list")
    assert first == {
        "finding": IDLE,
        "until": "2026-11-22",
        "reason": "a demo",
        "accepted_by": "jane",
        "is_over": False,
    }
    _listed(s3, "--remove", IDLE)
    assert _listed(s3, "--list") == [second]
    report_again(AcceptedFindingsFile(s3, "artifacts"), LOGS)
    assert _listed(s3, "--list") == []


def test_a_dry_run_writes_nothing(s3: Any) -> None:
    _listed(s3, IDLE, "--reason", "a demo", "--until", "2026-11-22", "--dry-run")
    assert _listed(s3, "--list") == []
    _accept(s3, LOGS, "legal", "2027-01-01")
    _listed(s3, "--remove", LOGS, "--dry-run")
    assert [one["finding"] for one in _listed(s3, "--list")] == [LOGS]


def test_what_the_last_report_does_not_have_is_said(s3: Any) -> None:
    report = {"findings": [{"id": IDLE}]}
    s3.put_object(Bucket="artifacts", Key="audits/a/report.json", Body=json.dumps(report))
    pointer = {"report_key": "audits/a/report.json"}
    s3.put_object(Bucket="artifacts", Key="audits/latest.json", Body=json.dumps(pointer))
    assert _accept(s3, IDLE, "r", "2026-12-31") == [f"Quiet until 2026-12-31: {IDLE}"]
    assert _accept(s3, f"{IDLE}-1", "r", "2026-12-31")[1] == (
        f"The last report does not have it. Did you mean {IDLE}?"
    )


def test_what_somebody_else_wrote_in_between_is_never_lost(s3: Any) -> None:
    file = AcceptedFindingsFile(s3, "artifacts")
    before = file.read()
    s3.put_object(Bucket="artifacts", Key=KEY, Body=TEXT)
    with pytest.raises(AcceptError, match="Somebody else"):
        file.write(b"[]\n", before)
    with pytest.raises(AcceptError, match="Somebody else"):
        file.write(b"[]\n", StoredFile(TEXT, '"another"'))
    assert s3.get_object(Bucket="artifacts", Key=KEY)["Body"].read() == TEXT
