"""Signatures of requests, with botocore as the one that signs."""

import string
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from local_aws.apigateway.signatures import (
    NotSignedError,
    SignatureError,
    SignedRequest,
    check_signature,
    read_signature,
)

REGION = "eu-west-1"
SECRET = "secret"
HOST = "127.0.0.1:4566"


def signed(
    method: str = "GET",
    target: str = "/_aws/execute-api/abc/v1/runs",
    body: bytes = b"",
    *,
    secret: str = SECRET,
    region: str = REGION,
    service: str = "execute-api",
) -> SignedRequest:
    request = AWSRequest(method=method, url=f"http://{HOST}{target}", data=body)
    SigV4Auth(Credentials("AKIA", secret), service, region).add_auth(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    path, _, query = target.partition("?")
    return SignedRequest(method, path, query, {"host": HOST, **headers}, body)


def check(request: SignedRequest, *, later: timedelta = timedelta(0)) -> None:
    now = datetime.now(UTC) + later
    signature = read_signature(request.headers, region=REGION, now=now)
    assert signature.access_key == "AKIA"
    check_signature(signature, SECRET, request)


SEGMENTS = st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=8)


@given(
    segments=st.lists(SEGMENTS.filter(lambda each: each not in (".", "..")), max_size=4),
    query=st.lists(st.tuples(SEGMENTS, st.text(st.characters(codec="utf-8"), max_size=8))),
    body=st.binary(max_size=40),
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
)
def test_what_botocore_signs_is_accepted(
    segments: list[str], query: list[tuple[str, str]], body: bytes, method: str
) -> None:
    path = "/" + "/".join(quote(each, safe="") for each in segments)
    target = path + (f"?{urlencode(query, quote_via=quote, safe='-_.~')}" if query else "")
    assert urlsplit(f"http://{HOST}{target}").path == path

    check(signed(method, target, body))


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "POST"},
        {"path": "/_aws/execute-api/abc/v1/other"},
        {"query": "limit=100"},
        {"body": b"{}"},
    ],
)
def test_what_was_changed_after_it_was_signed_is_refused(changed: dict[str, str]) -> None:
    request = signed()

    with pytest.raises(SignatureError, match="does not match"):
        check(SignedRequest(**{**vars(request), **changed}))


def test_a_wrong_secret_is_refused() -> None:
    with pytest.raises(SignatureError, match="does not match"):
        check(signed(secret="other"))


def test_a_request_without_a_signature_is_not_signed() -> None:
    with pytest.raises(NotSignedError):
        read_signature({"host": HOST}, region=REGION, now=datetime.now(UTC))


@pytest.mark.parametrize(
    ("later", "said"), [(timedelta(minutes=6), "expired"), (-timedelta(minutes=6), "not yet")]
)
def test_a_signature_of_another_time_is_refused(later: timedelta, said: str) -> None:
    with pytest.raises(SignatureError, match=said):
        check(signed(), later=later)


def test_a_signature_a_little_off_is_accepted() -> None:
    check(signed(), later=timedelta(minutes=4))


@pytest.mark.parametrize("request_", [signed(region="us-east-1"), signed(service="s3")])
def test_a_signature_of_another_region_or_service_is_refused(request_: SignedRequest) -> None:
    with pytest.raises(SignatureError, match="scoped"):
        check(request_)


@given(st.text(string.printable, max_size=60))
def test_any_other_header_is_refused_and_nothing_worse(text: str) -> None:
    headers = {"host": HOST, "authorization": f"AWS4-HMAC-SHA256 {text}"}

    with pytest.raises(SignatureError):
        read_signature(headers, region=REGION, now=datetime.now(UTC))


def test_a_signature_that_leaves_out_the_host_is_refused() -> None:
    request = signed()
    header = request.headers["authorization"].replace("SignedHeaders=host;", "SignedHeaders=")

    with pytest.raises(SignatureError, match="'host' must be"):
        check(
            SignedRequest(
                **{**vars(request), "headers": {**request.headers, "authorization": header}}
            )
        )
