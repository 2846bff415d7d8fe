"""Which base models Bedrock customizes, and what it says to all others."""

from datetime import date

import pytest

from thriftline.core.errors import InvalidRunSpecError
from thriftline.money.price_catalogue import price_catalogue
from thriftline.runs.trainers.bedrock.base_model_checks import (
    require_customization,
    require_on_demand,
    require_region,
)
from thriftline.runs.trainers.bedrock.families import (
    BASE_MODELS,
    DEFAULT,
    BaseModel,
    base_model,
    offered_ids,
)
from thriftline.runs.trainers.bedrock.hyperparameters import as_request, checked, named_in
from thriftline.runs.trainers.bedrock.patterns import RULES

TODAY = date(2026, 11, 29)
LAST_DAY_OF = price_catalogue().last_day_of
NOVA = BASE_MODELS[DEFAULT]
LLAMA_8B = BASE_MODELS["meta.llama3-1-8b-instruct-v1:0:128k"]
HAIKU = BASE_MODELS["anthropic.claude-3-haiku-20240307-v1:0:200k"]


@pytest.mark.parametrize("model", BASE_MODELS.values(), ids=lambda model: model.id)
def test_ids_are_as_the_service_takes_them(model: BaseModel) -> None:
    rule = RULES["CreateModelCustomizationJob"]["baseModelIdentifier"]
    assert rule.allows(model.id)
    assert all(rule.allows(one) for one in model.invocation_ids)


def test_the_default_is_known() -> None:
    assert base_model(DEFAULT, TODAY) is NOVA
    assert NOVA.invocation_ids == ("amazon.nova-micro-v1:0", "us.amazon.nova-micro-v1:0")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("bert-base-uncased", "is an encoder of BERT's kind.*imports no encoder.*trainer: sagemak"),
        ("microsoft/deberta-v3-small", "is an encoder of BERT's kind"),
        ("sentence-transformers/all-MiniLM-L6-v2", "is an encoder of BERT's kind"),
        ("amazon.nova-micro-v1:0", "to train it, say amazon.nova-micro-v1:0:128k"),
        ("us.amazon.nova-micro-v1:0", "is the id by which the model is asked"),
        ("meta.llama3-2-1b-instruct-v1:0:128k", "reached its end of life on 2026-07-07"),
        ("anthropic.claude-3-haiku-20240307-v1:0:200k", "end of life on 2026-09-10"),
        ("amazon.titan-text-lite-v1:0:4k", "Titan Text is out of Bedrock's list"),
        ("cohere.command-light-text-v14:7:4k", "ended the fine-tuning of Cohere's models"),
        ("amazon.nova-micro-v1:0:64k", "did you mean amazon.nova-micro-v1:0:128k"),
        ("gpt-9", "say one of amazon.nova-micro-v1:0:128k"),
    ],
)
def test_what_is_not_customized_is_refused_with_its_sentence(name: str, sentence: str) -> None:
    with pytest.raises(InvalidRunSpecError, match=f"bedrock.base_model: .*{sentence}") as raised:
        base_model(name, TODAY, LAST_DAY_OF)
    assert str(raised.value).endswith("Nothing was spent.")


def test_a_model_ends_on_its_day() -> None:
    name = "meta.llama3-2-1b-instruct-v1:0:128k"
    assert base_model(name, date(2026, 7, 6), LAST_DAY_OF).id == name
    with pytest.raises(InvalidRunSpecError, match="end of life"):
        base_model(name, date(2026, 7, 7), LAST_DAY_OF)


def test_a_region_without_the_model_is_refused() -> None:
    require_region(NOVA, "us-east-1")
    with pytest.raises(InvalidRunSpecError, match="not customized in eu-west-1 but in us-east-1"):
        require_region(NOVA, "eu-west-1")


def test_a_model_without_a_way_to_answer_on_demand_is_refused() -> None:
    with pytest.raises(InvalidRunSpecError, match="answers with provisioned throughput only"):
        require_on_demand(LLAMA_8B)
    require_on_demand(NOVA)


def test_continued_pre_training_is_refused_for_nova() -> None:
    with pytest.raises(
        InvalidRunSpecError, match=r"offers no continued_pre_training of amazon.nova"
    ):
        require_customization(NOVA, "continued_pre_training")


def test_reinforcement_names_the_models_that_have_it() -> None:
    with pytest.raises(
        InvalidRunSpecError, match=r"amazon.nova-2-lite-v1:0:256k or qwen.qwen3-32b"
    ):
        require_customization(NOVA, "reinforcement")
    assert "local.smollm2-135m-instruct" not in offered_ids()


def test_values_become_texts_without_exponents() -> None:
    values = checked({"epochs": 2, "learning_rate": 1e-05}, NOVA.hyperparameters, NOVA.id)
    assert as_request(values) == {"epochCount": "2", "learningRate": "0.00001"}


def test_what_is_left_open_is_not_named() -> None:
    assert named_in({"epochs": "auto", "learning_rate": None, "batch_size": 8, "prompt": "x"}) == {
        "batch_size": 8
    }


@pytest.mark.parametrize(
    ("model", "named", "sentence"),
    [
        (NOVA, {"epochs": 9}, "bedrock.epochs: 9 is not what .* a whole number from 1 to 5"),
        (LLAMA_8B, {"epochs": 11}, "a whole number from 1 to 10"),
        (NOVA, {"epochs": 1.5}, "a whole number from 1 to 5"),
        (NOVA, {"learning_rate": 0.1}, "a number from 0.000001 to 0.0001"),
        (NOVA, {"learning_rate": float("nan")}, "bedrock.learning_rate: nan"),
        (NOVA, {"learning_rate": "fast"}, "'fast' is no number"),
        (NOVA, {"epochs": True}, "True is no number"),
        (NOVA, {"batch_size": 8}, "has no such hyperparameter; it has epochs, learning_rate, warm"),
        (LLAMA_8B, {"warmup_steps": 10}, "Take bedrock.warmup_steps out"),
        (HAIKU, {"learning_rate": 1e-5}, "has no such hyperparameter"),
        (HAIKU, {"batch_size": 2}, "a whole number from 4 to 256"),
    ],
)
def test_keys_of_another_family_and_values_out_of_range_are_refused(
    model: BaseModel, named: dict[str, object], sentence: str
) -> None:
    with pytest.raises(InvalidRunSpecError, match=sentence) as raised:
        checked(named, model.hyperparameters, model.id)
    assert str(raised.value).endswith("Nothing was spent.")
