"""run.yaml: the way to train, its section, and what the model is needed for."""

from dataclasses import replace
from decimal import Decimal

import pytest

from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.schemas.result import Result
from thriftline.runs.schemas.run_spec import RunSpec, with_former_trainer
from thriftline.runs.schemas.run_yaml import Defaults, parse_run_yaml

DEFAULTS = Defaults("org/base", "ml.g5.xlarge", Decimal(10), ("bedrock", "sagemaker"))
ONLY_SAGEMAKER = replace(DEFAULTS, allowed_trainers=("sagemaker",))


def read(text: str, defaults: Defaults = DEFAULTS) -> RunSpec:
    return parse_run_yaml(text.encode(), defaults)


def problem(text: str, defaults: Defaults = DEFAULTS) -> str:
    with pytest.raises(InvalidRunSpecError) as caught:
        read(text, defaults)
    return str(caught.value)


def test_the_plan_chooses_where_the_file_names_no_trainer() -> None:
    for defaults in (DEFAULTS, ONLY_SAGEMAKER):
        assert read("", defaults).trainer == "auto"
        assert read("trainer: auto\n", defaults).trainer == "auto"


def test_whoever_names_an_encoder_and_no_trainer_wants_that_one_trained() -> None:
    assert read("base_model: org/mine\n").trainer == "sagemaker"
    assert read("base_model: org/mine\ntrainer: auto\n").trainer == "auto"
    only_bedrock = replace(DEFAULTS, allowed_trainers=("bedrock",))
    assert read("base_model: org/mine\n", only_bedrock).trainer == "auto"


@pytest.mark.parametrize("name", ["bedrock", "sagemaker"])
def test_a_trainer_that_is_registered_may_be_named_and_a_saved_spec_is_read_without_them(
    name: str,
) -> None:
    spec = read(f"trainer: {name}\n")
    assert spec.trainer == name
    assert RunSpec.model_validate_json(spec.model_dump_json()) == spec


def test_a_trainer_that_does_not_exist_is_refused_with_those_that_do() -> None:
    assert problem("seed: 1\ntrainer: bedrok\n") == (
        "run.yaml line 2: trainer: no trainer has this name; say auto or bedrock or sagemaker; "
        'given was "bedrok".'
    )


def test_a_trainer_that_the_stack_does_not_allow_is_refused_with_the_parameters_name() -> None:
    assert problem("trainer: bedrock\n", ONLY_SAGEMAKER) == (
        "run.yaml line 1: trainer: this stack does not train with bedrock (its parameter Trainers "
        'says sagemaker); say auto or sagemaker; given was "bedrock".'
    )


def test_an_encoder_that_is_named_for_bedrock_is_refused_with_what_runs_it() -> None:
    message = problem("base_model: bert-base-uncased\ntrainer: bedrock\n")
    assert message == (
        "run.yaml line 2: trainer: bedrock trains no encoder such as base_model bert-base-uncased; "
        "say trainer: sagemaker, which does, or take base_model out and name one of bedrock's "
        'under bedrock.base_model; given was "bedrock".'
    )
    assert read("trainer: bedrock\nbedrock: {base_model: a}\n").bedrock.base_model == "a"


def test_each_trainer_reads_its_own_section_whichever_the_spec_names() -> None:
    spec = read("training: {volume_gib: 50}\nbedrock: {epochs: 3, label_words: {'1': yes}}\n")
    assert spec.trainer_section("sagemaker")["volume_gib"] == 50
    bedrock = spec.trainer_section("bedrock")
    assert (bedrock["epochs"], bedrock["learning_rate"]) == (3, "auto")
    assert bedrock["label_words"] == {"1": "yes"}
    assert bedrock["base_model"] == "amazon.nova-micro-v1:0:128k"
    assert spec.trainer_section("in_memory") == {}


def test_what_the_model_is_needed_for_is_read() -> None:
    needs = read("needs: {predictions_per_month: 2000000, scores: true, latency_ms: 250}\n").needs
    assert (needs.predictions_per_month, needs.scores, needs.weights, needs.latency_ms) == (
        2_000_000,
        True,
        False,
        250,
    )
    assert read("").needs.predictions_per_month is None


def test_what_has_no_price_is_allowed_only_where_an_amount_is_named() -> None:
    assert read("").budget.unpriced_allowance_usd is None
    assert read("budget: {unpriced_allowance_usd: 25}\n").budget.unpriced_allowance_usd == 25


def test_provisioned_throughput_needs_a_deadline_with_its_time_zone_and_a_budget() -> None:
    spec = read("bedrock:\n  provisioned: {units: 1, until: 2026-12-24T18:00:00Z, max_usd: 100}\n")
    assert spec.bedrock.provisioned is not None
    assert spec.bedrock.provisioned.until.isoformat() == "2026-12-24T18:00:00+00:00"
    assert RunSpec.model_validate_json(spec.model_dump_json()) == spec
    message = problem("bedrock:\n  provisioned: {units: 1}\n")
    assert "bedrock.provisioned.until: Field required" in message
    assert "bedrock.provisioned.max_usd: Field required" in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bedrock: {epochs: 0}", "bedrock.epochs: should be greater than or equal to 1, or auto"),
        ("bedrock: {epochs: '2'}", "bedrock.epochs: should be a valid integer, or auto"),
        ("bedrock: {learning_rate: 0}", "bedrock.learning_rate: should be greater than 0, or auto"),
        ("bedrock: {warmup_steps: 101}", "bedrock.warmup_steps: should be less than or equal"),
        ("bedrock: {prompt: Say it.}", "bedrock.prompt: the text must hold {labels}"),
        ("bedrock: {label_words: {good: ''}}", "bedrock.label_words.good: String should have at"),
        ("bedrock: {epoch: 2}", "unknown key bedrock.epoch;"),
        ("bedrock: {epoch: 2}", "Did you mean epochs?"),
        ("bedrock: {customization: magic}", "bedrock.customization: should be 'fine_tuning'"),
        ("needs: {predictions_per_month: -1}", "needs.predictions_per_month: should be greater"),
        ("needs: {score: true}", "Did you mean scores?"),
        ("needs: {latency_ms: 0}", "needs.latency_ms: should be greater than or equal to 1"),
        ("budget: {unpriced_allowance_usd: 0}", "unpriced_allowance_usd: should be greater than 0"),
    ],
)
def test_a_mistake_names_the_place_and_the_rule(text: str, said: str) -> None:
    message = problem(f"{text}\n")
    assert message.startswith("run.yaml line 1: ")
    assert said in message


def test_a_spec_that_was_saved_when_there_was_one_trainer_names_it() -> None:
    assert RunSpec.model_validate(with_former_trainer({})).trainer == "sagemaker"
    assert with_former_trainer({"trainer": "auto"})["trainer"] == "auto"
    assert with_former_trainer(None) is None
    assert "spec" in Result.model_fields
