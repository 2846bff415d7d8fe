"""An attempt is started once, with files that are a fair sample of the prepared splits."""

import json

import pytest

from tests.unit.runs.trainers.bedrock.attempt_world import JOB, RUN_ID, AttemptWorld, record
from thriftline.core.errors import (
    AllowanceSpentError,
    AwsRequestError,
    InvalidRunSpecError,
    QuotaExceededError,
    ServiceUnavailableError,
)


@pytest.fixture
def world() -> AttemptWorld:
    return AttemptWorld()


def test_every_question_is_asked_with_the_training_prompt_and_a_limit_of_tokens(
    world: AttemptWorld,
) -> None:
    world.train()
    world.poll_to_end()

    trained = json.loads(_lines(world, world.layout.training_file)[0])
    for asked in world.bedrock.asked:
        assert asked["system"] == trained["system"]
        assert asked["inferenceConfig"] == {"maxTokens": 6, "temperature": 0.0, "topP": 1.0}
    models = {asked["modelId"] for asked in world.bedrock.asked}
    assert "amazon.nova-micro-v1:0" in models


def test_the_training_file_is_a_seeded_sample_that_keeps_the_labels_shares(
    world: AttemptWorld,
) -> None:
    world.start()
    other = AttemptWorld()
    other.start()

    key = world.layout.training_file
    assert world.bucket.objects[key] == other.bucket.objects[key]
    words = [_word(line) for line in _lines(world, key)]
    assert (len(words), words.count("positive")) == (40, 20)
    assert len(_lines(world, world.layout.validation_file)) == 10
    sample = world.document()["sample"]
    assert (sample["train_records"], sample["train_of"]) == (40, 60)
    assert (sample["test_records"], sample["test_of"]) == (20, 30)


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_split_without_any_text_is_refused_before_a_job_is_paid_for(split: str) -> None:
    world = AttemptWorld()
    world.write_split(split, [{**record(index), "text": " "} for index in range(60)])
    with pytest.raises(InvalidRunSpecError, match=f"the {split} split has no text"):
        world.start()
    assert world.bedrock.jobs == {}


def test_a_second_start_creates_no_second_job(world: AttemptWorld) -> None:
    first = world.start()
    second = world.new_trainer().start(world.order())

    assert (first.name, first.created_at) == (second.name, second.created_at)
    assert len(world.bedrock.jobs) == 1


@pytest.mark.parametrize("code", ["InternalServerException", "EndpointConnectionError"])
def test_a_start_whose_reply_is_lost_finds_its_job(world: AttemptWorld, code: str) -> None:
    world.bedrock.fail("CreateModelCustomizationJob", code, lost_reply=True)
    with pytest.raises(ServiceUnavailableError):
        world.start()
    world.start()

    assert list(world.bedrock.jobs) == [JOB]


def test_a_name_that_is_taken_is_not_taken_over(world: AttemptWorld) -> None:
    world.start()
    world.bedrock.jobs[JOB]["clientRequestToken"] = "of-another"
    arn = world.bedrock.jobs[JOB]["jobArn"]
    world.bedrock.tags[arn] = [{"key": "thriftline:run-id", "value": "other-run"}]

    with pytest.raises(AwsRequestError, match="other-run"):
        world.new_trainer().start(world.order())


def test_a_start_with_too_little_money_writes_and_creates_nothing(world: AttemptWorld) -> None:
    before = dict(world.bucket.objects)

    with pytest.raises(AllowanceSpentError):
        world.start(left_usd="0.49")

    assert world.bedrock.calls == []
    assert world.bucket.objects == before


def test_a_full_schedule_of_jobs_lets_the_run_wait_for_its_turn(world: AttemptWorld) -> None:
    world.bedrock.fail("CreateModelCustomizationJob", "ServiceQuotaExceededException")

    with pytest.raises(QuotaExceededError):
        world.start()
    # Nobody takes it for an attempt that has started.
    assert world.trainer.look(JOB, RUN_ID, world.rung) is None
    assert world.start().is_active


def _lines(world: AttemptWorld, key: str) -> list[bytes]:
    return world.bucket.objects[key].splitlines()


def _word(line: bytes) -> str:
    return str(json.loads(line)["messages"][1]["content"][0]["text"])
