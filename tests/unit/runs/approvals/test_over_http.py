"""An approval by its link and its page: GET shows, POST acts, and no link is forged."""

import base64
import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runs.approval_world import (
    LATE,
    SECRET,
    TOKEN,
    ApprovalWorld,
    a_link,
    http_event,
    response,
)
from tests.unit.runs.run_world import NOW, RUN_ID
from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import ServiceUnavailableError
from thriftline.runs.aws.approvals_table import ApprovalsTable
from thriftline.runs.domain.approvals import Link, Outcome, Standing
from thriftline.runs.schemas.approval import AnswerApprovalRequest
from thriftline.runs.steps.answer_approval import respond


def test_get_and_head_show_and_never_change(world: ApprovalWorld) -> None:
    world.ask()
    before = world.approval
    bodies = [None, "answer=approve", base64.b64encode(b"answer=reject").decode()]

    for method, body, encoded in itertools.product(("GET", "HEAD"), bodies, (False, True)):
        event = http_event(method, body=body) | {"isBase64Encoded": encoded}
        event["queryStringParameters"]["answer"] = "approve"
        assert world.over_http(event).outcome is Outcome.SHOWN

    assert world.approval == before
    assert world.states.woken == []


def test_a_flood_of_looks_beside_one_answer_leaves_that_answer(world: ApprovalWorld) -> None:
    world.ask()
    together = Barrier(12)

    def call(number: int) -> Outcome:
        together.wait()
        if number == 5:
            return world.over_http(http_event("POST", body="answer=approve")).outcome
        return world.over_http(http_event("HEAD" if number % 2 else "GET")).outcome

    with ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(call, range(12)))

    assert outcomes.count(Outcome.ACCEPTED) == 1
    assert outcomes.count(Outcome.SHOWN) == 11


def test_one_post_from_the_pages_form_answers(world: ApprovalWorld) -> None:
    world.ask()
    event = http_event("POST", body=base64.b64encode(b"answer=approve").decode())

    answered = response(world, event | {"isBase64Encoded": True})

    assert answered.statusCode == 200
    assert "You approved the run" in answered.body
    assert world.approval.answered_by == "the holder of the link"


@pytest.mark.parametrize(
    ("authorizer", "who"),
    [
        ({"iam": {"userArn": "arn:aws:iam::1:user/ann"}}, "arn:aws:iam::1:user/ann"),
        ({"jwt": {"claims": {"email": "ann@example.com", "sub": "1"}}}, "ann@example.com"),
        ({"jwt": {"claims": {"sub": "1"}}}, "1"),
    ],
)
def test_who_an_authorizer_knows_is_who_answered(
    world: ApprovalWorld, authorizer: dict[str, Any], who: str
) -> None:
    world.ask()
    event = http_event("POST", body="answer=reject")
    event["requestContext"]["authorizer"] = authorizer

    world.over_http(event)

    assert world.approval.answered_by == who


@pytest.mark.parametrize("body", [None, "", "answer=", "answer=yes", "approve", "answer=approve2"])
def test_a_post_that_says_neither_is_no_answer(world: ApprovalWorld, body: str | None) -> None:
    world.ask()

    assert world.over_http(http_event("POST", body=body)).status == 400

    assert world.approval.standing is Standing.WAITING


def test_a_body_that_is_not_base64_is_no_answer(world: ApprovalWorld) -> None:
    world.ask()
    event = http_event("POST", body="answer=approve") | {"isBase64Encoded": True}

    assert world.over_http(event).outcome is Outcome.NOT_AN_ANSWER


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", ""])
def test_another_method_is_refused(world: ApprovalWorld, method: str) -> None:
    world.ask()
    assert world.over_http(http_event(method, body="answer=approve")).status == 405


def test_a_link_that_was_changed_or_made_elsewhere_is_refused_and_shows_nothing(
    world: ApprovalWorld,
) -> None:
    world.ask()
    good = a_link()
    later = int((NOW + timedelta(days=900)).timestamp())
    forged = [
        Link(good.run_id, later, good.signature),
        Link("other-0123456789abcdef", good.expires, good.signature),
        Link(good.run_id, good.expires, good.signature[:-1]),
        Link(good.run_id, good.expires, good.signature.upper()),
        a_link(secret="another stack's"),
    ]
    for link in forged:
        for method in ("GET", "POST"):
            answered = response(world, http_event(method, link, "answer=approve"))
            assert answered.statusCode == 403
            assert "Reviews" not in answered.body
    assert world.approval.standing is Standing.WAITING


@pytest.mark.parametrize(
    "change",
    [
        {"queryStringParameters": None},
        {"queryStringParameters": {"id": RUN_ID}},
        {"queryStringParameters": {"id": RUN_ID, "expires": "soon", "signature": "x"}},
        {"queryStringParameters": {"id": RUN_ID, "expires": "1" * 40, "signature": "x"}},
        {"queryStringParameters": {"id": RUN_ID, "expires": "\u0661", "signature": "\u00e9"}},
    ],
)
def test_a_link_that_is_not_whole_is_refused(world: ApprovalWorld, change: dict[str, Any]) -> None:
    world.ask()
    assert world.over_http(http_event("POST", body="answer=approve") | change).status == 403


@given(st.text(), st.integers(0, 10**11), st.text())
def test_only_the_signature_of_the_very_link_is_genuine(
    run_id: str, expires: int, signature: str
) -> None:
    read = Link.read({"id": run_id, "expires": str(expires), "signature": signature})
    assert read is None or not read.is_genuine(SECRET)


def test_a_link_whose_time_is_over_shows_nothing(world: ApprovalWorld) -> None:
    world.ask()
    for method in ("GET", "POST"):
        answered = response(world, http_event(method, body="answer=approve"), LATE)
        assert answered.statusCode == 410
        assert "Reviews" not in answered.body


def test_the_page_shows_plan_and_price_and_answers_by_its_buttons_alone(
    world: ApprovalWorld,
) -> None:
    world.ask()

    page = response(world, http_event("GET"))

    assert page.headers["Content-Type"].startswith("text/html")
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.body.count('<form method="post"') == 1
    assert page.body.count("<button") == 2
    assert "<script" not in page.body
    assert "http-equiv" not in page.body
    for shown in (
        "$2.83",
        "$0.99",
        "$812.00",
        "ml.g5.xlarge, Spot",
        "datasets/Reviews/reviews.csv",
    ):
        assert shown in page.body
    assert TOKEN not in page.body


def test_a_head_has_the_headers_and_no_body(world: ApprovalWorld) -> None:
    world.ask()
    head, get = response(world, http_event("HEAD")), response(world, http_event("GET"))
    assert (head.statusCode, head.body, head.headers) == (200, "", get.headers)


def test_a_page_that_was_answered_has_no_buttons(world: ApprovalWorld) -> None:
    world.ask()
    world.say("approve", by="<b>ann</b>")

    page = response(world, http_event("GET"))

    assert "<form" not in page.body
    assert "Approved by &lt;b&gt;ann&lt;/b&gt;" in page.body


def test_a_program_gets_a_document(world: ApprovalWorld) -> None:
    world.ask()

    shown = json.loads(response(world, {"run_id": RUN_ID}).body)

    assert shown["outcome"] == "shown"
    assert shown["worst_case_usd"] == "2.83"
    assert shown["choices"][0]["likely_usd"] == "0.99"
    assert shown["choices"][1]["likely_usd"] is None
    assert TOKEN not in json.dumps(shown)


@pytest.mark.parametrize(
    ("method", "body"), [("GET", None), ("HEAD", None), ("POST", "answer=approve")]
)
def test_a_service_that_does_not_answer_is_said_to_who_waits(
    world: ApprovalWorld, method: str, body: str | None
) -> None:
    world.ask()

    def hang(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    world.approvals = ApprovalsTable(cast("Any", SimpleNamespace(get_item=hang)), "runs")
    answered = response(world, http_event(method, body=body))

    assert answered.statusCode == 503
    assert int(answered.headers["Retry-After"]) > 0
    assert ("Open the link again" in answered.body) is (method != "HEAD")


def test_a_request_that_cannot_be_read_now_is_said_to_who_waits(world: ApprovalWorld) -> None:
    world.ask()

    def hang(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="https://s3")

    answered = world.over_http(http_event("GET", accept="application/json"))
    slow = Bucket(cast("Any", SimpleNamespace(get_object=hang)), "artifacts")
    request = AnswerApprovalRequest.model_validate(http_event("GET", accept="application/json"))
    found = respond(request, answered, artifacts=slow, now=NOW)

    assert found.statusCode == 503
    assert json.loads(found.body)["outcome"] == "unavailable"


def test_a_program_that_calls_the_function_gets_the_error_itself(world: ApprovalWorld) -> None:
    world.ask()

    def hang(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    hanging = SimpleNamespace(get_item=hang, update_item=hang)
    world.approvals = ApprovalsTable(cast("Any", hanging), "runs")
    with pytest.raises(ServiceUnavailableError):
        world.answer(AnswerApprovalRequest(run_id=RUN_ID, answer="reject"))


def test_a_page_says_that_an_answer_counts_where_the_plan_cannot_be_read(
    world: ApprovalWorld,
) -> None:
    world.ask()
    world.run.put(f"runs/{RUN_ID}/plan.json", '{"schema_version": 99}')
    answered = response(world, http_event("POST", body="answer=approve"))
    assert answered.statusCode == 200
    assert "it counts" in answered.body
    assert "Stop the run" not in answered.body


def test_a_plan_of_another_version_is_said_to_who_holds_the_link(world: ApprovalWorld) -> None:
    world.ask()
    world.run.put(f"runs/{RUN_ID}/plan.json", '{"schema_version": 99}')
    for accept in ("text/html", "application/json"):
        answered = response(world, http_event("GET", accept=accept))
        assert answered.statusCode == 409
        assert "another version of Thriftline" in answered.body
