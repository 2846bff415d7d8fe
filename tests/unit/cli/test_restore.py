"""`thriftline restore`: lists, rehearses, restores and follows by the API."""

from typing import Any

import pytest

from tests.browser.sample_audits import restores
from tests.unit.cli.fake_api import FakeApi, page, problem
from thriftline_cli.exits import Exit

OWN = "restore-0a1b2c3d4e5f-0a1b2c3d4e5f"
HREF = f"/restores/{OWN}"


def act(outcome: str, **more: Any) -> dict[str, Any]:
    return {
        "id": OWN,
        "endpoint": "old",
        "account": "123456789012",
        "region": "us-east-1",
        "outcome": outcome,
        "reason": "",
        "saved_uri": "s3://a/b",
        "steps": ["CreateEndpoint old"],
        **more,
    }


@pytest.fixture
def api() -> FakeApi:
    return FakeApi(
        environ={"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
        routes={
            "GET /restores": page(*restores()),
            "POST /restores": {"id": OWN, "kind": "restore", "href": HREF},
            f"GET {HREF}": [act("restoring", steps=[], saved_uri=None), act("restored")],
        },
    )


def test_copies_are_listed_with_what_they_cost(api: FakeApi) -> None:
    assert api.command("restore --list") == Exit.DONE
    assert max(map(len, api.out.splitlines())) <= 80
    assert "A MONTH" in api.out
    api.command("restore --list --output json")
    assert api.answer == restores()


def test_a_restore_is_started_and_followed_to_its_end(api: FakeApi) -> None:
    line = "restore old --from-region us-east-1 --created 2026-09-01T08:30:00+00:00 --output json"
    assert api.command(line) == Exit.DONE
    (asked,) = api.changes
    assert asked.body == {
        "endpoint": "old",
        "region": "us-east-1",
        "created": "2026-09-01T08:30:00+00:00",
    }
    assert asked.headers["Idempotency-Key"]
    assert api.answer["outcome"] == "restored"
    assert "done: CreateEndpoint old" in api.said


@pytest.mark.parametrize(("outcome", "code"), [("exists", Exit.REFUSED), ("failed", Exit.FAILED)])
def test_its_end_is_the_exit_code(api: FakeApi, outcome: str, code: Exit) -> None:
    api.routes[f"GET {HREF}"] = act(outcome, reason="no quota")
    assert api.command("restore old") == code
    assert "no quota" in api.out


def test_nobody_has_to_wait(api: FakeApi) -> None:
    assert api.command("restore old --no-wait --output json") == Exit.DONE
    assert api.answer["id"] == OWN
    api.routes[f"GET {HREF}"] = act("restoring")
    assert api.command("restore old --timeout 30s") == Exit.TIMED_OUT
    assert "goes on" in api.said[-1]


def test_a_dry_run_says_what_would_be_done(api: FakeApi) -> None:
    steps = {"steps": ["CreateEndpoint old"], "left": ["wait for it"]}
    api.routes["POST /restores"] = {**steps, "endpoint": "old", "saved_uri": "s3://a/b"}
    assert api.command("restore old --dry-run") == Exit.DONE
    assert [one.body["dry_run"] for one in api.changes] == [True]
    assert "would do: CreateEndpoint old" in api.said


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (404, Exit.NOT_FOUND, "thriftline restore --list"),
        (409, Exit.REFUSED, "AuditMode"),
        (422, Exit.USAGE, "AuditMode"),
    ],
)
def test_what_cannot_be_restored_says_why(api: FakeApi, status: int, code: Exit, said: str) -> None:
    api.routes["POST /restores"] = problem(status, "its AuditMode is not act.")
    assert api.command("restore old") == code
    assert said in api.said[-1]
    assert api.command("restore") == Exit.USAGE
