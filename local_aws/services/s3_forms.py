"""S3's uploads by a form: what its policy allows, as S3 reads it.

moto takes every form. The signature of a policy is not looked at, as that of no call to S3 is here.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from moto.s3.responses import S3Response

from local_aws.hooks import Hooks

# What a form may have beside the fields that its policy speaks of.
_FREE = frozenset({"policy", "x-amz-signature", "awsaccesskeyid", "signature", "file"})


class FormRefusedError(Exception):
    """S3 refuses the form."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"


@dataclass(frozen=True)
class Form:
    """One upload; ``fields`` without regard to case, the bucket among them."""

    fields: Mapping[str, str]
    size: int


def install(hooks: Hooks, now: Callable[[], datetime] = lambda: datetime.now(tz=UTC)) -> None:
    """Let forms be refused; policies are signed by the machine's clock, and end by it."""
    original = S3Response._bucket_response_post

    def post(self: Any, request: Any, bucket_name: str) -> Any:
        if "key" in self.form_data:
            fields = {name.lower(): str(value) for name, value in self.form_data.items()}
            form = Form({**fields, "bucket": bucket_name}, len(self.body or b""))
            try:
                check(form, now())
            except FormRefusedError as error:
                return error.status, {"Content-Type": "application/xml"}, error.body
        return original(self, request, bucket_name)

    hooks.replace(S3Response, "_bucket_response_post", post)


def check(form: Form, now: datetime) -> None:
    """Refuse a form that its policy does not allow.

    Raises:
        FormRefusedError: it has no policy that can be read, or breaks it.
    """
    policy = _policy(form.fields.get("policy"))
    if datetime.fromisoformat(policy["expiration"]) <= now:
        raise _denied("Policy expired.")
    named = set()
    for operator, name, *wanted in _conditions(policy["conditions"]):
        if operator == "content-length-range":
            _check_size(form.size, int(name), int(wanted[0]))
            continue
        field = name.removeprefix("$").lower()
        named.add(field)
        if not _holds(operator, form.fields.get(field, ""), str(wanted[0])):
            raise _denied(f'Policy Condition failed: ["{operator}", "{name}", "{wanted[0]}"]')
    extra = sorted(
        name
        for name in form.fields.keys() - named - _FREE - {"bucket"}
        if not name.startswith("x-ignore-")
    )
    if extra:
        raise _denied(f"Extra input fields: {extra[0]}")


def _policy(text: str | None) -> dict[str, Any]:
    if text is None:
        # The buckets are private.
        raise FormRefusedError(403, "AccessDenied", "Access Denied")
    try:
        policy = json.loads(base64.b64decode(text, validate=True))
        return {"expiration": policy["expiration"], "conditions": policy["conditions"]}
    except (ValueError, KeyError, TypeError) as error:
        raise FormRefusedError(
            400, "InvalidPolicyDocument", "Invalid Policy: Invalid JSON."
        ) from error


def _conditions(said: list[Any]) -> Iterator[tuple[Any, ...]]:
    for one in said:
        if isinstance(one, dict):
            yield from (("eq", f"${name}", value) for name, value in one.items())
        else:
            yield str(one[0]).lower(), *one[1:]


def _check_size(size: int, least: int, most: int) -> None:
    if size > most:
        raise FormRefusedError(
            400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"
        )
    if size < least:
        raise FormRefusedError(
            400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size"
        )


def _holds(operator: str, value: str, wanted: str) -> bool:
    if operator == "eq":
        return value == wanted
    return operator == "starts-with" and value.startswith(wanted)


def _denied(why: str) -> FormRefusedError:
    return FormRefusedError(403, "AccessDenied", f"Invalid according to Policy: {why}")
