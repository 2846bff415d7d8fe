"""accepted_findings.yaml: what is read, and what a mistake in it gets."""

import contextlib
from collections.abc import Callable
from datetime import date
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runs.registry_fakes import refusal
from thriftline.audit.domain.history import Acceptance
from thriftline.audit.schemas.accepted_findings import (
    AcceptedFindingsError,
    parse_accepted_findings,
)
from thriftline.audit.steps.acceptances import read_acceptances
from thriftline.core.aws.buckets import Bucket

IDLE = "ml.sagemaker.endpoint.idle|123456789012|us-west-2|demo"
ENTRY = f"""\
# What we live with.
- finding: {IDLE}
  reason: shown to customers   # every month
  until: 2026-12-31
"""


def _problem(text: str | bytes) -> str:
    body = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(AcceptedFindingsError) as caught:
        parse_accepted_findings(body)
    return str(caught.value)


def test_an_entry_needs_a_finding_a_reason_and_a_last_day() -> None:
    (one,) = parse_accepted_findings(ENTRY.encode())
    assert one == Acceptance(IDLE, "shown to customers", date(2026, 12, 31))


def test_an_entry_may_say_who_accepted_it_and_when() -> None:
    text = f"{ENTRY}  accepted_by: jane\n  on: '2026-11-22'\n"
    (one,) = parse_accepted_findings(text.encode())
    assert (one.accepted_by, one.on) == ("jane", date(2026, 11, 22))


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[]"])
def test_an_empty_file_accepts_nothing(text: str) -> None:
    assert parse_accepted_findings(text.encode()) == ()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("- finding: a\n  reason: r\n  until: 2026-12-31\n", ["line 1", "finding", "rule|account"]),
        (ENTRY.replace("until", "untill"), ["line 4", "untill", "Did you mean until?"]),
        (ENTRY.replace("  until: 2026-12-31\n", ""), ["line 2", "no until"]),
        (ENTRY.replace("2026-12-31", "next year"), ["line 4", "until", "next year"]),
        (ENTRY.replace("shown to customers", "''"), ["line 3", "reason", "1 character"]),
        (ENTRY.replace("shown to customers", "7"), ["line 3", "reason", "string", "7"]),
        (f"{ENTRY}  until: 2027-01-01\n", ["line 5", "duplicate key"]),
        ("finding: x\n", ["line 1", "list"]),
        ("- [\n", ["line 2", "column 1"]),
        ("- {finding: x\n", ["line 2"]),
        (b"- finding: \xff\n", ["line 1", "UTF-8"]),
        ("- 5\n", ["line 1", "5"]),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_is_allowed(
    text: str | bytes, parts: list[str]
) -> None:
    message = _problem(text)
    assert all(part in message for part in ["accepted_findings.yaml", *parts]), message


def test_every_mistake_is_told_at_once() -> None:
    message = _problem("- finding: x\n  reason: r\n  until: soon\n- reason: ''\n")
    assert len(message.splitlines()) == 5


def test_a_file_that_holds_something_else_is_refused_by_its_size() -> None:
    assert "1,048,577 bytes" in _problem(b"#" * 1_048_577)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused_with_the_files_name(body: bytes) -> None:
    with contextlib.suppress(AcceptedFindingsError):
        parse_accepted_findings(body)


class _Store:
    """The S3 client of a bucket that holds one file, or fails."""

    def __init__(self, answer: Callable[[], bytes]) -> None:
        self._answer = answer

    def get_object(self, **request: str) -> dict[str, Any]:
        assert request["Key"] == "audits/accepted_findings.yaml"
        return {"Body": self}

    def read(self) -> bytes:
        return self._answer()


def _bucket(answer: Callable[[], bytes]) -> Bucket:
    return Bucket(cast("Any", _Store(answer)), "artifacts")


def _refused(code: str) -> Callable[[], bytes]:
    def answer() -> bytes:
        raise refusal(code, "no", "GetObject")

    return answer


def test_what_was_accepted_is_read_from_the_artifacts_bucket() -> None:
    read = read_acceptances(_bucket(ENTRY.encode))
    assert [one.finding for one in read.acceptances] == [IDLE]
    assert read.problem is None


def test_without_the_file_nothing_is_accepted_and_nothing_is_wrong() -> None:
    read = read_acceptances(_bucket(_refused("NoSuchKey")))
    assert (read.acceptances, read.problem) == ((), None)


def test_a_file_with_a_mistake_accepts_nothing_and_says_what_to_mend() -> None:
    read = read_acceptances(_bucket(ENTRY.replace("until", "til").encode))
    assert read.acceptances == ()
    assert read.problem is not None
    assert "s3://artifacts/audits/accepted_findings.yaml" in read.problem
    assert "line 4: unknown key til" in read.problem


@pytest.mark.parametrize("code", ["AccessDenied", "SlowDown", "InternalError"])
def test_a_file_that_s3_does_not_give_is_a_problem_and_no_error(code: str) -> None:
    read = read_acceptances(_bucket(_refused(code)))
    assert read.acceptances == ()
    assert read.problem is not None
    assert code in read.problem
