"""The embedded Bedrock's rules that need no server: data, hyperparameters, roles, allowances."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.iam.models import iam_backends

from local_aws.bedrock.allowance import Allowances, Limits
from local_aws.bedrock.base_models import BaseModels, customizable_models
from local_aws.bedrock.kinds import KINDS, hyperparameters
from local_aws.bedrock.roles import ServiceRole
from local_aws.bedrock.training_data import JobFailure, check_counts, parse_file
from local_aws.http.own_calls import AwsError
from local_aws.http.shape_constraints import input_shape, violations
from local_aws.services.bedrock_bill import BedrockBill

NOW = datetime(2026, 11, 29, tzinfo=UTC)
ACCOUNT = "222222222222"
LIMITS = Limits(requests_per_minute=4, tokens_per_minute=1000, tokens_per_day=2500)


@pytest.mark.parametrize(
    ("kind", "training", "validation", "refused"),
    [
        ("nova", 8, [], False),
        ("nova", 7, [], True),
        ("nova", 20_000, [], False),
        ("nova", 20_001, [], True),
        ("nova", 19_000, [1_000], False),
        ("nova", 19_000, [1_000, 1], True),
        ("nova", 19_000, [0, 1], True),
        ("nova2", 199, [], True),
        ("nova2", 200, [], False),
        ("nova2", 200, [10], True),
        ("llama", 99, [10], True),
        ("llama", 9_000, [1_001], True),
        ("haiku", 10_000, [1_000], False),
        ("haiku", 32, [1_001], True),
    ],
)
def test_numbers_of_records(kind: str, training: int, validation: list[int], refused: bool) -> None:
    if refused:
        with pytest.raises(JobFailure):
            check_counts(training, validation, KINDS[kind])
    else:
        check_counts(training, validation, KINDS[kind])


@pytest.mark.parametrize(
    ("kind", "line", "fits"),
    [
        ("llama-3.1", {"prompt": "a", "completion": "b"}, True),
        ("llama-3.1", {"prompt": "a", "completion": 1}, False),
        ("llama-3.1", {"prompt": "a", "completion": "b", "more": "c"}, False),
        (
            "haiku",
            {
                "system": "s",
                "messages": [
                    {"role": "user", "content": "a"},
                    {"role": "assistant", "content": "b"},
                ],
            },
            True,
        ),
        (
            "haiku",
            {
                "messages": [
                    {"role": "user", "content": "a\nHuman: b"},
                    {"role": "assistant", "content": "b"},
                ],
            },
            False,
        ),
        (
            "haiku",
            {
                "messages": [
                    {"role": "user", "content": "a", "id": 1},
                    {"role": "assistant", "content": "b"},
                ],
            },
            False,
        ),
    ],
)
def test_each_family_has_its_form(kind: str, line: dict[str, Any], fits: bool) -> None:
    body = json.dumps(line).encode()
    if fits:
        (record,) = parse_file(body, "data/a.jsonl", KINDS[kind])
        assert (record.asked[0].text, record.answer) == ("a", "b")
    else:
        with pytest.raises(JobFailure):
            parse_file(body, "data/a.jsonl", KINDS[kind])


@given(st.binary(max_size=200))
def test_any_bytes_are_records_or_a_failure_of_the_job(body: bytes) -> None:
    for kind in KINDS.values():
        # Nothing else than a JobFailure comes out of it.
        with suppress(JobFailure):
            assert isinstance(parse_file(body, "a.jsonl", kind), list)


@given(st.text(alphabet="aA0-+._", min_size=1, max_size=60))
def test_a_name_of_many_hyphens_is_judged_quickly_and_rightly(name: str) -> None:
    shape = input_shape("bedrock", "CreateModelCustomizationJob").members["jobName"]

    assert (violations(shape, name) == []) == (name[0].isalnum() and "_" not in name)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_defaults_fit_their_own_rules(kind: str) -> None:
    defaults = hyperparameters(KINDS[kind], {})

    assert hyperparameters(KINDS[kind], defaults) == defaults
    with pytest.raises(AwsError, match="Supported are"):
        hyperparameters(KINDS[kind], {"neverThere": "1"})


def test_every_customizable_model_has_rules() -> None:
    for model in customizable_models():
        if "FINE_TUNING" in model.customizations:
            assert model.kind in KINDS


def test_a_model_has_its_region_its_profile_and_its_days() -> None:
    models = BaseModels(installed=["local.smollm2-135m-instruct"])
    old = "meta.llama3-2-1b-instruct-v1:0:128k"

    assert models.get("amazon.nova-micro-v1:0:128k", "us-east-1", NOW) is not None
    assert models.get("amazon.nova-micro-v1:0:128k", "eu-west-1", NOW) is None
    assert models.get("local.smollm2-135m-instruct", "us-west-2", NOW) is not None
    assert BaseModels().get("local.smollm2-135m-instruct", "us-west-2", NOW) is None
    assert models.by_profile("us.amazon.nova-2-lite-v1:0", "us-east-1", NOW) is not None
    assert models.by_profile("eu.amazon.nova-2-lite-v1:0", "us-east-1", NOW) is None
    assert models.get(old, "us-west-2", NOW) is None
    before = models.get(old, "us-west-2", datetime(2026, 2, 1, tzinfo=UTC))
    assert before is not None
    assert before.status(datetime(2026, 2, 1, tzinfo=UTC)) == "LEGACY"


@pytest.fixture
def iam() -> Iterator[Any]:
    backend = iam_backends[ACCOUNT]["aws"]
    yield backend
    backend.reset()


def role(iam: Any, *statements: dict[str, Any]) -> ServiceRole:
    trust = {"Statement": {"Effect": "Allow", "Principal": {"Service": ["a", "b"]}, "Action": "*"}}
    made = iam.create_role("r", json.dumps(trust), "/", None, "", [], "3600")
    made.policies["p"] = json.dumps({"Statement": list(statements)})
    return ServiceRole(ACCOUNT, made.arn)


READ = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/data/*"}


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([READ], True),
        ([{**READ, "Action": "S3:GETOBJECT"}], True),
        ([{**READ, "Resource": "arn:aws:s3:::b/other/*"}], False),
        ([{**READ, "Resource": "arn:aws:s3:::b/dat[a]/*"}], False),
        ([READ, {**READ, "Effect": "Deny", "Action": "s3:*"}], False),
        ([{**READ, "Condition": {"StringEquals": {"aws:ResourceAccount": ACCOUNT}}}], True),
        ([{**READ, "Condition": {"StringEquals": {"aws:resourceaccount": "1"}}}], False),
        ([{**READ, "Condition": {"StringLike": {"s3:prefix": ["data/*", "x"]}}}], True),
        ([{**READ, "Condition": {"Bool": {"aws:SecureTransport": True}}}], True),
        ([{**READ, "Condition": {"StringNotEquals": {"aws:ResourceAccount": "1"}}}], True),
        # What is not known is not allowed.
        ([{**READ, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}], False),
        ([{**READ, "Condition": {"NewOperator": {"aws:ResourceAccount": ACCOUNT}}}], False),
        ([], False),
    ],
)
def test_policies_of_a_role(iam: Any, statements: list[dict[str, Any]], allowed: bool) -> None:
    context = {
        "aws:ResourceAccount": ACCOUNT,
        "aws:SecureTransport": "true",
        "s3:prefix": "data/a.jsonl",
    }

    found = role(iam, *statements).allows("s3:GetObject", "arn:aws:s3:::b/data/a.jsonl", context)

    assert found is allowed


def test_policies_of_cloudformation_are_no_text(iam: Any) -> None:
    found = role(iam, READ)
    made = next(iter(iam.roles.values()))
    made.policies["p"] = json.loads(made.policies["p"])
    made.assume_role_policy_document = {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "bedrock.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ]
    }

    assert found.allows("s3:GetObject", "arn:aws:s3:::b/data/a.jsonl", {})
    assert found.trusts_bedrock("arn:aws:bedrock:us-east-1:1:model-customization-job/a")


def test_a_role_of_another_service_trusts_nothing(iam: Any) -> None:
    assert not role(iam).trusts_bedrock("arn:aws:bedrock:us-east-1:1:model-customization-job/a")


def test_requests_a_minute_are_counted_by_the_scaled_clock() -> None:
    allowances = Allowances()

    def ask(seconds: float, scale: float = 1.0) -> None:
        allowances.reserve("key", 10, LIMITS, NOW + timedelta(seconds=seconds), scale)

    for second in range(4):
        ask(second)
    with pytest.raises(AwsError, match="Too many requests") as caught:
        ask(59)
    assert (caught.value.code, caught.value.status) == ("ThrottlingException", 429)
    ask(60)
    # Sixty times as fast, a minute is a second.
    ask(62, scale=60)


def test_all_that_may_be_answered_is_reserved_until_the_answer_is_there() -> None:
    allowances = Allowances()
    first = allowances.reserve("key", 900, LIMITS, NOW, 1.0)
    with pytest.raises(AwsError, match="Too many tokens, "):
        allowances.reserve("key", 200, LIMITS, NOW, 1.0)

    first.tokens = 20
    allowances.reserve("key", 200, LIMITS, NOW, 1.0)
    allowances.reserve("other", 900, LIMITS, NOW, 1.0)


def test_a_day_has_its_own_limit() -> None:
    allowances = Allowances()
    for minute in (0, 2):
        allowances.reserve("key", 1000, LIMITS, NOW + timedelta(minutes=minute), 1.0)

    with pytest.raises(AwsError, match="Too many tokens per day"):
        allowances.reserve("key", 1000, LIMITS, NOW + timedelta(minutes=4), 1.0)
    allowances.reserve("key", 1000, LIMITS, NOW + timedelta(days=1, minutes=4), 1.0)


def test_a_stored_model_costs_by_the_day_until_it_is_deleted() -> None:
    bill = BedrockBill()
    arn = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:custom-model/a/b"
    bill.begin(arn, "us-east-1", "NovaMicro", "Customization-Storage", 1, NOW)
    bill.end(arn, NOW + timedelta(days=30))

    charges = list(bill.charges(ACCOUNT, NOW + timedelta(days=90)))

    assert len(charges) == 30
    assert float(sum(each.usd for each in charges)) == pytest.approx(1.95, abs=1e-6)
    assert {each.usage_type for each in charges} == {"USE1-NovaMicro-Customization-Storage"}
    assert list(bill.charges("111111111111", NOW + timedelta(days=90))) == []


def test_what_has_no_rate_is_said_and_not_billed(caplog: pytest.LogCaptureFixture) -> None:
    bill = BedrockBill()

    for _ in range(2):
        bill.charge(ACCOUNT, "us-east-1", "NovaPro", "Customization-Training", 1000, NOW)

    assert list(bill.charges(ACCOUNT, NOW)) == []
    said = [each for each in caplog.messages if "USE1-NovaPro-Customization-Training" in each]
    assert len(said) == 1
