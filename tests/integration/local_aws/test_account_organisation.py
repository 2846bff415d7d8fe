"""Fifty accounts beside that of the stack, each reached by an assumed role."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local_aws.http.faults import AwsFault
from local_aws.server import EmbeddedAws
from tests.integration.local_aws.conftest import options_of
from tests.integration.local_aws.sample_account import (
    ACCOUNT,
    REGION,
    endpoint,
    small,
    variant,
)

MEMBERS = [f"{number:012d}" for number in range(700, 750)]


@pytest.fixture(scope="module")
def organisation() -> Iterator[EmbeddedAws]:
    """Fifty accounts beside that of the stack; the first has two regions."""
    members = [
        small(
            number,
            REGION,
            endpoints=[endpoint(f"of-{number}", variant("all"))],
            buckets=[{"name": f"bucket-of-{number}"}],
        )
        for number in MEMBERS
    ]
    far = small(MEMBERS[0], "us-west-2", endpoints=[endpoint("far-away", variant("all"))])
    denied = small(
        "888888888888",
        REGION,
        api_errors=[{"service": "sts", "operation": "AssumeRole", "error": "AccessDenied"}],
    )
    home = small(ACCOUNT, REGION, endpoints=[endpoint("at-home", variant("all"))])
    with EmbeddedAws(options_of(home, *members, far, denied)) as embedded:
        yield embedded


def client_in(aws: EmbeddedAws, account: str, service: str, region: str = REGION) -> Any:
    keys = aws.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/thriftline-audit", RoleSessionName="audit"
    )["Credentials"]
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=aws.endpoint,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        config=Config(retries={"total_max_attempts": 1}),
    )


def names(sagemaker: Any) -> list[str]:
    return [each["EndpointName"] for each in sagemaker.list_endpoints()["Endpoints"]]


def test_an_assumed_role_sees_its_account_and_no_other(organisation: EmbeddedAws) -> None:
    assert names(organisation.client("sagemaker")) == ["at-home"]
    for number in MEMBERS:
        assert names(client_in(organisation, number, "sagemaker")) == [f"of-{number}"]
    sts = client_in(organisation, MEMBERS[3], "sts")
    assert sts.get_caller_identity()["Account"] == MEMBERS[3]


def test_regions_of_one_account_are_apart(organisation: EmbeddedAws) -> None:
    there = client_in(organisation, MEMBERS[0], "sagemaker", "us-west-2")
    nowhere = client_in(organisation, MEMBERS[0], "sagemaker", "ap-south-1")

    assert names(there) == ["far-away"]
    assert names(nowhere) == []


def test_buckets_belong_to_their_account(organisation: EmbeddedAws) -> None:
    s3 = client_in(organisation, MEMBERS[1], "s3")

    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == [f"bucket-of-{MEMBERS[1]}"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.list_multipart_uploads(Bucket=f"bucket-of-{MEMBERS[2]}")


def test_a_role_of_an_account_that_is_not_here_cannot_be_assumed(
    organisation: EmbeddedAws,
) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        client_in(organisation, "999999999999", "sagemaker")


def test_an_account_can_refuse_its_role(organisation: EmbeddedAws) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        client_in(organisation, "888888888888", "sagemaker")


def test_a_fault_of_one_account_spares_the_others(organisation: EmbeddedAws) -> None:
    organisation.faults.add(
        AwsFault("sagemaker", "ListEndpoints", "ThrottlingException", account=MEMBERS[0])
    )

    assert names(organisation.client("sagemaker")) == ["at-home"]
    with pytest.raises(ClientError, match="ThrottlingException"):
        names(client_in(organisation, MEMBERS[0], "sagemaker"))
