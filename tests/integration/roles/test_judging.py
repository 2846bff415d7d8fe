"""A call that a role does not allow fails where the embedded AWS ends."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from local_aws.accounts.reading import parse_account
from local_aws.server import EmbeddedAws
from tests.integration.audit.clients import OnceClients
from tests.integration.local_aws.conftest import options_of
from tests.integration.local_aws.sample_account import REGION, sample_account
from tests.integration.roles.needed import Needed
from tests.integration.roles.rights import written_of
from tests.integration.roles.signed import ARTIFACTS


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedAws]:
    account = parse_account(sample_account(api_errors=[]), "sample account")
    with EmbeddedAws(options_of(account)) as embedded:
        monkeypatch.setenv("AWS_ENDPOINT_URL", embedded.endpoint)
        yield embedded
        # What a test here asked for on purpose.
        embedded.recorded.clear()


def _list(function: str, bucket: str) -> None:
    clients = OnceClients(REGION, functions=(function,))
    with pytest.raises(ClientError, match="NoSuchBucket"):
        clients.client("s3").list_objects_v2(Bucket=bucket)


def test_what_is_allowed_is_noted_as_needed(aws: EmbeddedAws) -> None:
    _list("WriteReportFunction", ARTIFACTS)
    needed = Needed()
    needed.hold(aws)
    assert {one.part for one in needed.rights} == {"s3:ListBucket", "${ArtifactsBucket.Arn}"}
    assert {written_of(one).function for one in needed.rights} == {"WriteReportFunction"}


def test_another_resource_and_another_action_are_refused(aws: EmbeddedAws) -> None:
    _list("WriteReportFunction", "somebody-elses")
    OnceClients(REGION, functions=("WriteReportFunction",)).client("sagemaker").list_endpoints()
    with pytest.raises(AssertionError) as told:
        Needed().hold(aws)
    assert str(told.value).splitlines() == [
        "WriteReportFunction may not s3:ListBucket on arn:aws:s3:::somebody-elses",
        "WriteReportFunction may not sagemaker:ListEndpoints on *",
    ]


def test_a_tag_that_a_condition_wants_is_looked_for_on_the_resource(aws: EmbeddedAws) -> None:
    name = aws.client("sagemaker").list_endpoints()["Endpoints"][0]["EndpointName"]
    mine = OnceClients(REGION, functions=("ActOnScheduleFunction",)).client("sagemaker")
    mine.delete_endpoint(EndpointName=name)
    with pytest.raises(AssertionError, match=r"may not sagemaker:DeleteEndpoint on .*endpoint/"):
        Needed().hold(aws)
