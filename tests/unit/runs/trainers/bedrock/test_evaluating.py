"""The held-out records are asked once each, of every rival, and the answers are counted."""

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
    record,
    tuned_answer,
)
from thriftline.core.errors import EvaluationError
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.work import Champion
from thriftline.runs.trainers.bedrock.tokens import CHAT_TOKENS, tokens_of


@pytest.fixture
def world() -> AttemptWorld:
    return AttemptWorld()


def a_poll_has_died(after: int = 2) -> AttemptWorld:
    """A world in which a poll kept its answers, and its document does not have them."""
    world = AttemptWorld({"requests_per_minute": 4})
    world.train()
    for _ in range(after):
        world.poll()
    document = world.bucket.objects[world.layout.document]
    world.poll()
    world.bucket.objects[world.layout.document] = document
    return world


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
    world = a_poll_has_died()
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


@pytest.mark.parametrize(("polls", "is_corrected"), [(2, False), (3, True)])
def test_answers_of_a_poll_that_died_are_on_the_bill_of_an_attempt_that_is_stopped(
    polls: int, is_corrected: bool
) -> None:
    world = a_poll_has_died(after=polls)
    # A former call of Clean up may have deleted what is asked.
    for key in [one for one in world.bucket.objects if one.startswith(world.layout.inputs)]:
        del world.bucket.objects[key]
    bills = []
    for _ in range(2):
        world.clean_up()
        bills.append(world.look().charges)

    assert bills[0] == bills[1]
    rows = {charge.what: charge for charge in bills[0]}
    asked = [one for one in world.bedrock.asked if "deployment" in one["modelId"]]
    assert rows["input tokens, tuned model"].units == 40 * len(asked)
    (trained,) = [charge for what, charge in rows.items() if what.startswith("training tokens")]
    expected = 2 * Decimal(world.document()["sample"]["tokens"])
    if is_corrected:
        expected *= Decimal(40) * len(asked) / world.document()["question_tokens"]
    assert abs(trained.units - expected) < 1


def test_a_poll_after_one_that_died_counts_its_answers_and_their_estimate() -> None:
    world = a_poll_has_died()
    world.poll()

    asked = [one for one in world.bedrock.asked if "deployment" in one["modelId"]]
    now = world.document()
    assert now["usage"]["tuned"]["input_tokens"] == 40 * len(asked)
    assert now["question_tokens"] == sum(_estimates(world, len(asked)))


def _estimates(world: AttemptWorld, count: int) -> list[int]:
    """Returns what the first questions were estimated at, each."""
    fixed = tokens_of(world.document()["serving"]["system_prompt"]) + CHAT_TOKENS
    lines = world.bucket.objects[world.layout.questions].splitlines()
    return [fixed + tokens_of(json.loads(line)["text"]) for line in lines[:count]]


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


def test_a_question_that_is_refused_counts_as_one_that_is_no_label(
    world: AttemptWorld, tmp_path: Path
) -> None:
    refused = "number 7"

    def answer(model: str, text: str) -> str:
        if text.endswith(refused):
            raise refusal("Converse", "ValidationException", "The text is not allowed.")
        return tuned_answer(model, text)

    world = AttemptWorld({"test_records": 30})
    world.bedrock.answer = answer
    world.train()
    state = world.poll_to_end()
    world.trainer.predictions(JOB, RUN_ID, tmp_path)

    assert state.ending is Ending.COMPLETED
    summary = json.loads((tmp_path / "answers.json").read_text())
    (unparsed,) = summary["unparsed"]
    assert (unparsed["id"], unparsed["answer"]) == ("r0007", "")
    assert "not allowed" in unparsed["stop_reason"]


def test_a_text_without_a_character_is_not_asked(world: AttemptWorld, tmp_path: Path) -> None:
    records = [record(index) for index in range(30)]
    world = AttemptWorld({"test_records": 30})
    world.write_split("test", [{**records[0], "text": "  "}, *records[1:]])
    world.train()
    world.poll_to_end()
    world.trainer.predictions(JOB, RUN_ID, tmp_path)

    summary = json.loads((tmp_path / "answers.json").read_text())
    assert (summary["asked"], summary["of"]) == (29, 30)


def test_no_text_of_the_data_set_outlives_the_runs_scratch() -> None:
    world = AttemptWorld({"few_shot": True})
    world.train()
    world.poll_to_end()
    world.bucket.delete_prefix(f"scratch/{RUN_ID}/")

    for key, body in world.bucket.objects.items():
        assert b"film number" not in body, key


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
    # Bedrock numbers whole epochs; a curve needs where in them a step is.
    assert [line["epoch"] for line in lines] == [1.0, 2.0, 2.0]


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


def test_a_champion_whose_deployment_changes_meanwhile_is_left_out_and_named(
    tmp_path: Path,
) -> None:
    earlier = AttemptWorld({"keep_deployment": True}, run_id="films-aaaaaaaaaaaaaaaa")
    earlier.train()
    model_arn = earlier.poll_to_end().model_uri
    assert model_arn is not None
    earlier.trainer.promote(earlier.job, earlier.run_id, "films")
    world = AttemptWorld({"requests_per_minute": 10}, _champion(model_arn, earlier))
    world.bucket.objects |= {
        key: body for key, body in earlier.bucket.objects.items() if earlier.run_id in key
    }
    world.bedrock.models[model_arn] = "earlier"
    world.bedrock.deployments |= earlier.bedrock.deployments
    (standing,) = world.bedrock.deployments.values()
    standing["status"] = "Active"
    world.train()
    while not world.poll().phase.startswith("asking 5"):
        pass
    # Another run of the project is promoted now.
    standing["modelArn"] = "arn:of-another-model"
    state = world.poll_to_end()
    world.trainer.predictions(JOB, RUN_ID, tmp_path)

    assert state.ending is Ending.COMPLETED
    summary = json.loads((tmp_path / "answers.json").read_text())
    assert list(summary["skipped"]) == ["champion"]
    # The project's own deployment is nobody's to delete here.
    assert list(world.bedrock.deployments) == ["thriftline-films"]


def test_a_champion_whose_prompt_is_not_known_is_left_out_and_named(tmp_path: Path) -> None:
    arn = f"{ARN}:custom-model/amazon.nova-micro-v1:0:128k/0123456789ab"
    world = AttemptWorld(champion=Champion("arn:package", arn, "bedrock", "gone", "gone-01"))
    world.train()
    state = world.poll_to_end()
    world.trainer.predictions(JOB, RUN_ID, tmp_path)

    assert state.ending is Ending.COMPLETED
    summary = json.loads((tmp_path / "answers.json").read_text())
    assert list(summary["skipped"]) == ["champion"]
