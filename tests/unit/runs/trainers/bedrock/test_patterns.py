"""What our own check lets through is what the service model's patterns let through."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.trainers.bedrock.patterns import (
    JOB_NAME,
    MODEL_NAME,
    RULES,
    S3_URI,
    Rule,
    check,
    require_name,
)

REQUEST: dict[str, Any] = {
    "jobName": "reviews-0123456789abcdef-01",
    "customModelName": "reviews-0123456789abcdef-01",
    "roleArn": "arn:aws:iam::123456789012:role/bedrock",
    "clientRequestToken": "0" * 64,
    "baseModelIdentifier": "amazon.nova-micro-v1:0:128k",
    "trainingDataConfig": {"s3Uri": "s3://artifacts/training/reviews-01/train.jsonl"},
    "validationDataConfig": {"validators": [{"s3Uri": "s3://artifacts/a/validation.jsonl"}]},
    "outputDataConfig": {"s3Uri": "s3://artifacts/training/reviews-01/"},
    "hyperParameters": {"epochCount": "2"},
    "jobTags": [{"key": "thriftline:run", "value": "reviews-0123456789abcdef"}],
}
FIELDS = [(operation, place) for operation in RULES for place in RULES[operation]]


@cache
def service_model() -> Any:
    return botocore.session.get_session().get_service_model("bedrock")


def shape_of(operation: str, place: str) -> Any:
    shape = service_model().operation_model(operation).input_shape
    for name in place.split("."):
        shape = shape.members[name.removesuffix("[]")]
        shape = shape.member if name.endswith("[]") else shape
    return shape


def pattern_of(shape: Any) -> str:
    # botocore reads the patterns and leaves them out of what it shows of a shape.
    raw = service_model()._shape_resolver._shape_map[shape.name]
    return str(raw["pattern"])


def texts_of(shape: Any, place: str = "", seen: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    if shape.name in seen:
        return
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            inner = f"{place}.{name}" if place else name
            yield from texts_of(member, inner, (*seen, shape.name))
    elif shape.type_name == "list":
        yield from texts_of(shape.member, f"{place}[]", (*seen, shape.name))
    elif (
        shape.type_name == "string"
        and "pattern" in service_model()._shape_resolver._shape_map.get(shape.name, {})
    ):
        yield place, shape


@pytest.mark.parametrize(("operation", "place"), FIELDS)
def test_rule_is_that_of_the_service_model(operation: str, place: str) -> None:
    rule, shape = RULES[operation][place], shape_of(operation, place)
    assert rule.least == shape.metadata.get("min", 1)
    assert rule.most == shape.metadata.get("max", 2048)
    if rule is not JOB_NAME:
        assert rule.pattern == pattern_of(shape)


@pytest.mark.parametrize("operation", [name for name in RULES if name != "CreateEvaluationJob"])
def test_every_text_with_a_pattern_has_a_rule(operation: str) -> None:
    shape = service_model().operation_model(operation).input_shape
    # Never sent: our deployments have no description, logs are taken without filters.
    never = ("description", "requestMetadataFilters", "customModelDeploymentIdentifier")
    patterned = {place for place, _ in texts_of(shape) if not any(word in place for word in never)}
    assert patterned == set(RULES[operation])


LIKE_NAMES = st.text("aZ09-_.+= /:", max_size=24)


@pytest.mark.parametrize(
    "place", ["jobName", "customModelName", "clientRequestToken", "trainingDataConfig.s3Uri"]
)
@given(text=st.one_of(LIKE_NAMES, LIKE_NAMES.map(lambda end: f"s3://bucket/{end}")))
def test_rule_decides_as_the_service_does(place: str, text: str) -> None:
    shape = shape_of("CreateModelCustomizationJob", place)
    lengths = shape.metadata["min"] <= len(text) <= shape.metadata["max"]
    theirs = lengths and re.fullmatch(pattern_of(shape), text) is not None
    assert RULES["CreateModelCustomizationJob"][place].allows(text) == theirs


def test_a_name_that_the_services_pattern_takes_ages_for_is_refused_at_once() -> None:
    assert not JOB_NAME.allows("a" + 61 * "-" + "_")


def test_a_request_of_a_run_is_let_through() -> None:
    check("CreateModelCustomizationJob", REQUEST)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"jobName": "reviews_1"}, "jobName is 'reviews_1', not 1 to 63 letters, digits and the"),
        ({"customModelName": "re--views"}, "customModelName is 're--views', not 1 to 63 letters"),
        ({"customModelName": "a" * 64}, "not 1 to 63 letters"),
        ({"clientRequestToken": "a_b"}, "clientRequestToken is 'a_b'"),
        (
            {"outputDataConfig": {"s3Uri": "s3://artifacts/year=2026/"}},
            r"outputDataConfig.s3Uri is 's3://artifacts/year=2026/', not an S3 URI .*no = \+",
        ),
        ({"trainingDataConfig": {"s3Uri": "s3://artifacts/a//b"}}, "trainingDataConfig.s3Uri"),
        ({"trainingDataConfig": {"s3Uri": "s3://artifacts/a/"}}, "not a file but a folder"),
        (
            {"hyperParameters": {"learningRate": 0.00001}},
            "hyperParameters.learningRate is 1e-05, not a text",
        ),
        ({"jobTags": [{"key": "a#b", "value": ""}]}, r"jobTags\[\].key is 'a#b'"),
        ({"jobTags": [{"key": str(n), "value": ""} for n in range(201)]}, "jobTags has 201 tags"),
    ],
)
def test_a_request_is_refused_before_anything_is_uploaded(
    change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidRunSpecError, match=sentence) as raised:
        check("CreateModelCustomizationJob", REQUEST | change)
    assert "Nothing was uploaded and nothing was spent" in str(raised.value)


def test_every_problem_of_a_request_is_named_at_once() -> None:
    with pytest.raises(InvalidRunSpecError, match=r"jobName.*customModelName"):
        check("CreateModelCustomizationJob", REQUEST | {"jobName": "_", "customModelName": "a.b"})


@pytest.mark.parametrize(
    ("rule", "name"), [(MODEL_NAME, "a.b"), (JOB_NAME, "a_b"), (S3_URI, "s3://b/a b")]
)
def test_a_name_alone_is_refused_with_its_rule(rule: Rule, name: str) -> None:
    with pytest.raises(InvalidRunSpecError, match=r"the field is .*Nothing was spent"):
        require_name("the field", name, rule)
