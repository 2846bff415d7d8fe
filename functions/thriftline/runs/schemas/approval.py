"""What goes into and comes out of the functions that ask a person for approval.

A function URL and API Gateway's HTTP APIs send events of one form (payload version 2.0); a program
that may call the function sends the short one. Both become an ``AnswerApprovalRequest``.
"""

import base64
import binascii
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import parse_qsl

from pydantic import Field, model_validator

from thriftline.core.payload import Payload
from thriftline.runs.domain.approvals import Part

_LONGEST_NAME = 200
_LONGEST_BODY = 10_000


class RequestApprovalRequest(Payload):
    """``task_token`` is what the workflow waits on; the dollars are what the ledger says now.

    ``part`` is what is asked for: a preparation, or the run with its training.
    """

    run_id: str
    execution_arn: str
    task_token: str
    month: str
    held_usd: Decimal
    left_usd: Decimal
    part: Part = Part.RUN


class RequestApprovalResponse(Payload):
    """Nobody waits for it: the task goes on when its token is answered."""

    standing: str


class CloseApprovalRequest(Payload):
    """``timed_out``: the workflow's own wait was over before an answer woke it up."""

    run_id: str
    timed_out: bool = False


class CloseApprovalResponse(Payload):
    """``approved`` False: it was woken up without an answer, and waits on."""

    approved: bool
    answered_by: str | None = None


class SweepApprovalsRequest(Payload):
    """Nothing is asked: a schedule calls."""


class SweepApprovalsResponse(Payload):
    """The runs whose answers were delivered, whose time is over, and that are looked at again."""

    delivered: tuple[str, ...]
    expired: tuple[str, ...]
    failed: tuple[str, ...]


class WebRequest(Payload):
    """What is asked over HTTP by somebody who is nobody but the holder of a link."""

    method: str
    query: dict[str, str]
    wants_page: bool


class AnswerApprovalRequest(Payload):
    """``answer`` None shows the request and changes nothing.

    Who calls the function itself was let in by IAM; who comes over the web, with ``web`` set, by
    the signature of a link. ``by`` is kept as who answered. A yes names ``worst_case_usd``, the
    dollars of the request that was read; that of a link is bound to its request.
    """

    run_id: str = ""
    answer: Literal["approve", "reject"] | None = None
    by: str = Field("", max_length=_LONGEST_NAME)
    web: WebRequest | None = None
    worst_case_usd: Decimal | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_http(cls, event: Any) -> Any:
        if not isinstance(event, Mapping) or "requestContext" not in event:
            return event
        context = event["requestContext"]
        method = str(_within(context, "http", "method") or "").upper()
        query = {str(k): str(v) for k, v in (event.get("queryStringParameters") or {}).items()}
        headers = {str(k).lower(): str(v) for k, v in (event.get("headers") or {}).items()}
        answer = _form(event).get("answer") if method == "POST" else None
        return {
            "run_id": query.get("id", ""),
            # Anything else that is posted is no answer; the step says so.
            "answer": answer if answer in ("approve", "reject") else None,
            "by": _caller(context)[:_LONGEST_NAME],
            "web": {
                "method": method,
                "query": query,
                "wants_page": "text/html" in headers.get("accept", ""),
            },
        }

    @model_validator(mode="after")
    def _is_a_yes_to_dollars(self) -> "AnswerApprovalRequest":
        if self.answer == "approve" and self.web is None and self.worst_case_usd is None:
            raise ValueError(
                "worst_case_usd: a yes names the dollars of the request that was read; the "
                "request shows them, and nothing was approved"
            )
        return self

    @property
    def who(self) -> str:
        """Who is kept as the one who answered."""
        if self.by:
            return self.by
        return "the holder of the link" if self.web else "a caller of the function"


class AnswerApprovalResponse(Payload):
    """A response as API Gateway and function URLs take it; ``body`` is JSON, or a page."""

    statusCode: int
    headers: dict[str, str]
    body: str
    isBase64Encoded: bool = False


def _within(document: Any, *path: str) -> Any:
    for name in path:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def _caller(context: Any) -> str:
    """Returns who an authorizer says the caller is, empty without one."""
    for path in (("iam", "userArn"), ("jwt", "claims", "email"), ("jwt", "claims", "sub")):
        if found := _within(context, "authorizer", *path):
            return str(found)
    return ""


def _form(event: Mapping[str, Any]) -> dict[str, str]:
    """Returns the fields of a posted form; a body that is none has no fields."""
    body = str(event.get("body") or "")[:_LONGEST_BODY]
    if event.get("isBase64Encoded"):
        try:
            body = base64.b64decode(body, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return {}
    return dict(parse_qsl(body, max_num_fields=20)) if body.count("&") < 20 else {}
