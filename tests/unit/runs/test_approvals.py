"""Approval: exactly the first valid answer counts, and every caller is told which."""

import base64
import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runs.approval_world import (
    HOURS,
    SECRET,
    TOKEN,
    ApprovalWorld,
    a_link,
    approval_world,
    http_event,
)
from tests.unit.runs.run_world import NOW, RUN_ID
from thriftline.core.errors import ApprovalExpiredError, ApprovalRejectedError
from thriftline.runs.aws.approvals_table import ApprovalsTable
from thriftline.runs.domain.approvals import (
    Approval,
    Link,
    Outcome,
    Part,
    Standing,
    asks_again_above,
    is_needed,
    threshold,
    wait_seconds,
)
from thriftline.runs.schemas.approval import AnswerApprovalRequest
from thriftline.runs.steps.answer_approval import Answered, respond
from thriftline.runs.steps.deliver_answer import deliver
from thriftline.runs.steps.run_documents import read_plan

LATE = NOW + HOURS
LATER = NOW + timedelta(hours=1)


@pytest.fixture(scope="module")
def shared() -> Iterator[ApprovalWorld]:
    with approval_world() as made:
        yield made


@pytest.fixture
def world(shared: ApprovalWorld) -> ApprovalWorld:
    return shared.begin()


def response(world: ApprovalWorld, event: dict[str, Any], now: datetime = NOW) -> Any:
    request = AnswerApprovalRequest.model_validate(event)
    answered = world.answer(request, now)
    return respond(request, answered, artifacts=world.run.artifacts, now=now)


# ---- When a person is asked


@pytest.mark.parametrize(
    ("stack", "run", "expected"),
    [
        (None, None, None),
        ("10", None, "10"),
        (None, "3", "3"),
        ("10", "3", "3"),
        ("10", "30", "10"),
    ],
)
def test_run_yaml_lowers_the_threshold_of_the_stack_and_never_raises_it(
    stack: str | None, run: str | None, expected: str | None
) -> None:
    given_stack, given_run, wanted = (each and Decimal(each) for each in (stack, run, expected))
    assert threshold(given_stack, given_run) == wanted  # type: ignore[arg-type]


def test_a_person_is_asked_above_the_threshold_and_not_at_it() -> None:
    assert not is_needed(Decimal("10.00"), Decimal(10))
    assert is_needed(Decimal("10.01"), Decimal(10))
    assert is_needed(Decimal("0.01"), Decimal(0))
    assert not is_needed(Decimal(1_000_000), None)


def test_the_workflow_waits_longer_than_an_answer_is_taken() -> None:
    assert wait_seconds(timedelta(hours=1)) == 3600 + 15 * 60


# ---- The message


def test_the_message_shows_the_plan_and_a_link_that_holds_no_token(world: ApprovalWorld) -> None:
    world.ask()

    (message,) = world.topic.messages
    assert "may Reviews spend up to $2.83?" in message
    assert "above $2.00 a person is asked" in message
    assert "$0.50 to $1.98, likely $0.99, in about 0.7 hours" in message
    assert "$812.00 are left in 2026-11, with $2.88 held for this run" in message
    assert "* ml.g5.xlarge, Spot: $0.50 to $1.98, likely $0.99; $2.83 at the most" in message
    assert "  ml.p3: unknown; $9.00 at the most" in message
    assert "2026-11-24 12:00 UTC" in message
    assert f"https://api.example/approval?{a_link().query}" in message
    assert TOKEN not in message
    assert SECRET not in message
    assert set(a_link().query.replace("&", "=").split("=")[::2]) == {"id", "expires", "signature"}


def test_a_threshold_of_nothing_is_shown_as_what_it_is(world: ApprovalWorld) -> None:
    plan = read_plan(world.run.artifacts, RUN_ID)
    every = plan.model_copy(update={"approval_above_usd": Decimal(0)})
    world.run.put(f"runs/{RUN_ID}/plan.json", every.model_dump_json())
    world.ask()
    assert world.approval.above_usd == 0
    assert "above $0.00 a person is asked" in world.topic.messages[-1]


def test_without_a_page_the_message_shows_the_commands(world: ApprovalWorld) -> None:
    world.ask(base_url="")

    (message,) = world.topic.messages
    for answer in ("approve", "reject"):
        assert f"  thriftline approvals {answer} {RUN_ID} --stack money\n" in f"{message}\n"
    assert "signature" not in message


def test_a_task_that_is_tried_again_asks_once_and_waits_with_its_new_token(
    world: ApprovalWorld,
) -> None:
    world.ask()
    world.ask("second", NOW + timedelta(hours=1))

    assert len(world.topic.messages) == 1
    assert world.approval.expires_at == NOW + HOURS
    world.say("approve")
    assert world.states.woken == ["second"]


def test_a_message_that_was_not_sent_is_sent_by_the_next_try(world: ApprovalWorld) -> None:
    world.run.s3.delete_object(Bucket="artifacts", Key=f"runs/{RUN_ID}/run.json")
    with pytest.raises(Exception, match=r"run\.json"):
        world.ask()
    world.run.write_run()

    world.ask()

    assert len(world.topic.messages) == 1


# ---- Answers


@pytest.mark.parametrize("answer", ["approve", "reject"])
def test_the_first_answer_counts_wakes_the_workflow_and_says_who(
    world: ApprovalWorld, answer: str
) -> None:
    world.ask()

    answered = world.say(answer, by="ann@example.com", now=NOW + timedelta(hours=1))

    assert (answered.outcome, answered.status) == (Outcome.ACCEPTED, 200)
    assert world.states.woken == [TOKEN]
    assert world.approval.answered_by == "ann@example.com"
    assert world.approval.answered_at == NOW + timedelta(hours=1)
    assert world.approval.delivered


def test_the_second_answer_changes_nothing_and_is_told_whose_was_first(
    world: ApprovalWorld,
) -> None:
    world.ask()
    world.say("reject", by="ann")

    event = {"run_id": RUN_ID, "answer": "approve", "by": "bob"}
    second = response(world, event)

    assert second.statusCode == 409
    told = json.loads(second.body)
    assert told["outcome"] == "already"
    assert told["message"].startswith("Rejected by ann at 2026-11-21 12:00 UTC.")
    assert world.approval.standing is Standing.REJECTED
    assert world.states.woken == [TOKEN]


def _race(world: ApprovalWorld, callers: int) -> list[Answered]:
    together = Barrier(callers)

    def answer(number: int) -> Answered:
        together.wait()
        return world.say("reject" if number % 2 else "approve", by=f"caller {number}")

    with ThreadPoolExecutor(callers) as pool:
        return list(pool.map(answer, range(callers)))


@pytest.mark.parametrize("round_", range(5))
def test_of_ten_answers_at_once_exactly_one_is_accepted(world: ApprovalWorld, round_: int) -> None:
    world.ask()

    answers = _race(world, 10)

    outcomes = [one.outcome for one in answers]
    assert sorted(outcomes) == [Outcome.ACCEPTED] + [Outcome.ALREADY] * 9
    first = outcomes.index(Outcome.ACCEPTED)
    assert world.approval.answered_by == f"caller {first}"
    assert world.approval.standing is (Standing.REJECTED if first % 2 else Standing.APPROVED)
    assert world.states.woken == [TOKEN]


class _ReadsThenWrites(ApprovalsTable):
    """A twin that is broken on purpose: two callers may both see that nobody has answered."""

    together = Barrier(10)

    def answer(
        self,
        run_id: str,
        standing: Standing,
        by: str,
        now: datetime,
        *,
        to: Approval | None = None,
    ) -> tuple[Approval | None, bool]:
        seen = self.get(run_id)
        self.together.wait()
        if seen is None or not seen.is_open(now):
            return seen, False
        return self._change(
            run_id, "SET standing = :to", "attribute_exists(run_id)", {":to": standing}
        )


def test_a_table_that_reads_before_it_writes_fails_the_same_race(world: ApprovalWorld) -> None:
    world.ask()
    world.approvals.__class__ = _ReadsThenWrites

    outcomes = [one.outcome for one in _race(world, 10)]

    assert outcomes.count(Outcome.ACCEPTED) > 1


def test_an_answer_after_the_expiry_changes_nothing(world: ApprovalWorld) -> None:
    world.ask()

    answered = world.say("approve", now=LATE)

    assert (answered.outcome, answered.status) == (Outcome.EXPIRED, 410)
    assert world.approval.standing is Standing.WAITING
    assert world.states.woken == []


def test_an_answer_for_a_run_that_asked_nobody_is_unknown(world: ApprovalWorld) -> None:
    assert world.say("approve").status == 404
    assert world.say(None).status == 404
    assert world.approvals.get(RUN_ID) is None


def test_an_answer_after_the_execution_was_stopped_does_not_count_and_is_told_so(
    world: ApprovalWorld,
) -> None:
    world.ask()
    world.states.running = False

    answered = world.say("approve")

    assert (answered.outcome, answered.status) == (Outcome.ENDED, 410)
    assert world.approval.standing is Standing.WITHDRAWN
    assert world.say("reject").outcome is Outcome.ENDED
    assert world.approvals.pending() == ()


def test_an_answer_whose_wake_up_was_made_before_still_counts(world: ApprovalWorld) -> None:
    """The reply of a first call was lost: the token is used up, and the execution goes on."""
    world.ask()
    world.states.open.clear()

    assert world.say("approve").outcome is Outcome.ACCEPTED

    assert world.approval.standing is Standing.APPROVED
    assert world.close().approved


def test_an_answer_to_a_token_that_was_replaced_meanwhile_is_delivered_to_the_new_one(
    world: ApprovalWorld,
) -> None:
    world.ask()
    answered, _ = world.approvals.answer(RUN_ID, Standing.APPROVED, "Ada", NOW)
    assert answered is not None
    # The task is tried again after its answer was taken, and before that is delivered.
    world.states.open.clear()
    world.ask("a new token")
    assert deliver(answered, approvals=world.approvals, executions=world.executions)
    assert world.sweep().delivered == (RUN_ID,)
    assert world.states.woken == ["a new token"]


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_an_answer_that_is_not_delivered_is_kept_and_delivered_by_the_sweep(
    world: ApprovalWorld, code: str
) -> None:
    world.ask()
    world.states.error = code
    assert world.say("approve").outcome is Outcome.ACCEPTED
    assert world.sweep().failed == (RUN_ID,)
    world.states.error = ""

    assert world.sweep().delivered == (RUN_ID,)

    assert world.states.woken == [TOKEN]
    assert world.sweep().delivered == ()


# ---- What the workflow reads when it is woken up


def test_an_approved_run_goes_on(world: ApprovalWorld) -> None:
    world.ask()
    world.say("approve", by="ann")

    closed = world.close()

    assert (closed.approved, closed.answered_by) == (True, "ann")
    assert world.close() == closed
    assert world.approvals.pending() == ()


def test_a_rejected_run_says_who_and_what_to_do(world: ApprovalWorld) -> None:
    world.ask()
    world.say("reject", by="ann")

    with pytest.raises(ApprovalRejectedError, match=r"ann rejected .* 2\.83 USD.*above the 2\.00"):
        world.close()
    with pytest.raises(ApprovalRejectedError):
        world.close()


def test_a_wait_that_timed_out_is_expired_and_an_answer_comes_too_late(
    world: ApprovalWorld,
) -> None:
    world.ask()

    with pytest.raises(ApprovalExpiredError, match=r"Nobody approved .*Nothing was spent"):
        world.close(timed_out=True)

    assert world.say("approve").outcome is Outcome.EXPIRED
    assert world.approval.standing is Standing.EXPIRED


def test_an_answer_that_was_taken_counts_though_the_wait_timed_out(world: ApprovalWorld) -> None:
    world.ask()
    world.states.error = "ThrottlingException"
    world.say("approve", now=LATE - timedelta(seconds=1))

    assert world.close(LATE, timed_out=True).approved


def test_a_wake_up_without_an_answer_is_none(world: ApprovalWorld) -> None:
    """Whoever holds the token may call SendTaskSuccess: the table decides."""
    world.ask()

    assert not world.close().approved

    assert world.approval.standing is Standing.WAITING


def test_the_sweep_ends_a_wait_that_nobody_answered(world: ApprovalWorld) -> None:
    world.ask()
    assert world.sweep(LATE - timedelta(seconds=1)).expired == ()

    swept = world.sweep(LATE)

    assert (swept.expired, swept.delivered) == ((RUN_ID,), (RUN_ID,))
    with pytest.raises(ApprovalExpiredError):
        world.close(LATE)


def test_the_sweep_forgets_a_run_whose_execution_is_gone(world: ApprovalWorld) -> None:
    world.ask()
    world.states.running = False

    world.sweep()

    assert world.approvals.pending() == ()
    assert world.approval.standing is Standing.WITHDRAWN


def test_a_run_that_ended_withdraws_its_request_and_not_an_answer_that_counted(
    world: ApprovalWorld,
) -> None:
    world.ask()
    world.say("approve")
    world.close()
    world.approvals.withdraw(RUN_ID)
    assert world.approval.standing is Standing.APPROVED

    world.approvals.withdraw("a run that asked nobody")
    assert world.approvals.get("a run that asked nobody") is None


# ---- A run that asks twice: for its preparation, then for its training


def asked_for_its_run(world: ApprovalWorld) -> None:
    """Its preparation was approved up to 2.40 USD and took 0.60; its training comes on top."""
    world.prepares(worst="1.20", limit="8.00", above="1.00")
    world.ask(part=Part.PREPARATION)
    world.say("approve", by="ann")
    assert world.close().approved
    world.was_prepared(charged="0.60", approved="2.40")
    world.ask("the second token", now=LATER)


def test_a_preparation_is_asked_for_with_all_of_its_attempts(world: ApprovalWorld) -> None:
    world.prepares(worst="1.20", limit="8.00", above="1.00")
    world.ask(part=Part.PREPARATION)

    assert world.approval.worst_case_usd == Decimal("2.40")
    assert world.approval.above_usd == Decimal("1.00")
    (message,) = world.topic.messages
    for said in ("$2.40", "Nothing has been spent", "emr_serverless", "no price before the rows"):
        assert said in message
    page = response(world, http_event("GET")).body
    assert "emr_serverless" in page
    assert "asked again if the run may cost more" in page

    world.say("reject", by="ann")
    with pytest.raises(ApprovalRejectedError, match=r"Its preparation may cost up to 2\.40 USD"):
        world.close()


def test_a_yes_to_a_preparation_is_none_to_the_run(world: ApprovalWorld) -> None:
    asked_for_its_run(world)

    assert world.approval.standing is Standing.WAITING
    assert not world.close(LATER).approved
    assert world.approval.worst_case_usd == Decimal("2.83") + Decimal("0.60")
    assert world.approval.above_usd == Decimal("2.40")
    assert world.approval.spent_usd == Decimal("0.60")
    assert "Its preparation took $0.60" in world.topic.messages[-1]
    item = world.run.runs.get(RUN_ID) or {}
    approved = item["preparation_approved"]
    assert (approved["by"], approved["usd"]) == ("ann", "2.40")

    world.ask("a third token", now=LATER)
    world.say("approve", by="bob", now=LATER)
    world.ask("a fourth token", now=LATER)
    assert world.close(LATER).answered_by == "bob"


def test_a_no_to_the_run_says_what_its_preparation_took(world: ApprovalWorld) -> None:
    asked_for_its_run(world)
    world.say("reject", by="bob", now=LATER)
    with pytest.raises(ApprovalRejectedError, match=r"took 0\.60 USD of that, and no more"):
        world.close(LATER)


def test_the_link_of_the_first_question_answers_no_second_one(world: ApprovalWorld) -> None:
    asked_for_its_run(world)

    for method, body in (("GET", None), ("POST", "answer=approve")):
        answered = world.over_http(http_event(method, a_link(), body), LATER)
        assert (answered.outcome, answered.approval) == (Outcome.ASKED_ANEW, None)
    assert world.approval.standing is Standing.WAITING

    own = http_event("POST", a_link(LATER + HOURS), "answer=approve")
    assert world.over_http(own, LATER).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("above", "approved", "again"),
    [(None, "5", None), ("3", None, "3"), ("3", "5", "5"), ("7", "5", "7")],
)
def test_what_was_approved_is_not_asked_for_twice(
    above: str | None, approved: str | None, again: str | None
) -> None:
    said = asks_again_above(above and Decimal(above), approved and Decimal(approved))  # type: ignore[arg-type]
    assert said == (again and Decimal(again))


# ---- Over HTTP


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
