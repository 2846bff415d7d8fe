"""Forms are taken or refused as their policy says."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from local_aws.services.s3_forms import Form, FormRefusedError, check

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
KEY = "datasets/shop/train.csv"


def form(
    size: int = 10,
    changed: Mapping[str, str | None] | None = None,
    *,
    until: datetime = NOW + timedelta(minutes=15),
) -> Form:
    """Returns the form that boto3 signs for one object of 1 to 100 bytes."""
    s3 = boto3.client(
        "s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    made = s3.generate_presigned_post(
        "data", KEY, Conditions=[["content-length-range", 1, 100]], ExpiresIn=900
    )
    fields: dict[str, Any] = {name.lower(): value for name, value in made["fields"].items()}
    policy = json.loads(base64.b64decode(fields["policy"]))
    policy["expiration"] = until.strftime("%Y-%m-%dT%H:%M:%SZ")
    fields["policy"] = base64.b64encode(json.dumps(policy).encode()).decode()
    fields |= {"bucket": "data", **(changed or {})}
    return Form({name: value for name, value in fields.items() if value is not None}, size)


def test_the_form_that_boto3_signs_is_taken() -> None:
    check(form(), NOW)
    check(form(1), NOW)
    check(form(100, {"x-ignore-me": "1"}), NOW)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"size": 101}, "EntityTooLarge"),
        ({"size": 0}, "EntityTooSmall"),
        ({"changed": {"key": "datasets/other/train.csv"}}, "Policy Condition failed"),
        ({"changed": {"bucket": "artifacts"}}, "Policy Condition failed"),
        ({"changed": {"acl": "public-read"}}, "Extra input fields: acl"),
        ({"until": NOW}, "Policy expired"),
        ({"changed": {"policy": None}}, "Access Denied"),
        ({"changed": {"policy": "bm8="}}, "Invalid JSON"),
    ],
)
def test_a_form_that_breaks_its_policy_is_refused(asked: Mapping[str, Any], words: str) -> None:
    with pytest.raises(FormRefusedError) as raised:
        check(form(**asked), NOW)
    assert words in raised.value.body
