"""What is seen of REST APIs only at the start of an embedded AWS of its own."""

import json
from pathlib import Path

from botocore.credentials import Credentials

from local_aws.server import EmbeddedAws, Options
from tests.integration.local_aws.runtime import FakeRuntime
from tests.integration.local_aws.signed_calls import SignedCalls

FIXTURE = Path(__file__).parent / "fixture" / "api.yaml"
ROOT_KEYS = Credentials("test", "test")


def test_more_requests_than_the_stage_takes_are_told_so() -> None:
    options = Options(
        template=FIXTURE,
        stack_name="throttled",
        parameters={"Rate": "0", "Burst": "2"},
        lambda_runtime=FakeRuntime.make,
    )
    with EmbeddedAws(options) as aws:
        calls = SignedCalls(
            f"{aws.endpoint}/_aws/execute-api/{aws.outputs['ApiId']}/v1", "us-east-1", ROOT_KEYS
        )
        answers = [calls("GET", "/runs") for _ in range(3)]

    assert [each.status for each in answers] == [502, 502, 429]
    assert (answers[2].json, answers[2].headers["Retry-After"]) == ({"detail": "slowly"}, "1")


def test_only_a_function_with_the_layer_sees_its_packages() -> None:
    with EmbeddedAws(Options(template=FIXTURE, stack_name="layers")) as aws:
        base = f"{aws.endpoint}/_aws/execute-api/{aws.outputs['ApiId']}/v1"
        with_layer = SignedCalls(base, "us-east-1", ROOT_KEYS)("GET", "/runs").json
        lonely = aws.client("lambda").invoke(FunctionName=aws.outputs["LonelyName"], Payload=b"{}")
        without = json.loads(json.load(lonely["Payload"])["body"])

    assert (with_layer, without) == ({"word": "hello"}, {"word": "nothing"})
