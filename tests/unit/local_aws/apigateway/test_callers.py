"""Who an access key belongs to, and what its policies say of a route."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local_aws.apigateway.callers import (
    Caller,
    ExpiredTokenError,
    UnknownKeyError,
    find_caller,
)

ACCOUNT = "123456789012"
RUNS = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:abc/v1/GET/runs"
STOP = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:abc/v1/POST/runs/a/stop"


@pytest.fixture
def iam() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("iam", "us-east-1")


def policy(resource: str, **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": "execute-api:*", "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def find(key: str, token: str | None = None, later: timedelta = timedelta(0)) -> Caller:
    return find_caller(key, token, account=ACCOUNT, now=datetime.now(UTC) + later)


def session(iam: Any, name: str, **more: Any) -> dict[str, str]:
    del iam
    answer = boto3.client("sts", "us-east-1").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}", RoleSessionName="ada", **more
    )
    return dict(answer["Credentials"])


@pytest.mark.parametrize("key", ["test", "local"])
def test_the_default_keys_are_the_accounts_own(iam: Any, key: str) -> None:
    caller = find(key)

    assert (caller.user_arn, caller.secret) == (f"arn:aws:iam::{ACCOUNT}:root", key)
    assert caller.may_invoke(STOP) == "allowed"


@pytest.mark.parametrize(("key", "token"), [("nobody", None), ("test", "token"), ("", None)])
def test_a_key_that_nobody_has_is_unknown(iam: Any, key: str, token: str | None) -> None:
    with pytest.raises(UnknownKeyError):
        find(key, token)


def test_a_session_ends(iam: Any) -> None:
    keys = session(iam, "Readers", DurationSeconds=900)

    assert find(keys["AccessKeyId"], keys["SessionToken"]).secret == keys["SecretAccessKey"]
    with pytest.raises(ExpiredTokenError):
        find(keys["AccessKeyId"], keys["SessionToken"], timedelta(minutes=16))
    with pytest.raises(UnknownKeyError):
        find(keys["AccessKeyId"], None)


def test_a_boundary_and_a_sessions_own_policy_take_away(iam: Any) -> None:
    boundary = iam.create_policy(
        PolicyName="limit", PolicyDocument=policy("arn:aws:execute-api:*:*:*/GET/*")
    )
    iam.create_role(
        RoleName="Operators",
        AssumeRolePolicyDocument=policy("*"),
        PermissionsBoundary=boundary["Policy"]["Arn"],
    )
    iam.put_role_policy(RoleName="Operators", PolicyName="all", PolicyDocument=policy("*"))

    def says(resource: str, **more: Any) -> str:
        keys = session(iam, "Operators", **more)
        return find(keys["AccessKeyId"], keys["SessionToken"]).may_invoke(resource)

    assert (says(RUNS), says(STOP)) == ("allowed", "implicitDeny")
    assert says(RUNS, Policy=policy("arn:aws:execute-api:*:*:*/POST/*")) == "implicitDeny"
    assert says(RUNS, Policy=policy(RUNS)) == "allowed"
    assert says(RUNS, Policy=policy("*", Effect="Deny")) == "explicitDeny"


def test_a_condition_may_name_the_caller(iam: Any) -> None:
    iam.create_user(UserName="ada")
    key = iam.create_access_key(UserName="ada")["AccessKey"]["AccessKeyId"]
    only = {"StringEquals": {"aws:username": "ada"}, "Bool": {"aws:SecureTransport": "true"}}
    iam.put_user_policy(UserName="ada", PolicyName="p", PolicyDocument=policy(RUNS, Condition=only))

    assert find(key).may_invoke(RUNS) == "allowed"
    assert find(key).may_invoke(STOP) == "implicitDeny"
