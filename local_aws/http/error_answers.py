"""Errors, in the form that clients of the service read."""

import json
import uuid
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from xml.sax.saxutils import escape

from local_aws.http.identify import Call, Environ

StartResponse = Callable[..., Any]

NOT_DONE = "NotImplementedByLocalAws"
# Calls of directory buckets are signed as s3express.
_XML_SERVICES = frozenset({"s3", "s3express"})
_QUERY_SERVICES = frozenset({"cloudformation", "iam", "sns", "sts"})


def drain(environ: Environ) -> None:
    """Read what a client still sends."""
    # A client that still sends would see its connection reset instead of the answer.
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left > 0 and (chunk := environ["wsgi.input"].read(min(left, 65536))):
        left -= len(chunk)


def fail(
    call: Call,
    environ: Mapping[str, Any],
    start_response: StartResponse,
    message: str,
    status: str = "501 Not Implemented",
    code: str = NOT_DONE,
    fields: Mapping[str, Any] = MappingProxyType({}),
) -> list[bytes]:
    """Answer with an error; `fields` are further members of one in JSON."""
    content_type, body = _error_body(call, environ, message, code, fields)
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
        ("x-amzn-ErrorType", code),
        ("x-amzn-RequestId", str(uuid.uuid4())),
    ]
    start_response(status, headers)
    return [body]


def _error_body(
    call: Call, environ: Mapping[str, Any], message: str, code: str, more: Mapping[str, Any]
) -> tuple[str, bytes]:
    inner = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    if call.service in _XML_SERVICES:
        return "application/xml", f"<Error>{inner}</Error>".encode()
    if call.service == "ec2":
        body = f"<Response><Errors><Error>{inner}</Error></Errors></Response>"
        return "text/xml", body.encode()
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    if form or call.service in _QUERY_SERVICES:
        return "text/xml", f"<ErrorResponse><Error>{inner}</Error></ErrorResponse>".encode()
    if "cbor" in environ.get("CONTENT_TYPE", ""):
        return "application/cbor", _cbor({"__type": code, "message": message})
    fields = {"__type": code, "message": message, **more}
    return "application/x-amz-json-1.1", json.dumps(fields).encode()


def _cbor(fields: Mapping[str, str]) -> bytes:
    """Encode a map of short texts (RFC 8949: a map is 0xA0 + n, a text 0x79 and 16 bits)."""
    encoded = bytes([0xA0 + len(fields)])
    for text in (item for pair in fields.items() for item in pair):
        data = text.encode()[:65535]
        encoded += b"\x79" + len(data).to_bytes(2, "big") + data
    return encoded
