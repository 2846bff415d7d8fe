"""Distillation, reinforcement, continued pre-training and import: requests, prices, refusals."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runs.trainers.bedrock.test_customization_request import is_valid, request
from tests.unit.runs.trainers.bedrock.works import OREGON, SOURCES, work
from thriftline.core.errors import InvalidRunSpecError, UnpricedInstanceError
from thriftline.runs.domain.quotes import Quote
from thriftline.runs.trainers.bedrock.customizations import REQUEST_TYPES, configuration
from thriftline.runs.trainers.bedrock.families import BASE_MODELS, DEFAULT
from thriftline.runs.trainers.bedrock.quoting import quote
from thriftline.runs.trainers.bedrock.training_file import Record, TrainingFile

NOVA_2 = "amazon.nova-2-lite-v1:0:256k"
NO_TOKENS = replace(SOURCES.prices().tokens, lists=())
GRADER = "arn:aws:lambda:us-east-1:123456789012:function:thriftline-grade-answers"
WORDS = {"negative": "negative", "positive": "positive"}


def line_of(customization: Any, model: str = DEFAULT) -> dict[str, Any]:
    file = TrainingFile(BASE_MODELS[model], "Say it.", WORDS, customization)
    found: dict[str, Any] = json.loads(file.line(Record("a:1", "User: joy", "positive")) or b"")
    return found


def reinforced(**changes: Any) -> Quote:
    asked = work(
        {"customization": "reinforcement", "base_model": NOVA_2, **changes},
        unpriced_allowance_usd=Decimal(50),
    )
    return quote(asked, SOURCES)


def test_a_distillation_gives_the_texts_without_their_labels() -> None:
    assert line_of("distillation") == {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "Say it."}],
        "messages": [{"role": "user", "content": [{"text": "User - joy"}]}],
    }


def test_a_distillation_names_its_teacher_and_how_long_answers_are() -> None:
    terms = quote(work({"customization": "distillation"}), SOURCES).rungs[0].terms
    config = configuration(
        terms["customization"], teacher=terms["teacher"], max_tokens=terms["max_tokens"]
    )
    built = request(customization=REQUEST_TYPES["distillation"], configuration=config)
    assert built["customizationType"] == "DISTILLATION"
    assert built["customizationConfig"]["distillationConfig"]["teacherModelConfig"] == {
        "teacherModelIdentifier": "amazon.nova-pro-v1:0",
        "maxResponseLengthForInference": 6,
    }
    assert is_valid("CreateModelCustomizationJob", built)


def test_a_teacher_is_paid_on_top_of_the_training() -> None:
    tuned, taught = (
        quote(work({"customization": kind}), SOURCES) for kind in ("fine_tuning", "distillation")
    )
    (teaching,) = [row for row in taught.likely if "teacher" in row.what]
    # 8,530 texts of 57 tokens at 0.80 USD a million, 6 tokens of answer at 3.20.
    assert teaching.usd == Decimal("0.5527")
    assert taught.chosen.expected.usd is not None
    assert tuned.chosen.expected.usd is not None
    assert taught.chosen.expected.usd - tuned.chosen.expected.usd == teaching.usd
    # Bedrock may ask for 15,000 answers, of prompts that it makes itself.
    assert taught.worst_case_usd > tuned.worst_case_usd + 2 * teaching.usd
    assert taught.rungs[0].terms["rates"]["teacher"] == "0.0000648"


def test_a_teacher_without_a_price_is_refused() -> None:
    elsewhere = replace(SOURCES, prices=lambda: replace(SOURCES.prices(), tokens=NO_TOKENS))
    with pytest.raises(UnpricedInstanceError, match="8,530 answers of the teacher"):
        quote(work({"customization": "distillation"}), elsewhere)


def test_a_distillation_takes_so_many_records() -> None:
    with pytest.raises(InvalidRunSpecError, match="on 100 training records or more"):
        quote(work({"customization": "distillation"}, {"train": 99, "test": 20}), SOURCES)
    many = work({"customization": "distillation"}, {"train": 20_000, "test": 20})
    assert quote(many, SOURCES).rungs[0].terms["train_records"] == 15_000


def test_a_teacher_of_another_family_is_refused() -> None:
    asked = work({"customization": "distillation", "teacher": "meta.llama3-1-405b-instruct-v1:0"})
    with pytest.raises(InvalidRunSpecError, match=r"bedrock.teacher: .* by amazon.nova-pro-v1:0"):
        quote(asked, SOURCES)


def test_reinforcement_gives_the_reference_to_the_grader_and_not_to_the_model() -> None:
    assert line_of("reinforcement", NOVA_2) == {
        "messages": [
            {"role": "system", "content": "Say it."},
            {"role": "user", "content": "User - joy"},
        ],
        "reference_answer": "positive",
    }


def test_reinforcement_has_its_hyperparameters_as_numbers_beside_the_grader() -> None:
    terms = reinforced(epochs=3, learning_rate=1e-6, batch_size=32).rungs[0].terms
    terms = json.loads(json.dumps(terms))
    config = configuration(
        "reinforcement",
        max_tokens=terms["max_tokens"],
        grader_arn=GRADER,
        numbers=terms["reinforcement"],
    )
    assert config == {
        "rftConfig": {
            "graderConfig": {"lambdaGrader": {"lambdaArn": GRADER}},
            "hyperParameters": {
                "inferenceMaxTokens": 6,
                "epochCount": 3,
                "learningRate": 1e-6,
                "batchSize": 32,
            },
        }
    }
    built = request(
        base=BASE_MODELS[NOVA_2],
        customization=REQUEST_TYPES["reinforcement"],
        configuration=config,
        hyperparameters=terms["hyperparameters"],
    )
    assert "hyperParameters" not in built
    assert is_valid("CreateModelCustomizationJob", built)


def test_reinforcement_is_billed_by_hours_that_have_no_price() -> None:
    asked = work({"customization": "reinforcement", "base_model": NOVA_2})
    with pytest.raises(UnpricedInstanceError, match="hours of reinforcement"):
        quote(asked, SOURCES)
    allowed = reinforced()
    assert allowed.chosen.expected.usd is None
    assert allowed.worst_case_usd >= 50
    assert allowed.rungs[0].terms["rates"]["training"] is None


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ({"batch_size": 8}, "bedrock.batch_size: 8 .* a whole number from 16 to 512"),
        ({"epochs": 51}, "a whole number from 1 to 50"),
        ({"warmup_steps": 5}, "bedrock.warmup_steps: .* has no such hyperparameter"),
        ({"base_model": DEFAULT}, "offers no reinforcement of amazon.nova-micro"),
    ],
)
def test_reinforcement_has_ranges_of_its_own(section: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidRunSpecError, match=sentence):
        reinforced(**section)


def test_a_stack_without_a_grader_refuses_reinforcement() -> None:
    with pytest.raises(InvalidRunSpecError, match="no function that grades answers"):
        configuration("reinforcement", grader_arn=None)


def test_fine_tuning_needs_no_configuration() -> None:
    assert configuration("fine_tuning", grader_arn=GRADER) is None


@pytest.mark.parametrize("model", [DEFAULT, "amazon.nova-lite-v1:0:300k", NOVA_2])
def test_continued_pre_training_is_refused_for_every_nova(model: str) -> None:
    asked = work({"customization": "continued_pre_training", "base_model": model})
    with pytest.raises(InvalidRunSpecError, match=f"no continued_pre_training of {model}") as no:
        quote(asked, SOURCES)
    assert "No base model that Thriftline knows has it; say fine_tuning" in str(no.value)


def test_continued_pre_training_is_refused_for_llama_too() -> None:
    llama = "meta.llama3-3-70b-instruct-v1:0:128k"
    with pytest.raises(InvalidRunSpecError, match="no continued_pre_training"):
        quote(work({"customization": "continued_pre_training", "base_model": llama}), OREGON)


@pytest.mark.parametrize(
    ("section", "allowed", "error", "sentence"),
    [
        ({}, None, InvalidRunSpecError, "an import needs the folder of the model"),
        ({"import_uri": "s3://b"}, None, InvalidRunSpecError, "bedrock.import_uri is 's3://b'"),
        (
            {"import_uri": "s3://artifacts/year=2026/model/"},
            None,
            InvalidRunSpecError,
            "bedrock.import_uri is .*no = ",
        ),
        (
            {"import_uri": "s3://artifacts/models/llama"},
            None,
            InvalidRunSpecError,
            "must be the folder of the model, with / at its end",
        ),
        ({"import_uri": "s3://bucket/m/"}, None, UnpricedInstanceError, "no row for the model un"),
        ({"import_uri": "s3://bucket/m/"}, 5, InvalidRunSpecError, "does not answer to Converse"),
    ],
)
def test_a_run_that_asks_for_an_import_is_told_what_is_in_the_way(
    section: dict[str, Any], allowed: int | None, error: type[Exception], sentence: str
) -> None:
    asked = work(
        {"customization": "import", **section},
        unpriced_allowance_usd=None if allowed is None else Decimal(allowed),
    )
    with pytest.raises(error, match=sentence) as raised:
        quote(asked, SOURCES)
    assert "Nothing was" in str(raised.value)


@given(
    kind=st.sampled_from(["distillation", "reinforcement"]),
    records=st.integers(100, 20_000),
    characters=st.floats(1, 3_000),
)
def test_every_request_of_these_kinds_passes_validator_and_patterns(
    kind: Any, records: int, characters: float
) -> None:
    asked = work(
        {"customization": kind, "base_model": NOVA_2},
        {"train": records, "test": 20},
        characters,
        unpriced_allowance_usd=Decimal(1),
    )
    terms = quote(asked, SOURCES).rungs[0].terms
    config = configuration(
        kind,
        teacher=terms.get("teacher"),
        max_tokens=terms["max_tokens"],
        grader_arn=GRADER,
        numbers=terms.get("reinforcement"),
    )
    built = request(
        base=BASE_MODELS[NOVA_2],
        customization=REQUEST_TYPES[terms["customization"]],
        configuration=config,
        hyperparameters=terms["hyperparameters"],
    )
    assert is_valid("CreateModelCustomizationJob", built)
