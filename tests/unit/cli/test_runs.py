"""`thriftline runs`: lists, one run as a page, and stopping one."""

from pathlib import Path

from tests.unit.cli.fake_api import Answer, FakeApi, page
from tests.unit.cli.runs_api import ENDED, ID, PROGRESS, a_run
from thriftline_cli.exits import Exit


def test_a_list_of_nothing_is_empty(api: FakeApi) -> None:
    api.routes["GET /runs"] = page()
    assert api.command("runs list --output json") == Exit.DONE
    assert api.answer == []
    api.command("runs list")
    assert api.out == "[]\n"


def test_a_list_fits_into_80_columns(api: FakeApi) -> None:
    long = {"run_id": f"{'p' * 20}-0a1b2c3d4e5f6071", "status": "waiting_for_approval"}
    api.routes["GET /runs"] = page(ENDED, a_run(**long, cost_usd="1234.5"))
    api.command("runs list --project shop --status succeeded")
    lines = api.out.splitlines()
    assert lines[0].split() == ["RUN", "STATUS", "COST", "AT", "MOST"]
    assert lines[1].split()[:4] == [ID, "succeeded", "$0.1234", "$12,345.68"]
    assert max(map(len, lines)) <= 80
    assert "$1,234.50" in lines[2]
    assert api.asked[0].query["project"] == "shop"


def test_a_run_is_a_page_with_its_dollars_and_attempts(api: FakeApi, tmp_path: Path) -> None:
    attempt = {"attempt": 1, "instance_type": "ml.g5.xlarge", "spot": True, "status": "Completed"}
    documents = [{"name": "report.html"}, {"name": "result.json"}]
    api.routes |= {
        f"GET /runs/{ID}": {
            **ENDED,
            "attempts": [{**attempt, "ending": "succeeded", "billed_usd": "0.1234"}],
            "documents": documents,
            "preparation": {
                "engine": "emr_serverless",
                "attempt": 1,
                "status": "SUCCESS",
                "ending": "completed",
                "billed_usd": "0.0353",
            },
        },
        f"GET /runs/{ID}/documents/report.html": Answer(200, b"<html>"),
        f"GET /runs/{ID}/documents/result.json": Answer(200, b"{}"),
    }
    assert api.command(f"runs get {ID} --save {tmp_path}/out") == Exit.DONE
    assert "cost           $0.1234" in api.out
    assert "ended          2026-11-30 03:09Z" in api.out
    rows = [line.split() for line in api.out.splitlines()]
    assert ["preparation", "emr_serverless", "-", "SUCCESS", "completed", "$0.0353"] in rows
    assert ["1", "ml.g5.xlarge", "spot", "Completed", "succeeded", "$0.1234"] in rows
    assert (tmp_path / "out/report.html").read_bytes() == b"<html>"
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == [
        "report.html",
        "result.json",
    ]


def test_a_run_is_stopped_after_a_question(api: FakeApi) -> None:
    api.routes[f"POST /runs/{ID}/stop"] = {"id": ID, "kind": "run", "href": f"/runs/{ID}"}
    assert api.command(f"runs stop {ID}") == Exit.REFUSED
    assert api.command(f"runs stop {ID} --yes --why late --output json") == Exit.DONE
    assert api.changes[0].body == {"why": "late"}
    assert "$1.23 so far stay billed" in api.said[-1]
    api.routes[f"GET /runs/{ID}"] = a_run(progress={**PROGRESS, "cost_so_far_usd": None})
    api.command(f"runs stop {ID} --yes")
    assert "what was billed so far stays billed" in api.said[-1]


def test_what_bedrock_trained_says_nothing_of_spot(api: FakeApi) -> None:
    metrics = {"result": {"metrics": {"accuracy": 0.975, "macro_f1": 0.9749843652282677}}}
    for trainer in ("sagemaker", "bedrock"):
        api.routes[f"GET /runs/{ID}"] = a_run(trainer=trainer, saved_usd="0", **metrics)
        assert api.command(["runs", "get", ID]) == Exit.DONE
        assert ("saved by Spot" in api.out) == (trainer == "sagemaker")
        assert "0.9750\n" in api.out
