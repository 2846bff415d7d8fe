"""Lambda: the HTTP API. It stands around Chalice's app: whatever that raises is a problem."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from thriftline.api import dispatch, problems
from thriftline.api.app import app
from thriftline.api.idempotency import HttpAnswer
from thriftline.api.problems import Problem
from thriftline.core.aws import clients
from thriftline.core.observability import logger, metrics, tracer

_LARGEST_ANSWER = 5_500_000
# What Chalice itself answers with these is said in our words.
_SAID = {
    HTTPStatus.NOT_FOUND: "The API has no such path; GET /openapi.json lists all of them.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This path has other methods; the header Allow names them.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "Send the body as application/json.",
}


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers one request of API Gateway (REST API, payload 1.0); nothing is raised."""
    request_id = ""
    try:
        event = _complete(event)
        request_id = str(event["requestContext"].get("requestId") or "")
        with clients.deadline.within(clients.ANSWER_WITHIN_SECONDS):
            answer = app(event, context)
        return _bounded(_in_our_words(answer, request_id), request_id)
    except Exception:
        logger.exception("the API failed outside of its views")
        return _event_answer(dispatch.refused(dispatch.failure(), request_id))
    finally:
        if metrics.metric_set:
            metrics.flush_metrics()


def _complete(event: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the event with what Chalice takes for granted."""
    return {
        **event,
        "requestContext": event.get("requestContext") or {},
        "headers": event.get("headers") or {},
        "multiValueQueryStringParameters": event.get("multiValueQueryStringParameters"),
        "pathParameters": event.get("pathParameters") or {},
        "stageVariables": event.get("stageVariables") or {},
        "body": event.get("body"),
        "isBase64Encoded": bool(event.get("isBase64Encoded")),
    }


def _in_our_words(answer: dict[str, Any], request_id: str) -> dict[str, Any]:
    headers = {str(name).lower(): value for name, value in (answer.get("headers") or {}).items()}
    status = HTTPStatus(int(answer["statusCode"]))
    is_ours = "x-content-type-options" in headers
    if status < HTTPStatus.BAD_REQUEST or is_ours:
        return answer
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _event_answer(dispatch.refused(dispatch.failure(), request_id))
    allow = {"Allow": str(headers["allow"])} if headers.get("allow") else {}
    if status is HTTPStatus.METHOD_NOT_ALLOWED and not allow:
        # Chalice says so of a path that it does not have.
        status = HTTPStatus.NOT_FOUND
    detail = _SAID.get(status, problems.title_of(status) + ".")
    return _event_answer(dispatch.refused(Problem(status, detail, headers=allow), request_id))


def _bounded(answer: dict[str, Any], request_id: str) -> dict[str, Any]:
    """Lambda sends at most 6 MB, and API Gateway answers 502 to more."""
    size = len(str(answer.get("body") or "").encode())
    if size <= _LARGEST_ANSWER:
        return answer
    problem = Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"The answer has {size:,} bytes; {_LARGEST_ANSWER:,} can be sent. Read it from S3.",
    )
    return _event_answer(dispatch.refused(problem, request_id))


def _event_answer(answer: HttpAnswer) -> dict[str, Any]:
    return {
        "statusCode": answer.status,
        "headers": answer.headers,
        "multiValueHeaders": {},
        "body": answer.body,
        "isBase64Encoded": False,
    }
