"""Who is recorded: an ARN as it is, and the person behind a role of the hosted page."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.unit.api.api_world import NOW, Answered, ApiWorld, rest_event
from tests.unit.api.failing_aws import failing_aws
from thriftline.api.callers import caller_of
from thriftline.core.aws.page_users import KNOWN_FOR, PageUsers
from thriftline.core.errors import AccessDeniedError
from thriftline.wiring import api as wiring

POOL = "eu-west-1_aBcD12345"
SUBJECT = "0a1b2c3d-1111-2222-3333-444455556666"
ROLE = "arn:aws:sts::123456789012:assumed-role/PageOperateRole/CognitoIdentityCredentials"
ISSUER = f"cognito-idp.eu-west-1.amazonaws.com/{POOL}"
IDENTITY = {
    "userArn": ROLE,
    "cognitoIdentityId": "eu-west-1:aaaaaaaa-1111-2222-3333-444455556666",
    "cognitoIdentityPoolId": "eu-west-1:bbbbbbbb-1111-2222-3333-444455556666",
    "cognitoAuthenticationType": "authenticated",
    "cognitoAuthenticationProvider": f"{ISSUER},{ISSUER}:CognitoSignIn:{SUBJECT}",
}
ADDRESSES = {SUBJECT: "ann@example.com"}


def test_a_person_of_the_page_is_named_by_the_address() -> None:
    found = caller_of(IDENTITY, POOL, ADDRESSES.__getitem__)
    assert found.name == f"{ROLE}/ann@example.com"


def test_a_caller_without_cognito_stays_the_arn_and_nobody_stays_unknown() -> None:
    assert caller_of({"userArn": ROLE}, POOL, ADDRESSES.__getitem__).name == ROLE
    assert caller_of({}, POOL, ADDRESSES.__getitem__).name == "unknown"
    assert caller_of({**IDENTITY, "userArn": None}, POOL, ADDRESSES.__getitem__).name == "unknown"


@pytest.mark.parametrize("pool", ["", "eu-west-1_other"])
def test_a_person_of_another_pool_is_the_identity_alone(pool: str) -> None:
    found = caller_of(IDENTITY, pool, ADDRESSES.__getitem__)
    assert found.name == f"{ROLE}/{IDENTITY['cognitoIdentityId']}"


def _denied(_: str) -> str:
    raise AccessDeniedError("no")


@pytest.mark.parametrize(
    "address_of", [_denied, lambda _: "", lambda _: "a/b@example.com", lambda _: "a\n@example.com"]
)
def test_without_an_address_that_can_be_recorded_it_is_the_id_of_the_pool(
    address_of: Callable[[str], str],
) -> None:
    found = caller_of(IDENTITY, POOL, address_of)
    assert found.name == f"{ROLE}/{SUBJECT}"
    assert found.is_named is (address_of is not _denied)


def test_a_pool_that_does_not_answer_makes_nobody_another_caller() -> None:
    known = caller_of(IDENTITY, POOL, ADDRESSES.__getitem__)
    assert caller_of(IDENTITY, POOL, _denied).key == known.key
    assert known.is_named


def test_nothing_is_changed_where_the_pool_does_not_answer(world: ApiWorld) -> None:
    world.set(PAGE_USER_POOL=POOL)
    world.run_that_goes_on("reviews-1")
    stop = rest_event("POST", "/runs/reviews-1/stop", {"why": "wrong data"}, key="one-key")
    look = rest_event("GET", "/runs/reviews-1")
    for event in (stop, look):
        event["requestContext"]["identity"] = IDENTITY

    with failing_aws() as (address, _):
        world.set(AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER=address)
        answered = world.send(stop)
        assert answered.status == 503, answered.body
        assert answered.headers["Retry-After"] == "5"
        assert world.send(look).status == 200


def test_the_pool_says_whose_id_it_is() -> None:
    with mock_aws():
        client = boto3.client("cognito-idp", region_name="us-east-1")
        pool = client.create_user_pool(PoolName="page", UsernameAttributes=["email"])
        name = pool["UserPool"]["Id"]
        made = client.admin_create_user(
            UserPoolId=name,
            Username="ann@example.com",
            UserAttributes=[{"Name": "email", "Value": "ann@example.com"}],
        )
        attributes = {one["Name"]: one["Value"] for one in made["User"]["Attributes"]}
        users = PageUsers(client, name)

        assert users.address_of(attributes["sub"], NOW) == "ann@example.com"
        assert users.address_of("0a1b2c3d-0000-0000-0000-000000000000", NOW) is None


def test_what_was_asked_is_known_for_minutes_and_not_for_ever() -> None:
    answers = ["ann@example.com", "ann@example.org"]

    def look_up(**_: str) -> dict[str, Any]:
        return {"UserAttributes": [{"Name": "email", "Value": answers.pop(0)}], "Enabled": True}

    users = PageUsers(SimpleNamespace(admin_get_user=look_up), POOL)

    assert users.address_of(SUBJECT, NOW) == "ann@example.com"
    assert users.address_of(SUBJECT, NOW + KNOWN_FOR - timedelta(seconds=1)) == "ann@example.com"
    assert users.address_of(SUBJECT, NOW + KNOWN_FOR) == "ann@example.org"


def test_who_is_let_in_no_more_is_nobody_of_the_pool() -> None:
    answer = {"UserAttributes": [{"Name": "email", "Value": "a@b.example"}], "Enabled": False}
    users = PageUsers(SimpleNamespace(admin_get_user=lambda **_: answer), POOL)
    assert users.address_of(SUBJECT, NOW) is None


def test_who_was_removed_changes_nothing_and_is_told_so(
    world: ApiWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = boto3.client("cognito-idp", region_name="us-east-1")
    pool = client.create_user_pool(PoolName="page", UsernameAttributes=["email"])["UserPool"]["Id"]
    world.set(PAGE_USER_POOL=pool)
    world.run_that_goes_on("reviews-1")
    made = client.admin_create_user(
        UserPoolId=pool,
        Username="ann@example.com",
        UserAttributes=[{"Name": "email", "Value": "ann@example.com"}],
    )
    subject = next(x["Value"] for x in made["User"]["Attributes"] if x["Name"] == "sub")
    issuer = f"cognito-idp.us-east-1.amazonaws.com/{pool}"
    event = rest_event("POST", "/estimates", {"project": "reviews", "rows": 100})
    event["requestContext"]["identity"] = {
        **IDENTITY,
        "cognitoAuthenticationProvider": f"{issuer},{issuer}:CognitoSignIn:{subject}",
    }
    assert world.send(event).status == 200
    client.admin_delete_user(UserPoolId=pool, Username="ann@example.com")

    monkeypatch.setattr(wiring, "now", lambda: NOW + KNOWN_FOR)
    answered = world.send(event)

    assert answered.status == 403, answered.body
    assert "any more" in answered.detail
    assert "Retry-After" not in answered.headers


def test_two_people_of_one_role_do_not_share_a_key(world: ApiWorld) -> None:
    """The second would be given the first one's answer, under the first one's name."""
    client = boto3.client("cognito-idp", region_name="us-east-1")
    pool = client.create_user_pool(PoolName="page", UsernameAttributes=["email"])["UserPool"]["Id"]
    world.set(PAGE_USER_POOL=pool)
    issuer = f"cognito-idp.us-east-1.amazonaws.com/{pool}"
    world.run_that_goes_on("reviews-1")
    answers: list[Answered] = []
    events: list[dict[str, Any]] = []
    for name in ("ann@example.com", "bob@example.com"):
        made = client.admin_create_user(
            UserPoolId=pool,
            Username=name,
            UserAttributes=[{"Name": "email", "Value": name}],
        )
        subject = next(x["Value"] for x in made["User"]["Attributes"] if x["Name"] == "sub")
        event = rest_event("POST", "/runs/reviews-1/stop", {"why": "wrong data"}, key="one-key")
        event["requestContext"]["identity"] = {
            **IDENTITY,
            "cognitoAuthenticationProvider": f"{issuer},{issuer}:CognitoSignIn:{subject}",
        }
        events.append(event)
        answers.append(world.send(event))

    answers.append(world.send(events[0]))
    first, second, repeated = answers
    assert first.status == 202, first.body
    assert second.status == 409, second.body
    assert (repeated.status, repeated.body) == (first.status, first.body)
