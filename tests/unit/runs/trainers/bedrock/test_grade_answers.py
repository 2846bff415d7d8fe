"""A grade is 1 for exactly the right word and 0 for all else, always the same."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from thriftline.handlers.grade_answers import lambda_handler
from thriftline.runs.trainers.bedrock.grading import grade_answers
from thriftline.runs.trainers.bedrock.grading_documents import GradeRequests

EVENT = Path(__file__).parents[5] / "events/grade_answers.json"


class Context:
    function_name = "grade-answers"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:grade-answers"
    aws_request_id = "1"


def event(answer: object, reference: object = "positive") -> dict[str, Any]:
    return {
        "id": "a:1",
        "messages": [
            {"role": "user", "content": "A joy."},
            {"role": "assistant", "content": answer},
        ],
        "metadata": {"reference_answer": reference},
    }


def reward(one: dict[str, Any]) -> float:
    (grade,) = grade_answers(GradeRequests.model_validate([one]).root)
    assert grade.metrics_list[0].value == grade.aggregate_reward_score
    return grade.aggregate_reward_score


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("positive", 1),
        (" Positive.\n", 1),
        ([{"text": "posi"}, {"text": "tive"}], 1),
        ("negative", 0),
        ("I think it is positive", 0),
        ("positive..", 0),
        ("", 0),
        ([], 0),
        ([{"image": {}}], 0),
    ],
)
def test_only_the_right_word_is_worth_anything(answer: object, expected: float) -> None:
    assert reward(event(answer)) == expected


@given(st.text())
def test_an_unparsed_answer_is_never_worth_a_half(answer: str) -> None:
    assert reward(event(answer)) in (0.0, 1.0)
    assert reward(event(answer)) == reward(event(answer))


@pytest.mark.parametrize(
    "one",
    [
        event("", ""),
        event("positive", 1),
        {"id": "a:1", "messages": [], "metadata": {"reference_answer": "positive"}},
        {"id": "a:1", "messages": [{"role": "user", "content": "positive"}], "metadata": {}},
        {
            "id": "a:1",
            "messages": [{"role": "user", "content": "positive"}],
            "metadata": {"reference_answer": "positive"},
        },
    ],
)
def test_without_an_answer_or_a_reference_there_is_no_reward(one: dict[str, Any]) -> None:
    assert reward(one) == 0


def test_the_function_answers_with_one_grade_for_each_id() -> None:
    answered = lambda_handler(json.loads(EVENT.read_text()), Context())  # type: ignore[arg-type]
    assert answered == [
        {
            "id": "reviews.csv:17",
            "aggregate_reward_score": 1.0,
            "metrics_list": [{"name": "exact_match", "value": 1.0, "type": "Reward"}],
        },
        {
            "id": "reviews.csv:18",
            "aggregate_reward_score": 0.0,
            "metrics_list": [{"name": "exact_match", "value": 0.0, "type": "Reward"}],
        },
    ]


def test_an_answer_without_an_id_cannot_be_graded() -> None:
    with pytest.raises(ValidationError, match="id"):
        lambda_handler([{"messages": []}], Context())  # type: ignore[arg-type]
