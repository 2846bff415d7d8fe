"""An attempt goes from its job to its last answer, and leaves nothing that costs."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.unit.runs.bedrock_fake import ARN
from tests.unit.runs.fake_sagemaker import refusal
from tests.unit.runs.trainers.bedrock.attempt_world import (
    JOB,
    RUN_ID,
    AttemptWorld,
    tuned_answer,
)
from thriftline.core.errors import (
    AllowanceSpentError,
    AwsRequestError,
    EvaluationError,
    QuotaExceededError,
    ServiceUnavailableError,
    TrainingStoppedError,
)
from thriftline.evaluation.predictions import Labels, read_predictions
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.work import Champion

UNEXPECTED = "Encountered an unexpected error when processing the request, please try again"


@pytest.fixture
def world() -> AttemptWorld:
    return AttemptWorld()


def test_an_attempt_trains_deploys_asks_and_takes_its_deployment_away(
    world: AttemptWorld, tmp_path: Path
) -> None:
    assert world.start().phase == "validation"
    world.bedrock.move(JOB, "training")
    assert world.poll(600).phase == "training"
    world.bedrock.move(JOB, "Completed")
    assert world.poll().phase == "deploying"
    assert len(world.bedrock.deployments) == 1
    state = world.poll_to_end()

    assert state.ending is Ending.COMPLETED
    assert world.bedrock.deployments == {}
    assert state.model_uri in world.bedrock.models
    assert state.phase == "ended"
    # The tuned model and the base model on the same 20 records.
    assert len(world.bedrock.asked) == 40
    output = world.trainer.predictions(JOB, RUN_ID, tmp_path)
    metrics = json.loads(output.metrics.read_text())
    assert metrics["labels"] == ["pos", "neg"]
    assert metrics["test"]["candidate"]["accuracy"] == 1.0
    assert metrics["train"]["samples"] == 40
    with output.predictions.open("rb") as source:
        batches = list(read_predictions(source, Labels(("pos", "neg"), None)))
    assert sum(len(batch.truth) for batch in batches) == 20
    summary = json.loads((tmp_path / "answers.json").read_text())
    assert (summary["asked"], summary["of"], summary["unparsed_count"]) == (20, 30, 0)
    model = world.trainer.model(JOB, RUN_ID)
    assert (model.uri, model.image_uri) == (state.model_uri, None)
    world.clean_up(registered=True)
    assert state.model_uri in world.bedrock.models


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


@pytest.mark.parametrize(
    ("message", "ending"),
    [
        (UNEXPECTED, Ending.INTERNAL_ERROR),
        ("Unable to parse Amazon S3 file: train.jsonl.", Ending.USER_ERROR),
        ("Something that nobody has seen", Ending.UNKNOWN_FAILURE),
    ],
)
def test_a_job_that_fails_in_validation_ends_by_its_message_and_costs_nothing(
    world: AttemptWorld, message: str, ending: Ending
) -> None:
    world.start()
    world.bedrock.fail_job(JOB, message)
    state = world.poll_to_end()

    assert state.ending is ending
    assert message in state.reason
    assert (state.billed_usd, state.charges) == (Decimal(0), ())
    world.clean_up()
    assert world.what_costs() == []


def test_a_validation_that_hangs_is_stopped_at_its_limit(world: AttemptWorld) -> None:
    world.start()
    assert world.poll(3_500).is_active
    assert "StopModelCustomizationJob" not in world.bedrock.calls
    world.poll(200)
    assert world.bedrock.jobs[JOB]["status"] == "Stopping"
    world.bedrock.move(JOB, "Stopped")
    state = world.poll_to_end()

    assert state.ending is Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT
    assert "validated" in state.reason
    assert state.billed_usd == 0


def test_a_training_that_does_not_end_is_stopped_and_may_cost_all_its_tokens(
    world: AttemptWorld,
) -> None:
    world.start()
    world.bedrock.move(JOB, "training")
    world.poll(600)
    world.poll(43_000)
    world.bedrock.move(JOB, "Stopped")
    state = world.poll_to_end()

    assert state.ending is Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT
    (charge,) = state.charges
    assert "at most" in charge.what
    assert charge.units == 2 * world.document()["sample"]["tokens"]
    assert state.billed_usd == Decimal(charge.units) / 1000 * Decimal("0.001")


def test_a_job_that_completed_before_its_stop_reached_it_has_completed(
    world: AttemptWorld,
) -> None:
    world.start()
    world.bedrock.move(JOB, "training")
    world.poll(50_000)
    world.bedrock.move(JOB, "Completed")

    assert world.poll_to_end().ending is Ending.COMPLETED


@pytest.mark.parametrize("moment", ["validation", "training", "deploying", "asking"])
def test_an_attempt_that_is_stopped_leaves_nothing_that_costs(moment: str) -> None:
    world = AttemptWorld({"requests_per_minute": 4})
    world.start()
    if moment != "validation":
        world.bedrock.move(JOB, "training")
        world.poll(600)
    if moment in {"deploying", "asking"}:
        world.bedrock.move(JOB, "Completed")
        world.poll()
    if moment == "asking":
        world.poll()
        world.poll()
    world.clean_up()

    state = world.look()
    assert state.ending is Ending.STOPPED
    assert world.what_costs() == []
    assert state.billed_usd is not None
    assert (state.billed_usd == 0) is (moment == "validation")
    # A poll that comes late starts nothing again.
    world.poll()
    assert world.what_costs() == []


def test_an_attempt_that_is_stopped_after_its_job_failed_has_failed(world: AttemptWorld) -> None:
    world.start()
    world.bedrock.fail_job(JOB, "Unable to parse Amazon S3 file: train.jsonl.")
    world.clean_up()

    state = world.look()
    assert state.ending is Ending.USER_ERROR
    assert "Unable to parse" in state.reason


def test_a_stopped_attempt_does_not_start_again(world: AttemptWorld) -> None:
    world.bedrock.fail("CreateModelCustomizationJob", "ThrottlingException")
    with pytest.raises(Exception, match="Throttling"):
        world.start()
    world.trainer.stop(JOB)

    with pytest.raises(TrainingStoppedError):
        world.start()
    assert world.bedrock.jobs == {}


def test_four_requests_a_minute_ask_every_record_once() -> None:
    world = AttemptWorld({"requests_per_minute": 4})
    world.bedrock.per_minute = 4
    world.train()
    seen = []
    for _ in range(60):
        state = world.poll()
        if not state.is_active:
            break
        seen.append(state)

    assert state.ending is Ending.COMPLETED
    assert len(world.bedrock.asked) == 40
    asking = [one for one in seen if one.phase.startswith("asking")]
    assert asking[0].phase == "asking 4 of 20"
    assert {one.look_again_seconds for one in asking} == {60}


def test_throttling_waits_and_loses_no_record(world: AttemptWorld) -> None:
    world.bedrock.per_minute = 7
    world.train()
    state = world.poll_to_end()

    assert state.ending is Ending.COMPLETED
    texts = [one["messages"][-1]["content"][0]["text"] for one in world.bedrock.asked]
    assert len(set(texts)) == 20


def test_a_poll_that_is_repeated_asks_at_most_its_own_part_again() -> None:
    world = AttemptWorld({"requests_per_minute": 4})
    world.train()
    world.poll()
    world.poll()
    document = world.bucket.objects[world.layout.document]
    world.poll()
    # The document of the last poll was not written, its answers were.
    world.bucket.objects[world.layout.document] = document
    state = world.poll_to_end()

    assert state.ending is Ending.COMPLETED
    assert len(world.bedrock.asked) == 40


def test_the_bill_has_the_questions_exactly_and_the_training_corrected_by_them(
    world: AttemptWorld,
) -> None:
    world.train()
    state = world.poll_to_end()

    rows = {charge.what: charge for charge in state.charges}
    assert rows["input tokens, tuned model"].units == 20 * 40
    assert rows["output tokens, base model zero-shot"].units == 20 * 2
    (trained,) = [charge for what, charge in rows.items() if what.startswith("training tokens")]
    assert "estimated" in trained.what
    document = world.document()
    ratio = Decimal(800) / document["question_tokens"]
    expected = 2 * document["sample"]["tokens"] * ratio
    assert abs(trained.units - expected) < 1
    assert state.billed_usd == sum(charge.usd for charge in state.charges)


def test_a_row_without_a_price_makes_the_bill_unknown() -> None:
    rates = {"training": None, "input": "0.035", "output": "0.14"}
    world = AttemptWorld({"rates": rates})
    world.train()
    state = world.poll_to_end()

    assert state.ending is Ending.COMPLETED
    assert state.billed_usd is None
    assert state.charged_usd == Decimal("0.50")


def test_answers_that_are_no_label_are_counted_and_listed(
    world: AttemptWorld, tmp_path: Path
) -> None:
    world.bedrock.answer = lambda _, text: "positively" if "splendid" in text else "negative!"
    world.train()
    world.poll_to_end()
    output = world.trainer.predictions(JOB, RUN_ID, tmp_path)

    summary = json.loads((tmp_path / "answers.json").read_text())
    assert summary["unparsed_count"] == 10
    assert summary["unparsed"][0]["answer"] == "positively"
    assert json.loads(output.metrics.read_text())["test"]["candidate"]["accuracy"] == 0.5


def test_few_shot_asks_with_one_example_of_each_label() -> None:
    world = AttemptWorld({"few_shot": True})
    world.train()
    world.poll_to_end()

    turns = [len(one["messages"]) for one in world.bedrock.asked]
    assert (turns.count(1), turns.count(5)) == (40, 20)


def test_the_base_model_is_asked_by_its_other_id_where_the_first_is_refused(
    world: AttemptWorld, tmp_path: Path
) -> None:
    world.bedrock.answer = _only("us.amazon.nova-micro-v1:0")
    world.train()
    world.poll_to_end()
    world.trainer.predictions(JOB, RUN_ID, tmp_path)

    summary = json.loads((tmp_path / "answers.json").read_text())
    assert summary["targets"]["zero_shot"]["answers"] == 20
    assert summary["skipped"] == {}


def test_a_base_model_that_may_not_be_asked_is_left_out_and_named(
    world: AttemptWorld, tmp_path: Path
) -> None:
    world.bedrock.answer = _only("none")
    world.train()
    state = world.poll_to_end()
    world.trainer.predictions(JOB, RUN_ID, tmp_path)

    assert state.ending is Ending.COMPLETED
    summary = json.loads((tmp_path / "answers.json").read_text())
    assert list(summary["skipped"]) == ["zero_shot"]


def test_a_deployment_that_fails_is_made_once_more(world: AttemptWorld) -> None:
    world.bedrock.deployment_ends_as = ["Failed"]
    world.train()

    assert world.poll_to_end().ending is Ending.COMPLETED
    assert world.bedrock.deployments == {}


def test_a_deployment_that_fails_twice_ends_the_attempt_and_its_model(
    world: AttemptWorld,
) -> None:
    world.bedrock.deployment_ends_as = ["Failed", "Failed"]
    world.train()
    state = world.poll_to_end()

    assert state.ending is Ending.UNKNOWN_FAILURE
    assert "failed to deploy" in state.reason
    world.clean_up()
    assert world.what_costs() == []


def test_what_has_not_completed_has_no_model_and_no_predictions(
    world: AttemptWorld, tmp_path: Path
) -> None:
    world.start()

    with pytest.raises(EvaluationError):
        world.trainer.model(JOB, RUN_ID)
    with pytest.raises(EvaluationError):
        world.trainer.predictions(JOB, RUN_ID, tmp_path)


def test_the_course_of_the_training_is_found_wherever_bedrock_puts_it(
    world: AttemptWorld, tmp_path: Path
) -> None:
    world.train()
    world.poll_to_end()
    root = f"{world.layout.job_output}model-customization-job-000000000000/"
    world.bucket.objects[f"{root}training_artifacts/step_wise_training_metrics.csv"] = (
        b"step_number,epoch_number,training_loss,perplexity\n0,0,1.5,4.4\n1,0,0.7,2.0\n2,1,"
    )
    deeper = "validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv"
    world.bucket.objects[f"{root}{deeper}"] = b"step_number,epoch_number,validation_loss\n1,1,0.9\n"
    output = world.trainer.predictions(JOB, RUN_ID, tmp_path)

    assert output.history is not None
    lines = [json.loads(line) for line in output.history.read_text().splitlines()]
    assert [line.get("loss") for line in lines] == [1.5, 0.7, None]
    assert lines[-1]["validation_loss"] == 0.9


def _only(allowed: str) -> Any:
    """A base model that answers by one id alone; the tuned one always does."""

    def answer(model: str, text: str) -> str:
        if "custom-model-deployment" not in model and model != allowed:
            raise refusal(
                "Converse",
                "ValidationException",
                "Invocation of model ID with on-demand throughput isn't supported.",
            )
        return tuned_answer(model, text)

    return answer


def test_the_champion_is_asked_on_the_same_records_and_its_own_prompt(tmp_path: Path) -> None:
    earlier = AttemptWorld(run_id="films-aaaaaaaaaaaaaaaa")
    earlier.train()
    model_arn = earlier.poll_to_end().model_uri
    assert model_arn is not None
    words = {"pos": "good", "neg": "bad"}
    document = earlier.document()
    document["serving"]["label_words"] = words
    world = AttemptWorld(champion=_champion(model_arn, earlier))
    world.bucket.objects[earlier.layout.document] = json.dumps(document).encode()
    world.bedrock.models[model_arn] = "earlier"
    world.bedrock.answer = lambda model, text: _said(world, model_arn, model, text)
    world.train()
    state = world.poll_to_end()
    output = world.trainer.predictions(JOB, RUN_ID, tmp_path)

    assert state.ending is Ending.COMPLETED
    metrics = json.loads(output.metrics.read_text())
    assert metrics["champion_labels"] == ["pos", "neg"]
    assert metrics["test"]["champion"]["accuracy"] == 1.0
    # The champion's model stays; what it was deployed on for the comparison does not.
    assert world.bedrock.deployments == {}
    world.clean_up()
    assert list(world.bedrock.models) == [model_arn]


def _champion(model_arn: str, world: AttemptWorld) -> Champion:
    return Champion("arn:package", model_arn, "bedrock", world.run_id, world.job)


def _said(world: AttemptWorld, champion: str, model: str, text: str) -> str:
    is_champion = any(
        one["customModelDeploymentArn"] == model and one["modelArn"] == champion
        for one in world.bedrock.deployments.values()
    )
    good, bad = ("good", "bad") if is_champion else ("positive", "negative")
    return good if "splendid" in text else bad


def test_a_champion_whose_prompt_is_not_known_is_left_out_and_named(tmp_path: Path) -> None:
    arn = f"{ARN}:custom-model/amazon.nova-micro-v1:0:128k/0123456789ab"
    world = AttemptWorld(champion=Champion("arn:package", arn, "bedrock", "gone", "gone-01"))
    world.train()
    state = world.poll_to_end()
    world.trainer.predictions(JOB, RUN_ID, tmp_path)

    assert state.ending is Ending.COMPLETED
    summary = json.loads((tmp_path / "answers.json").read_text())
    assert list(summary["skipped"]) == ["champion"]


def test_a_promoted_model_answers_behind_the_projects_one_deployment() -> None:
    world = AttemptWorld({"keep_deployment": True})
    world.train()
    state = world.poll_to_end()
    first = world.trainer.promote(JOB, RUN_ID, "films")
    again = world.trainer.promote(JOB, RUN_ID, "films")

    assert first == again
    (deployment,) = world.bedrock.deployments.values()
    assert deployment["modelArn"] == state.model_uri
    assert deployment["modelDeploymentName"] == "thriftline-films"
    world.clean_up(registered=True)
    assert len(world.bedrock.deployments) == 1


def test_a_later_model_takes_the_place_behind_the_same_arn() -> None:
    world = AttemptWorld({"keep_deployment": True})
    world.train()
    world.poll_to_end()
    arn = world.trainer.promote(JOB, RUN_ID, "films")
    (deployment,) = world.bedrock.deployments.values()
    deployment["modelArn"] = "arn:of-an-earlier-model"

    assert world.trainer.promote(JOB, RUN_ID, "films") == arn
    assert deployment["modelArn"] == world.look().model_uri


def test_a_run_that_keeps_no_deployment_promotes_nothing(world: AttemptWorld) -> None:
    world.train()
    world.poll_to_end()

    assert world.trainer.promote(JOB, RUN_ID, "films") is None
    assert world.bedrock.deployments == {}


def _lines(world: AttemptWorld, key: str) -> list[bytes]:
    return world.bucket.objects[key].splitlines()


def _word(line: bytes) -> str:
    return str(json.loads(line)["messages"][1]["content"][0]["text"])
