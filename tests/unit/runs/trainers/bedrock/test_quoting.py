"""What Bedrock asks for a run, to the cent, and what it does not do at any price.

The worked examples are two public data sets: Rotten Tomatoes has 8,530 training sentences of 27
tokens, IMDB 25,000 reviews of 282.
"""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runs.trainers.bedrock.works import OREGON, SOURCES, work
from thriftline.core.errors import InvalidRunSpecError, UnpricedInstanceError
from thriftline.money.sums import sum_of
from thriftline.runs.domain.search import Search
from thriftline.runs.domain.work import Champion, TrainingWork
from thriftline.runs.trainers.bedrock.bedrock_work import BedrockSources
from thriftline.runs.trainers.bedrock.families import DEFAULT
from thriftline.runs.trainers.bedrock.quoting import quote

CENT = Decimal("0.01")
NOVA_2 = "amazon.nova-2-lite-v1:0:256k"
LLAMA = "meta.llama3-3-70b-instruct-v1:0:128k"
LOCAL = "local.smollm2-135m-instruct"
SENTENCES = {"train": 8_530, "test": 1_066}
REVIEWS = {"train": 25_000, "test": 25_000}


def rows_of(work: TrainingWork, sources: BedrockSources = SOURCES) -> dict[str, Decimal | None]:
    rows = quote(work, sources).likely
    kinds = ("training", "evaluation")
    return {kind: sum_of(row.usd for row in rows if row.kind == kind) for kind in kinds}


@pytest.mark.parametrize(
    ("splits", "characters", "model", "sources", "records", "tokens", "usd"),
    [
        (SENTENCES, 108.0, None, SOURCES, 8_530, 503_270, "0.50"),
        (SENTENCES, 108.0, NOVA_2, SOURCES, 8_530, 503_270, "1.90"),
        (SENTENCES, 108.0, LLAMA, OREGON, 8_530, 503_270, "1.66"),
        (REVIEWS, 1_128.0, None, SOURCES, 20_000, 6_280_000, "6.28"),
        (REVIEWS, 1_128.0, NOVA_2, SOURCES, 20_000, 6_280_000, "23.74"),
        (REVIEWS, 1_128.0, LLAMA, OREGON, 10_000, 3_140_000, "10.36"),
    ],
)
def test_an_epoch_of_the_worked_examples_costs_what_the_facts_say(
    splits: dict[str, int],
    characters: float,
    model: str | None,
    sources: BedrockSources,
    records: int,
    tokens: int,
    usd: str,
) -> None:
    section = {"epochs": 1, "base_model": model}
    asked = work(section, splits, characters)
    terms = quote(asked, sources).rungs[0].terms
    assert (terms["train_records"], terms["training_tokens"]) == (records, tokens)
    training = rows_of(asked, sources)["training"]
    assert training is not None
    assert training.quantize(CENT) == Decimal(usd)


def test_the_worst_case_is_twice_the_tokens_and_a_month_of_the_model() -> None:
    rows = rows_of(work())
    # 1,066 questions of 57 tokens to the tuned and the base model, and 115 to the base model with
    # an example of each label, each answered with 2.
    asked = (1_066 * (57 + 57 + 57 + 58)) * Decimal("0.035") / 10**6
    said = (1_066 * 3 * 2) * Decimal("0.14") / 10**6
    assert rows["evaluation"] is not None
    assert abs(rows["evaluation"] - asked - said) < Decimal("0.0002")
    found = quote(work(), SOURCES)
    assert found.chosen.expected.usd == Decimal("0.5033") + Decimal("0.0094")
    assert found.worst_case_usd == Decimal("2.98")
    assert found.stop_grace_usd == 0


def test_a_plan_can_keep_the_terms() -> None:
    terms = quote(work(), SOURCES).rungs[0].terms
    assert json.loads(json.dumps(terms)) == terms
    assert terms == {
        "base_model": "amazon.nova-micro-v1:0:128k",
        "invocation_model": "amazon.nova-micro-v1:0",
        "customization": "fine_tuning",
        "epochs": 1,
        "hyperparameters": {
            "epochCount": "1",
            "learningRate": "0.00001",
            "learningRateWarmupSteps": "13",
        },
        "label_words": {"negative": "negative", "positive": "positive"},
        "system_prompt": "Classify the text. The labels are: negative, positive. Answer with one "
        "label only.",
        "train_records": 8_530,
        "validation_records": 0,
        "test_records": 1_066,
        "training_tokens": 503_270,
        "max_tokens": 6,
        "requests_per_minute": None,
        "validation_limit_seconds": 3_600,
        "total_limit_seconds": 43_200,
        "keep_deployment": False,
        "rates": {
            "training": "0.001",
            "input": "0.035",
            "output": "0.14",
            "base_input": "0.035",
            "base_output": "0.14",
            "storage": "1.95",
        },
        "few_shot": True,
        "judge": None,
        "provisioned": None,
    }


@pytest.mark.parametrize(
    ("train", "epochs", "warmup"),
    [(300, "5", "0"), (999, "5", "2"), (5_000, "2", "8"), (5_001, "1", "8")],
)
def test_passes_and_warm_up_follow_the_records(train: int, epochs: str, warmup: str) -> None:
    told = quote(work(splits={"train": train, "test": 100}), SOURCES).rungs[0].terms
    assert told["hyperparameters"]["epochCount"] == epochs
    assert told["hyperparameters"]["learningRateWarmupSteps"] == warmup


def test_what_the_run_spec_names_is_taken() -> None:
    section = {
        "epochs": 3,
        "learning_rate": 5e-5,
        "warmup_steps": 7,
        "label_words": {"negative": "bad", "positive": "good"},
        "prompt": "Is the mood one of {labels}?",
        "requests_per_minute": 30,
        "evaluation_records": 50,
        "few_shot": False,
        "keep_deployment": True,
        "validation_limit_seconds": 60,
        "total_limit_seconds": 600,
    }
    terms = quote(work(section), SOURCES).rungs[0].terms
    assert terms["hyperparameters"] == {
        "epochCount": "3",
        "learningRate": "0.00005",
        "learningRateWarmupSteps": "7",
    }
    assert terms["label_words"] == {"negative": "bad", "positive": "good"}
    assert terms["system_prompt"] == "Is the mood one of bad, good?"
    assert (terms["requests_per_minute"], terms["test_records"]) == (30, 50)
    assert (terms["few_shot"], terms["keep_deployment"]) == (False, True)
    assert (terms["validation_limit_seconds"], terms["total_limit_seconds"]) == (60, 600)


def test_the_quota_bounds_the_evaluation_and_what_the_run_spec_names() -> None:
    slow = BedrockSources(SOURCES.prices, SOURCES.region, SOURCES.today, lambda _: 4)
    terms = quote(work({"requests_per_minute": 1_000}), slow).rungs[0].terms
    assert (terms["requests_per_minute"], terms["test_records"]) == (4, 100)


def test_a_champion_on_bedrock_is_asked_too() -> None:
    model = f"arn:aws:bedrock:us-east-1:123456789012:custom-model/{DEFAULT}/0123456789ab"
    beside = rows_of(work(champion=Champion("arn:package", model)))["evaluation"]
    alone = rows_of(work(champion=Champion("arn:package", "s3://bucket/model.tar.gz")))[
        "evaluation"
    ]
    assert beside is not None
    assert alone is not None
    assert beside > alone


@pytest.mark.parametrize(
    ("model", "row"),
    [
        ("amazon.nova-lite-v1:0:300k", "training on 1,000 tokens"),
        ("amazon.nova-pro-v1:0:300k", "training on 1,000 tokens"),
        (LOCAL, "input tokens of the base model"),
    ],
)
def test_what_has_no_price_is_refused_unless_something_is_allowed_for_it(
    model: str, row: str
) -> None:
    asked = work({"base_model": model})
    with pytest.raises(
        UnpricedInstanceError, match=f"no row for {model} in us-east-1: .*{row}"
    ) as no:
        quote(asked, SOURCES)
    assert "budget.unpriced_allowance_usd" in str(no.value)
    assert "Nothing was spent" in str(no.value)
    allowed = quote(work({"base_model": model}, unpriced_allowance_usd=Decimal("5.00")), SOURCES)
    assert allowed.chosen.expected.usd is None
    assert allowed.worst_case_usd >= Decimal("5.00")
    assert any("5.00 USD are held for it" in one for one in allowed.warnings)
    assert allowed.rungs[0].terms["rates"]["training"] is None


@pytest.mark.parametrize(
    ("section", "changes", "sentence"),
    [
        ({"base_model": "bert-base-uncased"}, {}, "is an encoder of BERT's kind"),
        ({"base_model": "meta.llama3-2-3b-instruct-v1:0:128k"}, {}, "end of life on 2026-07-07"),
        ({"base_model": LLAMA}, {}, "not customized in us-east-1 but in us-west-2"),
        ({"epochs": 9}, {}, "bedrock.epochs: 9"),
        ({"batch_size": 8}, {}, "bedrock.batch_size: .* has no such hyperparameter"),
        ({"customization": "continued_pre_training"}, {}, "offers no continued_pre_training"),
        ({"label_words": {"negative": "pos", "positive": "positive"}}, {}, "begins with 'pos'"),
        ({"prompt": "No labels."}, {}, "bedrock.prompt"),
        ({}, {"splits": {"train": 7, "test": 3}}, "has 7 of 10 for it. Add records"),
        ({"base_model": NOVA_2}, {"splits": {"train": 199, "test": 50}}, "on 200 training records"),
        (
            {},
            {"longest_characters": 200_000},
            "a text of 200,000 characters has about 50,030 tokens",
        ),
        ({}, {"labels": {}}, "needs the list of labels"),
        ({}, {"labels": {"C++": 5, "C#": 5}}, "all become 'c'"),
        ({}, {"hyperparameters": {"multi_label": True}}, "answers with one label a record"),
        ({}, {"search": Search(trials=2)}, "search: Bedrock has none"),
    ],
)
def test_what_bedrock_does_not_do_is_refused_with_its_sentence(
    section: dict[str, Any], changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidRunSpecError, match=sentence) as raised:
        quote(work(section, **changes), SOURCES)
    assert "Nothing was spent" in str(raised.value)


@pytest.mark.parametrize(
    ("cap", "section", "remedies"),
    [
        ("100", {}, ()),
        # The month of the model alone is above it: nothing makes the run so small.
        ("0.01", {}, ()),
        ("3.50", {"epochs": 5}, ("set bedrock.epochs to 1",)),
    ],
)
def test_a_remedy_is_named_where_it_is_enough(
    cap: str, section: dict[str, Any], remedies: tuple[str, ...]
) -> None:
    assert quote(work(section, cap_usd=Decimal(cap)), SOURCES).remedies == remedies


def test_one_record_and_one_request_are_counted_in_english() -> None:
    found = quote(work({"requests_per_minute": 1, "evaluation_records": 1}), SOURCES)
    assert "at 1 request a minute" in found.chosen.expected.reason
    alone = quote(work(splits={"train": 100, "test": 1}), SOURCES)
    assert "asks the only test record, 3 times" in alone.chosen.expected.reason


def test_21000_records_are_trained_on_as_a_sample_and_the_quote_says_so() -> None:
    found = quote(work(splits={"train": 21_000, "test": 500}), SOURCES)
    assert found.rungs[0].terms["train_records"] == 20_000
    assert "a sample of 20,000 of 21,000 records" in found.warnings[0]


def test_an_evaluation_that_the_gate_finds_too_small_is_worth_a_warning() -> None:
    section = {"evaluation_records": 10}
    found = quote(work(section, minimum_test_size=20), SOURCES)
    assert "10 test records are asked, and gate.minimum_test_size asks for 20" in found.warnings[0]
    assert quote(work(section, minimum_test_size=10), SOURCES).warnings == ()


def test_labels_that_are_numbers_are_worth_a_warning() -> None:
    found = quote(work(labels={"0": 5, "1": 5}), SOURCES)
    assert "The labels are numbers" in found.warnings[0]


@given(
    train=st.integers(8, 60_000),
    validation=st.integers(0, 5_000),
    test=st.integers(1, 5_000),
    characters=st.floats(1, 5_000),
)
def test_rows_add_up_and_the_worst_case_holds_twice_of_them(
    train: int, validation: int, test: int, characters: float
) -> None:
    splits = {"train": train, "validation": validation, "test": test}
    asked = work(splits=splits, mean_characters=characters)
    found = quote(asked, SOURCES)
    likely = sum_of(row.usd for row in found.likely)
    assert likely is not None
    assert found.chosen.expected.usd == likely
    assert Decimal(0) <= found.worst_case_usd - 2 * likely - Decimal("1.95") < CENT
    terms = found.rungs[0].terms
    assert terms["train_records"] + terms["validation_records"] <= 20_000
