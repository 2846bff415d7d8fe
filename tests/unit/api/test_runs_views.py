"""Runs and the month by the API."""

import json
from datetime import UTC, datetime

import boto3
import pytest

from tests.unit.api.api_world import BOB, ApiWorld


def test_the_api_says_that_it_answers(world: ApiWorld) -> None:
    answer = world.call("GET", "/health")
    assert answer.status == 200
    assert answer.document == {"status": "ok", "version": "1.0.0", "stack": "thriftline"}


def test_runs_are_listed_the_newest_first_and_page_by_token(world: ApiWorld) -> None:
    for number in range(5):
        world.add_run(f"reviews-{number}")
    seen, path = [], "/runs?limit=2"
    while True:
        page = world.call("GET", path).document
        seen += [run["run_id"] for run in page["items"]]
        if page["next_token"] is None:
            break
        path = f"/runs?limit=2&next_token={page['next_token']}"
    assert seen == [f"reviews-{number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("project=tickets", ["tickets-1"]),
        ("status=failed", ["reviews-2"]),
        ("project=reviews&status=running", ["reviews-1"]),
        ("project=reviews", ["reviews-2", "reviews-1"]),
        ("project=nobody", []),
    ],
)
def test_runs_are_filtered(world: ApiWorld, query: str, wanted: list[str]) -> None:
    world.add_run("reviews-1")
    world.add_run("tickets-1", "tickets")
    world.add_run("reviews-2", status="failed")
    listed = world.call("GET", f"/runs?{query}").document["items"]
    assert [run["run_id"] for run in listed] == wanted


def test_a_token_of_another_list_is_refused(world: ApiWorld) -> None:
    for number in range(3):
        world.add_run(f"reviews-{number}")
    token = world.call("GET", "/runs?limit=1").document["next_token"]
    answer = world.call("GET", f"/runs?limit=1&project=reviews&next_token={token}")
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.document["errors"][0]["pointer"] == "query:next_token"


def test_money_is_a_string_and_what_is_unknown_is_null(world: ApiWorld) -> None:
    world.add_run("reviews-1", worst_case_usd="0.300000", cost_usd="12345678901234.123456")
    (run,) = world.call("GET", "/runs").document["items"]
    assert run["worst_case_usd"] == "0.3"
    assert run["cost_usd"] == "12345678901234.123456"
    assert run["saved_usd"] is None
    assert run["opened_at"] == "2026-11-29T12:00:00Z"


def test_a_project_with_members_is_theirs_alone(world: ApiWorld) -> None:
    world.add_run("reviews-1")
    world.add_run("tickets-1", "tickets")
    world.set(PROJECT_MEMBERS='{"reviews": ["arn:aws:sts::*:assumed-role/Operators/*"]}')
    assert world.call("GET", "/runs/reviews-1").status == 200
    assert world.call("GET", "/runs/reviews-1", caller=BOB).status == 404
    listed = world.call("GET", "/runs", caller=BOB).document["items"]
    assert [run["run_id"] for run in listed] == ["tickets-1"]


def test_one_run_has_its_documents_attempts_and_progress(world: ApiWorld) -> None:
    facts = {
        "job_name": "reviews-1-01",
        "started_at": "2026-11-30T11:30:00+00:00",
        "secondary_status": "Training",
        "rung": 1,
        "spot": True,
    }
    world.add_run(
        "reviews-1", attempt_01=facts, state="Poll training", rate_usd_per_hour="1.200000"
    )
    for name in ("run.json", "charts/loss.png", "report.html", "model.bin"):
        world.s3.put_object(Bucket="artifacts", Key=f"runs/reviews-1/{name}", Body=b"{}")
    run = world.call("GET", "/runs/reviews-1").document
    assert [one["name"] for one in run["documents"]] == ["report.html", "run.json"]
    assert run["progress"]["training_seconds"] == 1800
    assert run["progress"]["cost_so_far_usd"] == "0.6"
    assert run["attempts"][0]["phase"] == "Training"
    assert run["result"] is None


def test_a_run_that_prepares_raw_data_shows_how_far_that_is_and_its_dollars(
    world: ApiWorld,
) -> None:
    ended = {"started_id": "r-1", "status": "FAILED", "ending": "interrupted", "billed_usd": "0.2"}
    runs = {"started_id": "r-2", "status": "RUNNING", "started_at": "2026-11-25T12:00:00+00:00"}
    world.add_run("reviews-1", preparation_engine="emr_serverless", preparation_01=ended)
    shown = world.call("GET", "/runs/reviews-1").document
    assert shown["preparation"]["ending"] == "interrupted"
    assert (shown["preparation"]["billed_usd"], shown["progress"]["cost_so_far_usd"]) == (
        "0.2",
        "0.2",
    )
    world.add_run(
        "reviews-2", preparation_engine="databricks", preparation_01=ended, preparation_02=runs
    )
    shown = world.call("GET", "/runs/reviews-2").document
    assert (shown["preparation"]["attempt"], shown["preparation"]["status"]) == (2, "RUNNING")
    assert shown["preparation"]["billed_usd"] is None
    assert shown["progress"]["cost_so_far_usd"] is None
    world.add_run(
        "reviews-4",
        preparation_engine="databricks",
        preparation_01=ended,
        preparation_02={**runs, "started_at": "2026-11-30T11:30:00+00:00"},
        rate_usd_per_hour="1.200000",
    )
    shown = world.call("GET", "/runs/reviews-4").document
    assert (shown["preparation"]["billed_usd"], shown["progress"]["cost_so_far_usd"]) == (
        None,
        "0.8",
    )
    world.add_run("reviews-3")
    assert world.call("GET", "/runs/reviews-3").document["preparation"] is None


def test_a_run_that_trains_shows_its_steps_and_curves(world: ApiWorld) -> None:
    facts = {
        "job_name": "reviews-1-01",
        "instance_type": "ml.g5.xlarge",
        "started_at": "2026-11-30T11:30:00+00:00",
    }
    world.add_run("reviews-1", attempt_01=facts, state="Poll training")
    assert world.call("GET", "/runs/reviews-1").document["progress"]["step"] is None
    logs = boto3.client("logs", region_name="us-east-1")
    stream = {
        "logGroupName": "/aws/sagemaker/TrainingJobs",
        "logStreamName": "reviews-1-01/algo-1-1764500000",
    }
    logs.create_log_group(logGroupName=stream["logGroupName"])
    logs.create_log_stream(**stream)
    said = [
        {"event": "step", "step": 1, "loss": 0.7, "total_steps": 90, "seconds_left": 89.2},
        {"event": "evaluation", "step": 1, "validation_loss": 0.6, "validation_accuracy": 0.5},
        {"event": "step", "step": 30, "loss": 0.4, "total_steps": 90, "seconds_left": 60.4},
    ]
    now = int(datetime.now(tz=UTC).timestamp() * 1000)
    lines = ["Downloading", *map(json.dumps, said), '{"event": "step", "st']
    logs.put_log_events(
        **stream,
        logEvents=[{"timestamp": now + at, "message": line} for at, line in enumerate(lines)],
    )
    progress = world.call("GET", "/runs/reviews-1").document["progress"]
    assert (progress["step"], progress["steps"], progress["seconds_left"]) == (30, 90, 60)
    assert progress["curve"] == [{"step": 1, "loss": 0.7}, {"step": 30, "loss": 0.4}]
    scores = {"step": 1, "loss": 0.6, "accuracy": 0.5, "macro_f1": None}
    assert progress["validation"] == [scores]


@pytest.mark.parametrize("run_id", ["reviews-9", "approvals_pending"])
def test_what_is_no_run_is_not_found(world: ApiWorld, run_id: str) -> None:
    answer = world.call("GET", f"/runs/{run_id}")
    assert answer.status == 404
    assert answer.document["instance"] == "urn:request:request-1"


def test_the_month_says_what_is_left_and_what_runs(world: ApiWorld) -> None:
    world.add_run(
        "reviews-1", state="Poll training", rate_usd_per_hour="1.5", worst_case_usd="4.20"
    )
    world.add_run("reviews-2", status="waiting_for_approval", state="Wait for approval")
    world.add_run(
        "reviews-3", state="Poll preparation", rate_usd_per_hour="0.6", worst_case_usd="10"
    )
    month = world.call("GET", "/budget").document
    assert month["month"] == "2026-11"
    assert month["left_usd"] == "1000"
    assert month["running_usd_per_hour"] == "2.1"
    assert month["running_parts"] == {
        "training_usd_per_hour": "1.5",
        "preparation_usd_per_hour": "0.6",
        "endpoints_usd_per_hour": "0",
        "unknown": [],
    }
    assert month["at_risk_usd"] == "14.2"
    assert (month["running"], month["waiting_for_approval"]) == (2, 1)
    assert month["projects"] == [
        {"project": "reviews", "cap_usd": "200", "committed_usd": "0", "left_usd": "200"}
    ]
