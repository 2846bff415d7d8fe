"""`thriftline audit accept`: adds, lists and takes back by the API, as whoever signs the call."""

from typing import Any

import pytest

from tests.unit.cli.fake_api import FakeApi, page
from thriftline_cli.exits import Exit

IDLE = "ml.sagemaker.endpoint.idle|123456789012|us-west-2|demo"
LOGS = "ml.logs.group.no-retention|123456789012|us-west-2|/aws/sagemaker/TrainingJobs"


def entry(finding: str = IDLE, **more: Any) -> dict[str, Any]:
    return {
        "finding": finding,
        "key": "f-1",
        "reason": "a demo",
        "until": "2026-12-31",
        "accepted_by": "arn:aws:iam::123456789012:user/ann",
        "on": "2026-11-30",
        "is_over": False,
        **more,
    }


@pytest.fixture
def api() -> FakeApi:
    return FakeApi(
        environ={"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
        routes={
            "GET /findings": page({"id": f"{IDLE}-2", "key": "f-2"}, {"id": IDLE, "key": "f-1"}),
            "POST /findings/f-1/accept": {"id": IDLE, "key": "f-1", "accepted": entry()},
            "GET /acceptances": page(entry(), entry(LOGS, key="f-3", reason="x" * 90)),
            "DELETE /findings/f-1/accept": entry(),
        },
    )


def test_a_finding_is_accepted_by_its_key(api: FakeApi) -> None:
    line = f"audit accept '{IDLE}' --reason 'a demo' --until 2026-12-31 --output json"
    assert api.command(line) == Exit.DONE
    (asked,) = api.changes
    assert (asked.path, asked.body) == (
        "/findings/f-1/accept",
        {"reason": "a demo", "until": "2026-12-31"},
    )
    assert asked.headers["Idempotency-Key"]
    assert api.asked[0].query["resource"] == "demo", "only what it may be is asked for"
    assert (api.answer["finding"], api.answer["until"]) == (IDLE, "2026-12-31")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["demo", "--reason", "r", "--until", "2026-12-31"], Exit.USAGE, "rule|account|region"),
        ([IDLE, "--reason", "  ", "--until", "2026-12-31"], Exit.USAGE, "--reason"),
        ([IDLE, "--reason", "r", "--until", "soon"], Exit.USAGE, "is not a day"),
        ([IDLE, "--reason", "r"], Exit.USAGE, "is not a day"),
        (
            [f"{IDLE}x", "--reason", "r", "--until", "2026-12-31"],
            Exit.NOT_FOUND,
            f"Did you mean {IDLE}",
        ),
        (["--remove", f"{IDLE}x"], Exit.NOT_FOUND, f"Did you mean {IDLE}"),
    ],
)
def test_what_cannot_be_accepted_is_refused(
    api: FakeApi, words: list[str], code: Exit, said: str
) -> None:
    assert api.command(["audit", "accept", *words]) == code
    assert said in api.said[-1]
    assert api.changes == []


def test_what_is_accepted_is_listed_and_taken_back(api: FakeApi) -> None:
    assert api.command("audit accept --list") == Exit.DONE
    assert max(map(len, api.out.splitlines())) <= 80
    api.command("audit accept --list --output json")
    assert api.answer == [entry(), entry(LOGS, key="f-3", reason="x" * 90)]
    assert api.command(["audit", "accept", "--remove", IDLE]) == Exit.DONE
    (asked,) = api.changes
    assert (asked.method, asked.path) == ("DELETE", "/findings/f-1/accept")


def test_a_dry_run_changes_nothing(api: FakeApi) -> None:
    day = ["--reason", "r", "--until", "2026-12-31", "--dry-run"]
    assert api.command(["audit", "accept", IDLE, *day]) == Exit.DONE
    assert api.command(["audit", "accept", "--remove", IDLE, "--dry-run"]) == Exit.DONE
    assert api.changes == []
