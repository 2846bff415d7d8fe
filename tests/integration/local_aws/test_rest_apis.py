"""A REST API of the stack: routes, signatures, permissions, events, answers, limits, layers."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.credentials import Credentials

from local_aws.apigateway.functions import ApiFunctions
from local_aws.apigateway.gateway_responses import RefusedError
from local_aws.functions.runtime import Invocation
from local_aws.http.faults import AwsFault
from local_aws.server import EmbeddedAws, Options
from tests.integration.local_aws.runtime import FakeRuntime
from tests.integration.local_aws.signed_calls import Answer, SignedCalls, credentials_of

FIXTURE = Path(__file__).parent / "fixture" / "api.yaml"
ROOT_KEYS = Credentials("test", "test")
HANDLER = "api_handlers.answer"
ACCOUNT = "123456789012"


class Api:
    """The API of the fixture, whose function is a function of the test."""

    def __init__(self, aws: EmbeddedAws, runtime: FakeRuntime) -> None:
        self.aws = aws
        self.runtime = runtime
        self.host = f"{aws.endpoint}/_aws/execute-api/{aws.outputs['ApiId']}"
        self.events: list[dict[str, Any]] = []
        self.answer: Any = {"statusCode": 200, "body": "{}"}
        runtime.handlers[HANDLER] = self._handle

    def _handle(self, event: dict[str, Any]) -> Any:
        self.events.append(event)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def by(self, keys: Credentials | None, stage: str = "v1") -> SignedCalls:
        return SignedCalls(f"{self.host}/{stage}", "us-east-1", keys)

    def root(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.by(ROOT_KEYS)(method, path, body, named)

    def arn(self, resource: str = "*") -> str:
        return f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{self.aws.outputs['ApiId']}/{resource}"

    def user(self, name: str) -> SignedCalls:
        iam = self.aws.client("iam")
        iam.create_user(UserName=name)
        return self.by(credentials_of(iam.create_access_key(UserName=name)["AccessKey"]))

    def session(self, role: str, **more: Any) -> SignedCalls:
        answer = self.aws.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}", RoleSessionName="ada", **more
        )
        return self.by(credentials_of(answer["Credentials"]))


@pytest.fixture(scope="module")
def embedded() -> Iterator[tuple[EmbeddedAws, FakeRuntime]]:
    runtimes: list[FakeRuntime] = []

    def make(**arguments: Any) -> FakeRuntime:
        runtimes.append(FakeRuntime.make(**arguments))
        return runtimes[0]

    with EmbeddedAws(Options(template=FIXTURE, stack_name="api", lambda_runtime=make)) as aws:
        yield aws, runtimes[0]


@pytest.fixture
def api(embedded: tuple[EmbeddedAws, FakeRuntime]) -> Api:
    return Api(*embedded)


def allow(resource: str, effect: str = "Allow", **more: Any) -> str:
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_an_open_route_asks_for_no_signature(api: Api) -> None:
    assert api.by(None)("GET", "/health").status == 200
    assert api.events[0]["requestContext"]["identity"]["userArn"] is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/nothing"),
        ("DELETE", "/runs"),
        ("OPTIONS", "/runs"),
        ("HEAD", "/runs"),
        ("GET", "/runs/a/b"),
        ("GET", "/runs//"),
    ],
)
def test_a_route_that_is_not_there_is_refused_as_aws_does(api: Api, method: str, path: str) -> None:
    answer = api.root(method, path)

    assert answer.status == 403
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"
    if method != "HEAD":
        assert answer.json == {
            "kind": "MISSING_AUTHENTICATION_TOKEN",
            "detail": "Missing Authentication Token",
        }
    assert not api.events


@pytest.mark.parametrize("stage", ["v2", "", "V1"])
def test_a_stage_that_is_not_there_is_forbidden(api: Api, stage: str) -> None:
    answer = api.by(ROOT_KEYS, stage)("GET", "/runs")

    assert (answer.status, answer.json) == (403, {"message": "Forbidden"})


def test_the_stage_that_sam_makes_beside_is_there_too(api: Api) -> None:
    assert api.by(ROOT_KEYS, "Stage")("GET", "/runs").status == 200


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        (None, "MISSING_AUTHENTICATION_TOKEN"),
        (Credentials("test", "other"), "INVALID_SIGNATURE"),
        (Credentials("nobody", "test"), "INVALID_SIGNATURE"),
        (Credentials("test", "test", "token"), "INVALID_SIGNATURE"),
    ],
)
def test_a_request_that_nobody_signed_is_refused(
    api: Api, keys: Credentials | None, kind: str
) -> None:
    answer = api.by(keys)("GET", "/runs")

    assert (answer.status, answer.json["kind"]) == (403, kind)
    assert not api.events


def test_the_function_is_told_all_of_the_request(api: Api) -> None:
    body = '{"name": "ä"}'.encode()
    answer = api.root(
        "POST", "/runs/a%2Fb/stop?x=1&y=a%20b&x=%C3%A4&z", body, Content_Type="text/plain", X_A="b"
    )

    assert answer.status == 200
    event = api.events[0]
    assert (event["resource"], event["path"]) == ("/runs/{id}/stop", "/runs/a%2Fb/stop")
    assert event["pathParameters"] == {"id": "a%2Fb"}
    assert event["queryStringParameters"] == {"x": "ä", "y": "a b", "z": ""}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "ä"], "y": ["a b"], "z": [""]}
    assert (event["body"], event["isBase64Encoded"]) == ('{"name": "ä"}', False)
    assert event["headers"]["X-A"] == "b"
    assert event["multiValueHeaders"]["Content-Type"] == ["text/plain"]
    assert "Authorization" not in event["headers"]
    context = event["requestContext"]
    assert context["resourcePath"] == "/runs/{id}/stop"
    assert context["path"] == "/v1/runs/a%2Fb/stop"
    assert (context["stage"], context["httpMethod"]) == ("v1", "POST")
    assert context["apiId"] == api.aws.outputs["ApiId"]
    assert context["requestId"] == answer.headers["x-amzn-RequestId"]
    identity = context["identity"]
    assert identity["userArn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert (identity["accessKey"], identity["sourceIp"]) == ("test", "127.0.0.1")


def test_what_is_not_given_is_null(api: Api) -> None:
    api.root("GET", "/runs")

    event = api.events[0]
    names = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "body")
    assert [event[name] for name in names] == [None] * 4
    assert event["stageVariables"] is None


def test_a_binary_body_is_handed_over_in_base64(api: Api) -> None:
    api.root("POST", "/runs", b"\0\1", Content_Type="application/octet-stream")

    assert (api.events[0]["body"], api.events[0]["isBase64Encoded"]) == ("AAE=", True)


def test_a_user_may_do_what_the_policies_of_user_and_groups_allow(api: Api) -> None:
    iam = api.aws.client("iam")
    ada = api.user("ada")
    assert ada("GET", "/runs").json["kind"] == "ACCESS_DENIED"

    iam.attach_user_policy(UserName="ada", PolicyArn=api.aws.outputs["ReadPolicyArn"])
    assert ada("GET", "/runs").status == 200
    assert api.events[-1]["requestContext"]["identity"]["userArn"] == (
        f"arn:aws:iam::{ACCOUNT}:user/ada"
    )
    assert ada("POST", "/runs", {}).status == 403

    iam.create_group(GroupName="operators")
    iam.put_group_policy(
        GroupName="operators", PolicyName="p", PolicyDocument=allow(api.arn("v1/POST/runs"))
    )
    iam.add_user_to_group(UserName="ada", GroupName="operators")
    assert ada("POST", "/runs", {}).status == 200
    assert ada("POST", "/runs/a/stop", {}).status == 403


def test_an_explicit_denial_wins(api: Api) -> None:
    iam = api.aws.client("iam")
    ben = api.user("ben")
    iam.put_user_policy(UserName="ben", PolicyName="all", PolicyDocument=allow("*"))
    assert ben("POST", "/runs", {}).status == 200

    iam.put_user_policy(
        UserName="ben", PolicyName="no", PolicyDocument=allow(api.arn("*/POST/*"), "Deny")
    )

    answer = ben("POST", "/runs", {})
    assert answer.status == 403
    assert answer.json["detail"].endswith("v1/POST/runs with an explicit deny")
    assert ben("GET", "/runs").status == 200


def test_a_key_that_was_switched_off_opens_nothing(api: Api) -> None:
    iam = api.aws.client("iam")
    iam.create_user(UserName="cy")
    iam.put_user_policy(UserName="cy", PolicyName="all", PolicyDocument=allow("*"))
    key = iam.create_access_key(UserName="cy")["AccessKey"]
    calls = api.by(credentials_of(key))
    assert calls("GET", "/runs").status == 200

    iam.update_access_key(UserName="cy", AccessKeyId=key["AccessKeyId"], Status="Inactive")

    assert calls("GET", "/runs").json["kind"] == "INVALID_SIGNATURE"


def test_a_session_of_a_role_may_do_what_the_role_may(api: Api) -> None:
    iam = api.aws.client("iam")
    iam.create_role(RoleName="Readers", AssumeRolePolicyDocument=allow("*"))
    iam.attach_role_policy(RoleName="Readers", PolicyArn=api.aws.outputs["ReadPolicyArn"])
    reader = api.session("Readers")

    assert reader("GET", "/runs").status == 200
    assert reader("POST", "/runs", {}).json["kind"] == "ACCESS_DENIED"
    assert api.events[-1]["requestContext"]["identity"]["userArn"] == (
        f"arn:aws:sts::{ACCOUNT}:assumed-role/Readers/ada"
    )
    narrower = api.session("Readers", Policy=allow(api.arn("v1/GET/runs")))
    assert narrower("GET", "/runs").status == 200
    assert narrower("GET", "/runs/a").status == 403


def test_a_session_needs_its_own_token_and_its_role(api: Api) -> None:
    calls = api.session("nobodys")
    assert calls("GET", "/runs").json["kind"] == "ACCESS_DENIED"

    assert calls.credentials is not None
    other = Credentials(calls.credentials.access_key, calls.credentials.secret_key, "other")
    assert api.by(other)("GET", "/runs").json["kind"] == "INVALID_SIGNATURE"


@pytest.mark.parametrize("answer", [ValueError("secret words"), {"statusCode": "many"}, "text"])
def test_a_function_that_fails_or_answers_badly_is_a_bad_gateway(api: Api, answer: Any) -> None:
    api.answer = answer

    got = api.root("GET", "/runs")

    assert (got.status, got.json) == (502, {"message": "Internal server error"})


def test_the_answer_of_the_function_is_given(api: Api) -> None:
    api.answer = {"statusCode": 202, "headers": {"Location": "/v1/runs/a"}, "body": '{"id": "ä"}'}

    got = api.root("POST", "/runs", {})

    assert (got.status, got.json) == (202, {"id": "ä"})
    assert got.headers["Location"] == "/v1/runs/a"
    assert got.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("size", [7 * 1024 * 1024, 10 * 1024 * 1024 + 1])
def test_a_body_that_is_too_large_is_refused(api: Api, size: int) -> None:
    answer = api.root("POST", "/runs", b"a" * size, Content_Type="text/plain")

    assert (answer.status, answer.json["kind"]) == (413, "REQUEST_TOO_LARGE")
    assert not api.events


def test_a_function_that_takes_too_long_is_not_waited_for(api: Api) -> None:
    def slow(*_: Any) -> Invocation:
        released.wait(60)
        return Invocation(b"{}", None, b"")

    released = threading.Event()
    functions = ApiFunctions(slow, timeout_seconds=0.05)
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{api.aws.outputs['FunctionName']}"
    with pytest.raises(RefusedError, match="timed out") as refused:
        functions.invoke(arn, b"{}", api.arn("v1/GET/runs"))
    released.set()
    functions.close()

    assert refused.value.refusal.status == 504


def test_a_function_that_does_not_admit_the_gateway_is_not_invoked(api: Api) -> None:
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{api.aws.outputs['LonelyName']}"
    functions = ApiFunctions(lambda *_: Invocation(b"{}", None, b""))

    with pytest.raises(RefusedError) as refused:
        functions.invoke(arn, b"{}", api.arn("v1/GET/runs"))

    assert refused.value.refusal.status == 500


@pytest.mark.parametrize("header", ["Origin: http://evil.example", "Host: evil.example"])
def test_a_web_page_gets_in_nowhere(api: Api, header: str) -> None:
    address = urlsplit(api.aws.endpoint)
    own = "" if header.startswith("Host") else f"Host: {address.netloc}\r\n"
    path = f"{urlsplit(api.host).path}/v1/health"
    with socket.create_connection((address.hostname or "", address.port or 0), 10) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\n{own}{header}\r\nConnection: close\r\n\r\n".encode()
        )
        assert b" 403 " in connection.makefile("rb").readline()
    assert not api.events


def test_calls_are_counted_and_can_be_made_to_fail(
    api: Api, embedded: tuple[EmbeddedAws, FakeRuntime]
) -> None:
    aws, _ = embedded
    before = aws.calls["execute-api", "Invoke"]
    api.root("GET", "/runs")

    assert aws.calls["execute-api", "Invoke"] == before + 1
    aws.faults.add(AwsFault("execute-api", "Invoke", code="Unwell", status=503, times=1))
    assert [api.root("GET", "/runs").status for _ in range(2)] == [503, 200]
