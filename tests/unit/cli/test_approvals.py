"""`thriftline approvals`: what waits, and a yes or a no to its dollars."""

import pytest

from tests.unit.cli.fake_api import FakeApi, page, problem
from tests.unit.cli.runs_api import ID, a_run
from thriftline_cli.exits import Exit


def asks_for_approval(api: FakeApi) -> None:
    api.routes |= {
        f"GET /runs/{ID}": a_run(status="waiting_for_approval", approval={"worst_case_usd": "3.2"}),
        f"POST /approvals/{ID}/approve": {"run_id": ID, "standing": "approved"},
    }


def test_without_a_terminal_and_without_yes_nothing_is_approved(api: FakeApi) -> None:
    asks_for_approval(api)
    assert api.command(f"approvals approve {ID}") == Exit.REFUSED
    assert api.said == [
        f"thriftline: run {ID} of shop may spend up to $3.20, $0.13 expected. Nobody can be asked "
        "here: say --yes"
    ]
    assert api.changes == []


@pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("YES\n", 0), ("\n", 3), ("n\n", 3)])
def test_a_terminal_is_asked_with_the_dollars(api: FakeApi, typed: str, code: int) -> None:
    asks_for_approval(api)
    api.is_terminal, api.typed = True, typed
    assert api.command(f"approvals approve {ID}") == code
    assert "may spend up to $3.20" in api.said[0]
    said = [one.body for one in api.changes]
    assert said == ([{"worst_case_usd": "3.2"}] if code == 0 else [])


def test_a_run_that_asked_for_nothing_cannot_be_approved(api: FakeApi) -> None:
    assert api.command(f"approvals approve {ID} --yes") == Exit.NOT_FOUND
    assert "has not asked for an approval" in api.said[0]


def test_an_approval_that_came_too_late_is_refused(api: FakeApi) -> None:
    asks_for_approval(api)
    api.routes[f"POST /approvals/{ID}/approve"] = problem(409, "ann has approved it at 3:00.")
    assert api.command(f"approvals approve {ID} --yes") == Exit.REFUSED
    assert api.said[-1] == "thriftline: ann has approved it at 3:00."


def test_a_preparation_that_is_approved_says_that_its_training_has_no_price(api: FakeApi) -> None:
    asks_for_approval(api)
    found = api.routes[f"GET /runs/{ID}"]
    found["approval"] |= {"part": "preparation", "spent_usd": "0"}
    api.command(f"approvals approve {ID}")
    assert f"the preparation of run {ID} of shop may spend up to $3.20" in api.said[0]
    assert "no price yet" in api.said[0]

    found["approval"] |= {"part": "run", "spent_usd": "0.60"}
    api.command(f"approvals reject {ID}")
    assert "spends no more than the $0.60 of its preparation" in api.said[-1]


def test_what_waits_is_listed_with_its_dollars(api: FakeApi) -> None:
    api.routes["GET /approvals"] = page(
        {
            "run_id": ID,
            "project": "shop",
            "expected_usd": None,
            "worst_case_usd": "99999.99",
            "left_usd": "100000",
            "expires_at": "2026-12-03T03:00:00Z",
        }
    )
    api.command("approvals list")
    assert api.out.splitlines()[1].split()[:4] == [ID, "-", "$99,999.99", "$100,000.00"]
    assert max(map(len, api.out.splitlines())) <= 80
