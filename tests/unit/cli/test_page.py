"""`thriftline page`: what is published, and who may sign in. The AWS is moto's."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.unit.cli.fake_api import FakeApi
from thriftline_cli.exits import Exit
from thriftline_cli.page.hosted_files import hosted_files, settings_of
from thriftline_cli.ui.answers import CSP
from thriftline_cli.ui.files import Files, page_folder

REGION = "eu-central-1"
URL = "https://d1234.cloudfront.net/"
LOGIN = f"https://thriftline-1-2.auth.{REGION}.amazoncognito.com"
IDENTITY = f"https://cognito-identity.{REGION}.amazonaws.com"


class Pool:
    """moto's Cognito, which would make a second account of who is mailed a second time."""

    def __init__(self, client: Any, mailed: list[str]) -> None:
        self._client = client
        self._mailed = mailed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def admin_create_user(self, **asked: Any) -> Any:
        again = asked.get("MessageAction") == "RESEND"
        found = {} if again else self._client.admin_create_user(**asked)
        self._mailed.append(asked["Username"])
        return found


class Account(FakeApi):
    """A stack with a hosted page, in an account of moto."""

    def __init__(self) -> None:
        super().__init__()
        self.mailed: list[str] = []
        s3 = self.of("s3")
        location: Any = {"LocationConstraint": REGION}
        s3.create_bucket(Bucket="page", CreateBucketConfiguration=location)
        pool = self.of("cognito-idp").create_user_pool(
            PoolName="page", UsernameAttributes=["email"]
        )["UserPool"]["Id"]
        self.of("cognito-idp").create_group(GroupName="operators", UserPoolId=pool)
        self.pool = str(pool)
        self.environ = {"AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
        self.outputs |= {
            "PageUrl": URL,
            "PageBucketName": "page",
            "PageDistributionId": self._distribution(),
            "PageUserPoolId": self.pool,
            "PageClientId": "client-1",
            "PageIdentityPoolId": f"{REGION}:pool",
            "PageLoginUrl": LOGIN,
        }

    def of(self, service: str) -> Any:
        return boto3.client(service, region_name=REGION)

    def client(self, service: str) -> Any:
        if service == "cognito-idp":
            return Pool(self.of(service), self.mailed)
        return self if service == "cloudformation" else self.of(service)

    def _distribution(self) -> str:
        made = self.of("cloudfront").create_distribution(
            DistributionConfig={
                "CallerReference": "1",
                "Comment": "page",
                "Enabled": True,
                "Origins": {
                    "Quantity": 1,
                    "Items": [
                        {
                            "Id": "files",
                            "DomainName": "page.s3.amazonaws.com",
                            "S3OriginConfig": {"OriginAccessIdentity": ""},
                        }
                    ],
                },
                "DefaultCacheBehavior": {
                    "TargetOriginId": "files",
                    "ViewerProtocolPolicy": "redirect-to-https",
                },
            }
        )
        return str(made["Distribution"]["Id"])

    @property
    def keys(self) -> set[str]:
        found = self.of("s3").list_objects_v2(Bucket="page").get("Contents", ())
        return {one["Key"] for one in found}

    @property
    def invalidations(self) -> int:
        asked = self.of("cloudfront").list_invalidations(
            DistributionId=self.outputs["PageDistributionId"]
        )
        return int(asked["InvalidationList"]["Quantity"])


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield Account()


def test_the_page_is_published_with_where_its_api_and_its_login_are(account: Account) -> None:
    account.of("s3").put_object(Bucket="page", Key="js/of_an_older_page.js", Body=b"")

    assert account.command("page publish --yes --output json") == Exit.DONE

    assert account.answer["url"] == URL
    assert account.answer["removed"] == 1
    assert account.keys == {"config.json"} | {
        path.removeprefix("/") for path in Files(page_folder()).by_path if path != "/"
    }
    assert account.invalidations == 1
    found = account.of("s3").get_object(Bucket="page", Key="config.json")
    assert json.loads(found["Body"].read()) == {
        "stack": "thriftline",
        "region": REGION,
        "is_embedded": False,
        "api": {
            "origin": "https://a1b2c3.execute-api.eu-central-1.amazonaws.com",
            "path": "v1",
        },
        "sign_in": {
            "login": LOGIN,
            "client_id": "client-1",
            "user_pool": f"cognito-idp.{REGION}.amazonaws.com/{account.pool}",
            "identity_pool": f"{REGION}:pool",
            "identity": f"{IDENTITY}/",
        },
    }
    script = account.of("s3").get_object(Bucket="page", Key="js/main.js")
    assert script["ContentType"] == "text/javascript; charset=utf-8"
    assert "max-age=0" in script["CacheControl"]


def test_the_published_page_may_reach_cognito_and_nothing_more() -> None:
    outputs = {
        "ApiUrl": "https://a.execute-api.eu-central-1.amazonaws.com/v1",
        "PageLoginUrl": LOGIN,
        "PageClientId": "c",
        "PageUserPoolId": "u",
        "PageIdentityPoolId": "i",
    }
    files = hosted_files(Files(page_folder()), settings_of("thriftline", REGION, outputs))

    assert files[-1].key == "index.html", "what it names is there before it"
    wanted = CSP.replace("connect-src 'self'", f"connect-src 'self' {IDENTITY} {LOGIN}")
    assert wanted.removesuffix("; frame-ancestors 'none'") in files[-1].body.decode()


def test_a_dry_run_names_what_it_would_write_and_writes_nothing(account: Account) -> None:
    assert account.command("page publish --dry-run --output json") == Exit.DONE

    assert account.answer["dry_run"] is True
    assert "index.html" in account.answer["keys"]
    assert account.keys == set()
    assert account.invalidations == 0


def test_nothing_is_published_without_a_yes(account: Account) -> None:
    assert account.command("page publish") == Exit.REFUSED
    assert account.keys == set()


def test_a_page_that_is_withdrawn_leaves_an_empty_bucket(account: Account) -> None:
    account.command("page publish --yes")

    assert account.command("page withdraw --yes --output json") == Exit.DONE
    assert account.keys == set()
    assert account.invalidations == 2


@pytest.mark.parametrize(
    "line", ["publish", "withdraw", "invite ann@example.com", "remove ann@example.com", "people"]
)
def test_a_stack_without_a_hosted_page_is_named_with_how_to_get_one(line: str) -> None:
    fake = FakeApi()
    given = "" if line == "people" else " --yes"

    assert fake.command(f"page {line}{given}") == Exit.NOT_FOUND
    assert any("HostedPage=on" in said for said in fake.said)


def people_of(account: Account) -> dict[str, str]:
    assert account.command("page people --output json") == Exit.DONE
    return {one["address"]: one["may"] for one in account.answer}


def test_people_are_invited_to_look_or_to_act_and_removed(account: Account) -> None:
    assert people_of(account) == {}
    assert account.command("page invite Ann@example.com --yes --output json") == Exit.DONE
    assert account.answer["is_new"] is True
    assert account.command("page invite bob@example.com --operate --yes") == Exit.DONE
    assert people_of(account) == {"ann@example.com": "read", "bob@example.com": "operate"}

    assert account.command("page invite ann@example.com --operate --yes --output json") == Exit.DONE
    assert account.answer["is_new"] is False
    assert account.command("page invite bob@example.com --no-operate --yes") == Exit.DONE
    assert people_of(account) == {"ann@example.com": "operate", "bob@example.com": "read"}

    assert account.command("page remove ann@example.com --yes") == Exit.DONE
    assert people_of(account) == {"bob@example.com": "read"}
    assert account.command("page remove ann@example.com --yes") == Exit.NOT_FOUND


def test_a_first_password_that_was_not_used_is_mailed_again(account: Account) -> None:
    """It ends after 7 days, and nobody could sign in any more."""
    for _ in range(2):
        assert account.command("page invite ann@example.com --yes --output json") == Exit.DONE
        assert account.answer["is_mailed"] is True
    assert account.mailed == ["ann@example.com"] * 2

    account.of("cognito-idp").admin_set_user_password(
        UserPoolId=account.pool, Username="ann@example.com", Password="Own-pass-1", Permanent=True
    )
    assert account.command("page invite ann@example.com --yes --output json") == Exit.DONE
    assert account.answer["is_mailed"] is False
    assert len(account.mailed) == 2


def test_who_may_act_no_longer_is_signed_out(account: Account) -> None:
    account.command("page invite ann@example.com --operate --yes")
    cognito = account.of("cognito-idp")
    cognito.admin_set_user_password(
        UserPoolId=account.pool, Username="ann@example.com", Password="Own-pass-1", Permanent=True
    )
    client = cognito.create_user_pool_client(
        UserPoolId=account.pool,
        ClientName="page",
        ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )["UserPoolClient"]["ClientId"]
    token = cognito.admin_initiate_auth(
        UserPoolId=account.pool,
        ClientId=client,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ann@example.com", "PASSWORD": "Own-pass-1"},
    )["AuthenticationResult"]["AccessToken"]
    assert cognito.get_user(AccessToken=token)["Username"]

    assert account.command("page invite ann@example.com --no-operate --yes") == Exit.DONE
    with pytest.raises(cognito.exceptions.NotAuthorizedException):
        cognito.get_user(AccessToken=token)
    assert any("signed out everywhere" in said for said in account.said)


def test_a_rehearsed_invitation_invites_nobody(account: Account) -> None:
    assert account.command("page invite ann@example.com --operate --dry-run") == Exit.DONE
    assert people_of(account) == {}


@pytest.mark.parametrize("text", ["ann", "ann@", "a/n@example.com", "ann@example", "a b@x.com"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(SystemExit) as ended:
        FakeApi().command(["page", "invite", text, "--yes"])
    assert ended.value.code == Exit.USAGE
