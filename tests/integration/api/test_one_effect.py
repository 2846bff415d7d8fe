"""Two at once, the same request again, tokens of another list: one effect, and each is told."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests.integration.api.world import CLOSED, ApiWorld
from tests.integration.local_aws.signed_calls import Answer, SignedCalls


def at_once(*calls: Any) -> list[Answer]:
    """Make calls in the same moment."""
    together = Barrier(len(calls))

    def call(one: Any) -> Answer:
        together.wait()
        answer: Answer = one()
        return answer

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))


def test_of_two_people_who_answer_at_once_one_counts_and_the_other_is_told(
    world: ApiWorld, project: str
) -> None:
    waiting = world.waiting(project)
    people = {name: world.session("Operators", name) for name in ("ann", "bob")}

    answers = at_once(
        lambda: people["ann"]("POST", f"/approvals/{waiting.run_id}/approve", waiting.yes()),
        lambda: people["bob"]("POST", f"/approvals/{waiting.run_id}/reject", {}),
    )

    assert sorted(each.status for each in answers) == [200, 409]
    (said,) = (each.json for each in answers if each.status == 200)
    (told,) = (each.json for each in answers if each.status == 409)
    winner = said["answered_by"]
    assert winner in {f"arn:aws:sts::123456789012:assumed-role/Operators/{each}" for each in people}
    assert winner in told["detail"]
    assert said["standing"] in told["detail"]
    approval = world.root("GET", f"/runs/{waiting.run_id}").json["approval"]
    assert (approval["standing"], approval["answered_by"]) == (said["standing"], winner)


def test_ten_answers_of_one_person_with_one_key_are_one_answer(
    world: ApiWorld, project: str
) -> None:
    waiting = world.waiting(project)
    ann = world.session("Operators", "ann")
    key = {"Idempotency-Key": str(uuid.uuid4())}

    def reject() -> Answer:
        return ann("POST", f"/approvals/{waiting.run_id}/reject", {}, key)

    answers = at_once(*[reject] * 10)
    again = reject()

    # The others came while the first was worked on, or got its answer.
    assert {each.status for each in answers} <= {200, 409}
    told = {each.json["detail"] for each in answers if each.status == 409}
    assert told <= {"The same request is being worked on. Ask again in a moment."}
    bodies = {each.body for each in (*answers, again) if each.status == 200}
    assert len(bodies) == 1
    assert (again.status, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert waiting.end().result["status"] == "rejected"


def test_a_key_with_another_body_and_of_another_caller(world: ApiWorld, project: str) -> None:
    waiting = world.waiting(project)
    path = f"/approvals/{waiting.run_id}/approve"
    key = {"Idempotency-Key": "k1"}
    ann, bob = world.session("Operators", "ann"), world.session("Operators", "bob")
    assert ann("POST", path, waiting.yes(), key).status == 200

    # Spaces: what is compared is what was sent.
    spaced = json.dumps(waiting.yes(), indent=1).encode()
    other = ann("POST", path, spaced, {**key, "Content-Type": "application/json"})
    assert (other.status, "another body" in other.json["detail"]) == (422, True)
    # Somebody else's key is another one: the request is a second answer.
    assert bob("POST", path, waiting.yes(), key).status == 409


@pytest.fixture(scope="module")
def token(world: ApiWorld) -> str:
    """The token of the second page of a list of two."""
    for name in ("first", "second"):
        world.waiting(f"tokens-{name}")
    page = world.root("GET", "/runs?limit=1").json
    assert len(page["items"]) == 1
    return str(page["next_token"])


def test_a_list_goes_on_behind_its_token_and_has_everything_once(
    world: ApiWorld, token: str
) -> None:
    whole = [each["run_id"] for each in world.root("GET", "/runs").json["items"]]
    seen: list[str] = []
    at = "/runs?limit=1"
    while True:
        page = world.root("GET", at).json
        seen += [each["run_id"] for each in page["items"]]
        if page["next_token"] is None:
            break
        at = f"/runs?limit=1&next_token={page['next_token']}"

    assert seen == whole
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(
    "path",
    [
        "/runs?status=failed&next_token={token}",
        "/runs?project=reviews&next_token={token}",
        "/approvals?next_token={token}",
        "/runs?next_token={token}x",
        "/runs?next_token=bm9uc2Vuc2U",
        "/runs?next_token=%00",
    ],
)
def test_a_token_that_is_foreign_or_none_is_refused(world: ApiWorld, token: str, path: str) -> None:
    answer = world.root("GET", path.format(token=token))

    assert answer.status == 400
    assert answer.json["errors"][0]["pointer"] == "query:next_token"


def test_a_token_shows_a_stranger_nothing_that_is_not_his(world: ApiWorld) -> None:
    run = world.waiting(CLOSED).run_id
    stranger: SignedCalls = world.callers["foreign"]
    seen: list[str] = []
    at = "/runs?limit=1"
    # Each page of a member's list, asked for by one who is none.
    while at:
        page = world.callers["read"]("GET", at).json
        seen += [each["run_id"] for each in stranger("GET", at).json["items"]]
        token = page["next_token"]
        at = f"/runs?limit=1&next_token={token}" if token else ""

    assert run not in seen
