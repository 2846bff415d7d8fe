"""Projects, versions of the registry, approvals of both kinds, and prices by the API."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest

from tests.unit.api.api_world import ANN, BOB, MACHINE, NOW, ApiWorld
from thriftline.runs.aws.approvals_table import ApprovalsTable
from thriftline.runs.domain.approvals import Approval, Standing

MODELS = "/projects/reviews/models"


@pytest.fixture
def registry(world: ApiWorld) -> Any:
    """The project `reviews` with three versions, of which the second is approved."""
    client = boto3.client("sagemaker", region_name="us-east-1")
    group = "thriftline-reviews"
    client.create_model_package_group(ModelPackageGroupName=group)
    for number, status in enumerate(("Rejected", "Approved", "PendingManualApproval"), 1):
        client.create_model_package(
            ModelPackageGroupName=group,
            ModelPackageDescription=f"Thriftline run reviews-{number}: It is better.",
            ModelApprovalStatus=status,
            CustomerMetadataProperties={
                "run_id": f"reviews-{number}",
                "accuracy": "0.9125",
                "cost_usd": "0.123456",
                "spot": "true",
                "billed_seconds": "many",
            },
        )
    return client


YES = {"worst_case_usd": "2.84"}


def ask(world: ApiWorld, run_id: str, minutes: int = 60) -> None:
    """Lets a run wait for approval."""
    world.add_run(run_id, status="waiting_for_approval")
    ApprovalsTable(world.dynamodb, "runs").request(
        Approval(
            run_id=run_id,
            execution_arn=f"{MACHINE.replace('stateMachine', 'execution')}:{run_id}",
            task_token="token",
            standing=Standing.WAITING,
            requested_at=NOW,
            expires_at=NOW + timedelta(minutes=minutes),
            worst_case_usd=Decimal("2.84"),
            above_usd=Decimal("1.00"),
            month="2026-11",
            held_usd=Decimal("3.01"),
            left_usd=Decimal("997"),
        )
    )


def test_versions_say_where_they_come_from_and_which_is_in_use(
    world: ApiWorld, registry: Any
) -> None:
    versions = {one["version"]: one for one in world.call("GET", MODELS).document["items"]}
    assert set(versions) == {1, 2, 3}
    assert [versions[n]["in_use"] for n in (1, 2, 3)] == [False, True, False]
    second = versions[2]
    assert (second["accuracy"], second["cost_usd"], second["spot"]) == (0.9125, "0.123456", True)
    assert second["href"] == "/runs/reviews-2"
    # What is no number is not known.
    assert second["billed_seconds"] is None


def test_a_decision_says_who_made_it(world: ApiWorld, registry: Any) -> None:
    answer = world.call("POST", f"{MODELS}/3/approval", {"status": "Approved", "why": "better"})
    assert answer.status == 200
    assert answer.document["approval_status"] == "Approved"
    assert answer.document["approval_reason"] == f"{ANN}: better"


@pytest.mark.parametrize("version", ["9", "x", "9" * 20, "-1"])
def test_a_version_that_is_not_there_is_not_found(
    world: ApiWorld, registry: Any, version: str
) -> None:
    answer = world.call("POST", f"{MODELS}/{version}/approval", {"status": "Rejected"})
    assert answer.status == 404


def test_a_project_without_models_has_an_empty_list(world: ApiWorld) -> None:
    assert world.call("GET", MODELS).document == {"items": [], "next_token": None}


def test_projects_are_the_folders_that_the_caller_may_see(world: ApiWorld) -> None:
    for project in ("reviews", "tickets", "not a project"):
        world.upload(f"datasets/{project}/a.csv")
    world.set(PROJECT_MEMBERS='{"reviews": ["arn:aws:sts::*:assumed-role/Operators/*"]}')
    mine = world.call("GET", "/projects?limit=1").document
    assert [one["project"] for one in mine["items"]] == ["reviews"]
    rest = world.call("GET", f"/projects?limit=1&next_token={mine['next_token']}").document
    assert [one["project"] for one in rest["items"]] == ["tickets"]
    theirs = world.call("GET", "/projects", caller=BOB).document
    assert [one["project"] for one in theirs["items"]] == ["tickets"]


def test_prices_name_their_source_and_day(world: ApiWorld) -> None:
    page = world.call("GET", "/prices?instance_type=ml.g5.xlarge").document
    (price,) = page["items"]
    assert Decimal(price["usd"]) > 0
    assert price["source"]
    assert price["date"]
    many = world.call("GET", "/prices?limit=2").document
    assert len(many["items"]) == 2
    assert many["next_token"]


def test_requests_that_nobody_has_answered_are_listed(world: ApiWorld) -> None:
    for number in range(3):
        ask(world, f"reviews-{number}")
    ask(world, "reviews-late", minutes=-1)
    first = world.call("GET", "/approvals?limit=2").document
    second = world.call("GET", f"/approvals?limit=2&next_token={first['next_token']}").document
    shown = [one["id"] for page in (first, second) for one in page["items"]]
    assert shown == ["reviews-0", "reviews-1", "reviews-2"]
    assert first["items"][0]["worst_case_usd"] == "2.84"


def test_of_two_answers_the_first_counts_and_the_second_is_told(world: ApiWorld) -> None:
    world.run_that_goes_on("reviews-1")
    ask(world, "reviews-1")
    first = world.call("POST", "/approvals/reviews-1/approve", YES)
    assert (first.status, first.document["answered_by"]) == (200, ANN)
    # The same answer of the same person is no conflict, with a key or without.
    again = world.call("POST", "/approvals/reviews-1/approve", YES)
    assert again.document == first.document
    other = world.call("POST", "/approvals/reviews-1/reject", {}, caller=BOB)
    assert other.status == 409
    assert f"{ANN} approved" in other.detail


def test_a_yes_to_other_dollars_is_refused_with_those_that_are_asked_for(world: ApiWorld) -> None:
    world.run_that_goes_on("reviews-1")
    ask(world, "reviews-1")
    answer = world.call("POST", "/approvals/reviews-1/approve", {"worst_case_usd": "1.2"})
    assert answer.status == 409
    assert "asks for up to 2.84 USD" in answer.detail
    assert world.call("POST", "/approvals/reviews-1/approve", {}).status == 422
    assert world.call("POST", "/approvals/reviews-1/approve", YES).status == 200


def test_an_answer_that_comes_too_late_is_told_so(world: ApiWorld) -> None:
    ask(world, "reviews-1", minutes=-1)
    answer = world.call("POST", "/approvals/reviews-1/approve", YES)
    assert answer.status == 409
    assert "The time to answer ended" in answer.detail


def test_a_run_that_asked_nobody_has_no_approval(world: ApiWorld) -> None:
    world.add_run("reviews-1")
    assert world.call("POST", "/approvals/reviews-1/approve", YES).status == 404
    assert world.call("POST", "/approvals/none/approve", YES).status == 404
