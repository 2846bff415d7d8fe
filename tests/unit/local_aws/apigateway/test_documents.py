"""The parts of an API that need no server: its document, routes, answers and limits."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.apigateway.documents import ApiNotDoneError, Route, read_document
from local_aws.apigateway.gateway_responses import (
    GatewayResponses,
    Refusal,
    access_denied,
    broken,
    missing_token,
)
from local_aws.apigateway.proxy_answers import MalformedAnswerError, read_answer
from local_aws.apigateway.rest_apis import RestApis
from local_aws.apigateway.routing import Routes
from local_aws.apigateway.throttling import Throttle

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
INTEGRATION: dict[str, Any] = {
    "type": "aws_proxy",
    "httpMethod": "POST",
    "uri": f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{ARN}/invocations",
}
SCHEMES = {"AWS_IAM": {"x-amazon-apigateway-authtype": "awsSigv4"}, "Token": {"type": "apiKey"}}
CONTEXT = {"requestId": "r", "path": "/v1/runs", "resourcePath": "/runs"}
NONE: frozenset[str] = frozenset()


def document(path: Any = "/runs", method: Any = "get", **operation: Any) -> dict[str, Any]:
    made = {"x-amazon-apigateway-integration": INTEGRATION, "responses": {}, **operation}
    return {"swagger": "2.0", "paths": {path: {method: made}}, "securityDefinitions": SCHEMES}


def test_a_route_has_a_method_a_path_a_function_and_whether_it_is_signed() -> None:
    routes = read_document(document(security=[{"AWS_IAM": []}])).routes

    assert routes == (Route("GET", "/runs", ARN, signed=True),)


@pytest.mark.parametrize("security", [[], [{"NONE": []}]])
def test_a_route_without_an_authorizer_is_open(security: list[Any]) -> None:
    assert not read_document(document(security=security)).routes[0].signed


@pytest.mark.parametrize(
    "body",
    [
        document("/{proxy+}"),
        document(method="x-amazon-apigateway-any-method"),
        document(security=[{"Token": []}]),
        document(security=[{"AWS_IAM": []}, {"Token": []}]),
        document(**{"x-amazon-apigateway-request-validator": "all"}),
        document(**{"x-amazon-apigateway-integration": {**INTEGRATION, "type": "http"}}),
        document(**{"x-amazon-apigateway-integration": {**INTEGRATION, "credentials": "role"}}),
        {**document(), "x-amazon-apigateway-policy": {}},
    ],
)
def test_what_is_not_done_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ApiNotDoneError):
        read_document(body)


def test_a_fixed_segment_goes_before_a_name() -> None:
    routes = Routes(
        Route("GET", path, ARN, signed=True) for path in ("/runs/{id}", "/runs/newest", "/runs")
    )

    def found(method: str, path: str) -> tuple[str, dict[str, str]] | None:
        match = routes.find(method, path)
        return (match.route.resource, match.parameters) if match else None

    assert found("GET", "/runs/newest") == ("/runs/newest", {})
    assert found("GET", "/runs/a%2Fb") == ("/runs/{id}", {"id": "a%2Fb"})
    assert found("GET", "/runs/") == ("/runs", {})
    assert found("POST", "/runs") is None
    assert found("GET", "/runs//") is None
    assert found("GET", "/runs/a/b") is None


def test_the_service_answers_where_the_template_says_nothing() -> None:
    answer = GatewayResponses({}).answer(missing_token(), CONTEXT)

    assert (answer.status, json.loads(answer.body)) == (
        403,
        {"message": "Missing Authentication Token"},
    )
    assert dict(answer.headers) == {
        "Content-Type": "application/json",
        "x-amzn-ErrorType": "MissingAuthenticationTokenException",
    }


def test_a_template_gives_headers_status_and_words() -> None:
    responses = GatewayResponses(
        {
            "DEFAULT_4XX": {
                "responseParameters": {
                    "gatewayresponse.header.Content-Type": "'application/problem+json'",
                    "gatewayresponse.header.X-Request": "context.requestId",
                },
                "responseTemplates": {
                    "application/json": '{"title":$context.error.messageString,'
                    '"instance":"${context.path}"}'
                },
            },
            "DEFAULT_5XX": {"statusCode": "503"},
        }
    )

    answer = responses.answer(missing_token('a "word"'), CONTEXT)

    assert json.loads(answer.body) == {"title": 'a "word"', "instance": "/v1/runs"}
    assert dict(answer.headers)["Content-Type"] == "application/problem+json"
    assert dict(answer.headers)["X-Request"] == "r"
    assert responses.answer(broken(), CONTEXT).status == 503


@pytest.mark.parametrize(
    "response",
    [
        {"responseTemplates": {"application/json": "$input.body"}},
        {"responseTemplates": {"application/json": "#set($a = 1)"}},
        {"responseTemplates": {"application/json": "a", "text/plain": "b"}},
        {"responseTemplates": {"application/json": "$context.authorizer.claims"}},
        {"responseParameters": {"gatewayresponse.header.A": "method.request.header.A"}},
        {"responseParameters": {"gatewayresponse.body": "'a'"}},
    ],
)
def test_a_gateway_response_that_is_not_done_is_refused(response: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="done here"):
        GatewayResponses({"DEFAULT_4XX": response})


def test_a_refused_caller_is_told_the_action_and_the_route_and_not_the_account() -> None:
    arn = "arn:aws:execute-api:us-east-1:123456789012:abc/v1/GET/runs"

    refusal: Refusal = access_denied("arn:aws:iam::1:user/a", arn, explicit=True)

    assert refusal.message == (
        "User: arn:aws:iam::1:user/a is not authorized to perform: execute-api:Invoke on "
        "resource: arn:aws:execute-api:us-east-1:********9012:abc/v1/GET/runs "
        "with an explicit deny"
    )


def read(accept: str = "", types: frozenset[str] = NONE, **answer: Any) -> Any:
    return read_answer(json.dumps(answer).encode(), accept, types)


def test_an_answer_of_a_function_is_mapped() -> None:
    answer = read(
        statusCode="202",
        headers={"Location": "/runs/a", "X-Count": 3, "X-Flag": True, "Date": "mine"},
        multiValueHeaders={"Set-Cookie": ["a", "b"]},
        body="{}",
    )

    assert (answer.status, answer.body) == (202, b"{}")
    assert answer.headers == (
        ("Location", "/runs/a"),
        ("X-Count", "3"),
        ("X-Flag", "true"),
        ("x-amzn-Remapped-Date", "mine"),
        ("Set-Cookie", "a"),
        ("Set-Cookie", "b"),
        ("Content-Type", "application/json"),
    )


def test_a_binary_answer_is_decoded_for_who_asked_for_the_type() -> None:
    types = frozenset({"application/octet-stream"})
    given = {"statusCode": 200, "body": "AAE=", "isBase64Encoded": True}

    assert read("application/octet-stream, */*", types, **given).body == b"\0\1"
    assert read("*/*", types, **given).body == b"AAE="


@pytest.mark.parametrize(
    "payload",
    [
        b"null",
        b"[]",
        b"no json",
        b"{}",
        b'{"statusCode": "many"}',
        b'{"statusCode": true}',
        b'{"statusCode": 99}',
        b'{"statusCode": 200, "body": {}}',
        b'{"statusCode": 200, "headers": []}',
        b'{"statusCode": 200, "headers": {"a": {}}}',
        b'{"statusCode": 200, "headers": {"a": "b\\r\\nc: d"}}',
        b'{"statusCode": 200, "multiValueHeaders": {"a": "b"}}',
        b'{"statusCode": 200, "cookies": []}',
    ],
)
def test_an_answer_of_another_form_is_malformed(payload: bytes) -> None:
    with pytest.raises(MalformedAnswerError):
        read_answer(payload, "", NONE)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists))
def test_any_other_answer_is_malformed_and_nothing_worse(value: Any) -> None:
    with pytest.raises(MalformedAnswerError):
        read_answer(json.dumps(value).encode(), "", NONE)


def test_a_stage_lets_a_burst_through_and_then_its_rate() -> None:
    now = [0.0]
    throttle = Throttle(rate=2, burst=3, seconds=lambda: now[0])

    assert [throttle.take() for _ in range(5)] == [True, True, True, False, False]
    now[0] += 1
    assert [throttle.take() for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("AWS::ApiGateway::RestApi", {"Policy": {}}),
        ("AWS::ApiGateway::RestApi", {"MinimumCompressionSize": 1}),
        ("AWS::ApiGateway::Stage", {"CacheClusterEnabled": True}),
    ],
)
def test_a_resource_with_what_is_not_done_is_refused(kind: str, properties: Any) -> None:
    create = RestApis().creators()[kind]

    with pytest.raises(ApiNotDoneError, match="not done here"):
        create(None, "Api", properties)  # type: ignore[arg-type]
