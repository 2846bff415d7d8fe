"""A model that judges the answers: bounded by price, begun once, and never in the run's way."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from tests.unit.runs.trainers.bedrock.attempt_world import AttemptWorld
from tests.unit.runs.trainers.bedrock.test_customization_request import is_valid
from tests.unit.runs.trainers.bedrock.works import SOURCES, work
from thriftline.core.errors import (
    BudgetExceededError,
    InvalidRunSpecError,
    ThriftlineError,
    UnpricedInstanceError,
)
from thriftline.runs.domain.endings import Ending
from thriftline.runs.trainers.bedrock.judging import EvaluationJobs
from thriftline.runs.trainers.bedrock.model_judge import JudgedAnswer, dataset_lines
from thriftline.runs.trainers.bedrock.quoting import quote

JUDGE = "amazon.nova-pro-v1:0"
ROLE = "arn:aws:iam::123456789012:role/judge"


def named(**changes: Any) -> dict[str, Any]:
    found = {
        "model": JUDGE,
        "metrics": ("Builtin.Correctness",),
        "records": 100,
        "max_usd": Decimal(1),
    }
    return found | changes


def test_a_judge_is_paid_on_top_at_its_most() -> None:
    without, judged = quote(work(), SOURCES), quote(work({"judge": named()}), SOURCES)
    # 100 answers of 57 + 2 x 2 tokens with an instruction of 800 at 0.80 USD a million, and a
    # verdict of 300 at 3.20; twice of it.
    assert judged.worst_case_usd - without.worst_case_usd >= Decimal("0.33")
    (row,) = [row for row in judged.likely if "judged by" in row.what]
    assert row.usd == Decimal("0.33")
    terms = json.loads(json.dumps(judged.rungs[0].terms))
    assert terms["judge"] == {
        "model": JUDGE,
        "metrics": ["Builtin.Correctness"],
        "records": 100,
        "usd": "0.33",
    }


@pytest.mark.parametrize(
    ("judge", "error", "sentence"),
    [
        (named(max_usd=Decimal("0.10")), BudgetExceededError, "up to 0.33 USD, and max_usd is 0.1"),
        (named(model="nobody.knows-v1:0"), UnpricedInstanceError, "no row for nobody.knows-v1:0"),
        (named(metrics=("Builtin.Charm",)), InvalidRunSpecError, "has no metric Builtin.Charm"),
    ],
)
def test_a_judge_that_is_too_expensive_unpriced_or_asked_for_something_else_is_refused(
    judge: dict[str, Any], error: type[ThriftlineError], sentence: str
) -> None:
    with pytest.raises(error, match=sentence) as raised:
        quote(work({"judge": judge}), SOURCES)
    assert "Nothing was spent" in str(raised.value)


def test_a_file_holds_what_a_job_takes() -> None:
    answers = [JudgedAnswer("Say it.\n\nA joy.", "positive", "positive")] * 1_000
    first = json.loads(next(iter(dataset_lines(answers, "tuned"))))
    assert first == {
        "prompt": "Say it.\n\nA joy.",
        "referenceResponse": "positive",
        "modelResponses": [{"response": "positive", "modelIdentifier": "tuned"}],
    }
    with pytest.raises(InvalidRunSpecError, match="1,000 prompts at the most"):
        list(dataset_lines([*answers, answers[0]], "tuned"))


class FakeEvaluations:
    """Notes what is asked for, or refuses it."""

    def __init__(self, code: str | None = None) -> None:
        self.code = code
        self.made: list[dict[str, Any]] = []

    def create_evaluation_job(self, **request: Any) -> dict[str, str]:
        assert is_valid("CreateEvaluationJob", request)
        self.made.append(request)
        if self.code:
            response = {"Error": {"Code": self.code, "Message": "No."}}
            raise ClientError(cast("Any", response), "CreateEvaluationJob")
        return {"jobArn": "arn:aws:bedrock:us-east-1:123456789012:evaluation-job/0123456789ab"}


def judged_run(jobs: FakeEvaluations) -> tuple[AttemptWorld, Any]:
    world = AttemptWorld()
    judge = {**named(), "usd": "0.33", "max_usd": "1", "records": 10}
    world.rung = replace(world.rung, terms={**world.rung.terms, "judge": judge})
    services = replace(
        world.trainer._services, evaluation_jobs=lambda: EvaluationJobs(cast("Any", jobs))
    )
    world.trainer._services = services
    environment = {**world.trainer._settings.environment, "JUDGE_ROLE_ARN": ROLE}
    world.trainer._settings = replace(world.trainer._settings, environment=environment)
    world.train()
    return world, world.poll_to_end()


def test_the_judge_reads_the_answers_once_they_are_there() -> None:
    jobs = FakeEvaluations()
    world, state = judged_run(jobs)
    assert state.ending is Ending.COMPLETED
    (made,) = jobs.made
    assert made["roleArn"] == ROLE
    assert made["evaluationConfig"]["automated"]["evaluatorModelConfig"] == {
        "bedrockEvaluatorModels": [{"modelIdentifier": JUDGE}]
    }
    body = world.bucket.read(world.layout.judged_answers)
    assert body is not None
    lines = [json.loads(line) for line in body.splitlines()]
    assert len(lines) == 10
    assert lines[0]["referenceResponse"] in ("negative", "positive")
    told = json.loads(world.bucket.read(world.layout.summary) or b"")["judge"]
    assert told["job"].endswith("evaluation-job/0123456789ab")
    assert told["report"].endswith("/judge/report/")
    assert any("judged by" in charge.what for charge in state.charges)


def test_a_judge_that_bedrock_refuses_fails_no_run_and_is_not_billed() -> None:
    world, state = judged_run(FakeEvaluations("ValidationException"))
    assert state.ending is Ending.COMPLETED
    told = json.loads(world.bucket.read(world.layout.summary) or b"")["judge"]
    assert "No." in told["trouble"]
    assert not any("judged by" in charge.what for charge in state.charges)
