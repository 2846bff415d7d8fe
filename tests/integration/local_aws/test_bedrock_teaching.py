"""Distillation and reinforcement on the embedded Bedrock: teachers, graders, refusals."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from local_aws.bedrock.options import BedrockOptions
from local_aws.generative.engines import Engines
from local_aws.generative.stand_in import StandIn
from local_aws.services.bedrock_quotas import JOBS
from tests.integration.local_aws.aws import eventually
from tests.integration.local_aws.bedrock import (
    ACCOUNT,
    MICRO,
    QUICK,
    SYSTEM,
    Bedrock,
    add_role,
    data_policy,
    jsonl,
    records,
    refused,
    running,
)

NOVA_2 = "amazon.nova-2-lite-v1:0:256k"
TEACHER = "amazon.nova-pro-v1:0"
HANDLER = "handlers.echo"
Grader = Callable[[list[dict[str, Any]]], Any]


@pytest.fixture(scope="module")
def bedrock() -> Iterator[Bedrock]:
    """No step takes any time; an untuned model always names some label."""
    options = BedrockOptions(
        seconds=QUICK,
        engines=lambda: Engines(stand_in=StandIn(error_rate=0.0, base_unparsed_rate=0.0)),
    )
    with running(options, quotas={JOBS: 1000}) as started:
        yield started


def ended(bedrock: Bedrock, **changes: Any) -> dict[str, Any]:
    job = bedrock.create(**changes)
    return dict(
        eventually(lambda: found if (found := bedrock.get(job))["status"] != "InProgress" else None)
    )


def prompts(count: int) -> list[dict[str, Any]]:
    return [{**line, "messages": line["messages"][:1]} for line in records(count)]


def distillation(bedrock: Bedrock, lines: list[Any], teacher: str = TEACHER) -> dict[str, Any]:
    return {
        "customizationType": "DISTILLATION",
        "trainingDataConfig": {"s3Uri": bedrock.put(f"{uuid4().hex}.jsonl", jsonl(lines))},
        "customizationConfig": {
            "distillationConfig": {
                "teacherModelConfig": {
                    "teacherModelIdentifier": teacher,
                    "maxResponseLengthForInference": 8,
                }
            }
        },
    }


def graded_line(line: dict[str, Any]) -> dict[str, Any]:
    user, assistant = line["messages"]
    return {
        "messages": [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": user["content"][0]["text"]},
        ],
        "reference_answer": assistant["content"][0]["text"],
    }


def reinforcement(bedrock: Bedrock, arn: str, **changes: Any) -> dict[str, Any]:
    lines = [graded_line(line) for line in records(120)]
    role = add_role(
        bedrock.embedded,
        {
            "Effect": "Allow",
            "Action": ["s3:*", "lambda:InvokeFunction"],
            "Resource": "*",
        },
    )
    return {
        "baseModelIdentifier": NOVA_2,
        "customizationType": "REINFORCEMENT_FINE_TUNING",
        "roleArn": role,
        "trainingDataConfig": {"s3Uri": bedrock.put(f"{uuid4().hex}.jsonl", jsonl(lines))},
        "customizationConfig": {
            "rftConfig": {
                "graderConfig": {"lambdaGrader": {"lambdaArn": arn}},
                "hyperParameters": {"epochCount": 2, "inferenceMaxTokens": 8},
            }
        },
    } | changes


@pytest.fixture
def grader(bedrock: Bedrock) -> Iterator[Callable[[Grader], str]]:
    """Make the fixture's function grade, and return its ARN."""

    def use(grade: Grader) -> str:
        bedrock.functions.handlers[HANDLER] = grade
        found = bedrock.embedded.client("lambda").get_function(
            FunctionName=bedrock.embedded.outputs["EchoName"]
        )
        return str(found["Configuration"]["FunctionArn"])

    yield use
    bedrock.functions.handlers.clear()


def fair(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "id": each["id"],
            "aggregate_reward_score": float(
                each["messages"][-1]["content"] == each["metadata"]["reference_answer"]
            ),
            "metrics_list": [],
        }
        for each in answers
    ]


def test_a_teacher_answers_prompts_and_is_billed(bedrock: Bedrock) -> None:
    job = ended(bedrock, **distillation(bedrock, prompts(100)))

    assert job["status"] == "Completed", job
    assert job["customizationType"] == "DISTILLATION"
    model = bedrock.control.get_custom_model(modelIdentifier=job["outputModelArn"])
    assert model["customizationType"] == "DISTILLATION"
    charges = list(
        bedrock.embedded.services.bedrock_world.bill.charges(ACCOUNT, bedrock.embedded.clock.now())
    )
    assert {each.usage_type for each in charges} >= {
        "USE1-NovaPro-input-tokens",
        "USE1-NovaPro-output-tokens",
        "USE1-NovaMicro-Customization-Training",
    }


def test_labelled_records_may_be_mixed_in(bedrock: Bedrock) -> None:
    job = ended(bedrock, **distillation(bedrock, prompts(10) + records(100)))

    arn = bedrock.deploy(job["outputModelArn"])
    answer = bedrock.say(arn, "a fine and warm film")

    assert answer["output"]["message"]["content"] == [{"text": "positive"}]


def test_distillation_takes_a_hundred_prompts_and_a_known_teacher(bedrock: Bedrock) -> None:
    few = ended(bedrock, **distillation(bedrock, prompts(99)))
    create = bedrock.control.create_model_customization_job
    unknown = refused(
        create, **bedrock.request(**distillation(bedrock, prompts(100), "amazon.never-v1:0"))
    )
    none = refused(create, **bedrock.request(customizationType="DISTILLATION"))
    wrong = distillation(bedrock, prompts(100)) | {"customizationType": "FINE_TUNING"}
    not_for_it = refused(create, **bedrock.request(**wrong))

    assert "99 is below the minimum of 100" in few["failureMessage"]
    assert unknown[2] == "The provided teacher model identifier is invalid."
    assert "distillationConfig is required" in none[2]
    assert "is not for FINE_TUNING" in not_for_it[2]
    assert {each[0] for each in (unknown, none, not_for_it)} == {"ValidationException"}


def test_a_grader_decides_what_is_learned(
    bedrock: Bedrock, grader: Callable[[Grader], str]
) -> None:
    seen: list[dict[str, Any]] = []

    def grade(answers: list[dict[str, Any]]) -> Any:
        seen.extend(answers)
        return fair(answers)

    job = ended(bedrock, **reinforcement(bedrock, grader(grade)))
    arn = bedrock.deploy(job["outputModelArn"])

    assert job["status"] == "Completed", job
    assert len({each["id"] for each in seen}) == len(seen) >= 120
    assert [each["role"] for each in seen[0]["messages"]] == ["system", "user", "assistant"]
    assert set(seen[0]["metadata"]) == {"reference_answer"}
    answer = bedrock.say(arn, "a dull and cold film")
    assert answer["output"]["message"]["content"] == [{"text": "negative"}]


@pytest.mark.parametrize(
    ("grade", "message"),
    [
        (lambda answers: fair(answers)[1:], "must give each answer, by its id, a reward"),
        (
            lambda answers: [{**each, "aggregate_reward_score": 2} for each in fair(answers)],
            "a reward from 0 to 1",
        ),
        (lambda answers: {"rewards": []}, "gave no list of rewards"),
        (lambda answers: 1 / 0, "failed: .*ZeroDivisionError"),
        (
            lambda answers: [{**each, "aggregate_reward_score": 0} for each in fair(answers)],
            "nothing to learn",
        ),
    ],
    ids=["missing", "out of range", "no list", "fails", "no reward"],
)
def test_a_grader_that_does_not_grade_fails_the_job(
    bedrock: Bedrock, grader: Callable[[Grader], str], grade: Grader, message: str
) -> None:
    job = ended(bedrock, **reinforcement(bedrock, grader(grade)))

    assert job["status"] == "Failed"
    assert re.search(message, job["failureMessage"])


def test_a_grader_that_the_role_may_not_invoke_or_that_is_not_there_fails_the_job(
    bedrock: Bedrock, grader: Callable[[Grader], str]
) -> None:
    arn = grader(fair)
    role = add_role(bedrock.embedded, data_policy("*", "s3:*"))
    forbidden = ended(bedrock, **reinforcement(bedrock, arn, roleArn=role))
    missing = ended(bedrock, **reinforcement(bedrock, f"{arn}-gone"))

    assert "Could not validate permissions to invoke the grader" in forbidden["failureMessage"]
    assert "Could not invoke the grader" in missing["failureMessage"]


def test_reinforcement_without_a_grader_or_with_other_hyperparameters_is_refused(
    bedrock: Bedrock, grader: Callable[[Grader], str]
) -> None:
    create = bedrock.control.create_model_customization_job
    good = reinforcement(bedrock, grader(fair))
    no_grader = refused(create, **bedrock.request(**good | {"customizationConfig": {}}))
    of_tuning = refused(create, **bedrock.request(**good, hyperParameters={"epochCount": "2"}))
    too_many = good["customizationConfig"]["rftConfig"] | {"hyperParameters": {"epochCount": 51}}
    out_of_range = refused(
        create, **bedrock.request(**good | {"customizationConfig": {"rftConfig": too_many}})
    )
    not_for_micro = refused(create, **bedrock.request(**good | {"baseModelIdentifier": MICRO}))

    assert "graderConfig is required" in no_grader[2]
    assert "epochCount is not supported" in of_tuning[2]
    assert "less than or equal to 50" in out_of_range[2]
    assert "REINFORCEMENT_FINE_TUNING is not supported" in not_for_micro[2]


def test_lines_of_reinforcement_have_a_reference(
    bedrock: Bedrock, grader: Callable[[Grader], str]
) -> None:
    lines = [graded_line(line) for line in records(120)]
    del lines[4]["reference_answer"]
    uri = bedrock.put("no-reference.jsonl", jsonl(lines))
    request = reinforcement(bedrock, grader(fair), trainingDataConfig={"s3Uri": uri})

    job = ended(bedrock, **request)

    assert '"reference_answer"' in job["failureMessage"]
    assert job["failureMessage"].endswith("format (line 5)")
