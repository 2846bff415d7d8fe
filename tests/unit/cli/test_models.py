"""`thriftline models`: versions and their approval."""

from tests.unit.cli.fake_api import FakeApi, page
from tests.unit.cli.runs_api import ID
from thriftline_cli.exits import Exit


def test_a_version_is_approved_and_listed(api: FakeApi) -> None:
    api.routes |= {
        "GET /projects/shop/models": page(
            {
                "version": 3,
                "approval_status": "PendingManualApproval",
                "metrics": {"accuracy": 0.91},
                "cost_usd": "0.1",
                "created_at": "2026-11-30T03:00:00Z",
                "run_id": ID,
            }
        ),
        "POST /projects/shop/models/3/approval": {"version": 3, "approval_status": "Approved"},
    }
    api.command("models list shop")
    assert api.out.splitlines()[1].split()[:3] == ["3", "PendingManualApproval", "0.9100"]
    assert max(map(len, api.out.splitlines())) <= 80
    assert api.command("models approve shop 3 --yes --why good") == Exit.DONE
    assert api.changes[0].body == {"status": "Approved", "why": "good"}


def test_a_version_from_a_notebook_names_the_run_that_was_trained_again(api: FakeApi) -> None:
    api.routes["GET /projects/shop/models"] = page(
        {
            "version": 4,
            "approval_status": "PendingManualApproval",
            "accuracy": 0.92,
            "cost_usd": None,
            "run_id": "shop-nb0123456789abcd",
            "source_run_id": ID,
        }
    )
    api.command("models list shop")
    assert f"retrained {ID}" in api.out
    assert "shop-nb" not in api.out
