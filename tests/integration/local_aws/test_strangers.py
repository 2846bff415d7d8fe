"""What a web page, a stranger's name and a stranger's request get from a running embedded AWS.

The list is an attacker's: each line is something that a page in a developer's browser can send, or
that any client can ask for, and that must change nothing and show nothing.
"""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.integration.local_aws.aws import Aws

FORM = "application/x-www-form-urlencoded"
SIGNED = "AWS4-HMAC-SHA256 Credential=any/20261129/us-east-1/{}/aws4_request, SignedHeaders=h"
PAGE = {"Origin": "https://evil.example"}
SECRET = b"customer text"
BOUNDARY = "----x"


def ask(
    aws: Aws, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Send exactly this, as no client library would."""
    place = urlsplit(aws.embedded.endpoint)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    host = named.pop("Host", place.netloc)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in {"Host": host, "Content-Length": str(len(body)), **named}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    given = {name.lower(): value for name, value in answer.getheaders()}
    text = answer.read()
    connection.close()
    return answer.status, given, text


@pytest.fixture
def bucket(aws: Aws) -> str:
    name = aws.outputs["UploadsName"]
    aws.client("s3").put_object(Bucket=name, Key="secret.csv", Body=SECRET)
    return name


def signed(service: str) -> str:
    return SIGNED.format(service)


def form_upload(key: str) -> bytes:
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{{}}"{{}}\r\n\r\n{{}}\r\n'
    return (
        part.format("key", "", key)
        + part.format("file", '; filename="x"', "stolen")
        + f"--{BOUNDARY}--\r\n"
    ).encode()


ATTACKS: dict[str, tuple[str, str, dict[str, str]]] = {
    # DNS rebinding: the page's own name resolves to this machine, so it is of one origin with us.
    "rebound read": ("GET", "/{bucket}/secret.csv", {"Host": "evil.example:4566"}),
    "rebound list": ("GET", "/", {"Host": "evil.example"}),
    "rebound write": ("PUT", "/{bucket}/planted", {"Host": "a.evil.example"}),
    "rebound delete": ("DELETE", "/{bucket}/secret.csv", {"Host": "127.0.0.1.nip.example"}),
    "rebound call": (
        "POST",
        "/",
        {
            "Host": "evil.example",
            "X-Amz-Target": "SageMaker.CreateTrainingJob",
            "Authorization": signed("sagemaker"),
        },
    ),
    "no host": ("GET", "/{bucket}/secret.csv", {"Host": ""}),
    "whole address as target": ("GET", "http://evil.example/{bucket}/secret.csv", {}),
    # CORS: calls that a browser asks about first.
    "preflight": ("OPTIONS", "/{bucket}/x", {**PAGE, "Access-Control-Request-Method": "PUT"}),
    "preflight without origin": ("OPTIONS", "/{bucket}/x", {}),
    "read by a page": ("GET", "/{bucket}/secret.csv", PAGE),
    "read by a page without origin": ("GET", "/{bucket}/secret.csv", {"Origin": "null"}),
    "list by a page": ("GET", "/{bucket}?list-type=2", PAGE),
    "put by a page": ("PUT", "/{bucket}/planted", PAGE),
    "delete by a page": ("DELETE", "/{bucket}/secret.csv", PAGE),
    "training job by a page": (
        "POST",
        "/",
        {
            **PAGE,
            "X-Amz-Target": "SageMaker.CreateTrainingJob",
            "Authorization": signed("sagemaker"),
        },
    ),
    "invoke by a page": (
        "POST",
        "/2015-03-31/functions/fixture-echo/invocations",
        {**PAGE, "Authorization": signed("lambda")},
    ),
    # Simple requests: what a browser sends anywhere without asking.
    "form by a page": ("POST", "/", {**PAGE, "Content-Type": FORM}),
    "form by a page of a file": ("POST", "/", {"Origin": "null", "Content-Type": FORM}),
    "plain text by a page": ("POST", "/{bucket}?delete", {**PAGE, "Content-Type": "text/plain"}),
    "form upload by a page": (
        "POST",
        "/{bucket}",
        {**PAGE, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
    ),
    "CBOR path by a page": (
        "POST",
        "/service/GraniteServiceVersion20100801/operation/PutMetricData",
        {**PAGE, "Content-Type": "text/plain", "Authorization": signed("monitoring")},
    ),
    "image": ("GET", "/{bucket}/secret.csv", {"Sec-Fetch-Site": "cross-site"}),
    "script": (
        "GET",
        "/{bucket}/secret.csv",
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "script"},
    ),
    "frame": ("GET", "/{bucket}/secret.csv", {"Sec-Fetch-Site": "same-site"}),
    "page that lies in a bucket": (
        "GET",
        "/{bucket}/secret.csv",
        {"Sec-Fetch-Site": "same-origin"},
    ),
    "web socket": (
        "GET",
        "/",
        {**PAGE, "Upgrade": "websocket", "Connection": "Upgrade"},
    ),
    # Links, which may come without any header of a browser's.
    "link that acts": (
        "GET",
        "/?Action=DeleteRole&RoleName=x&X-Amz-Credential=a/20261129/us-east-1/iam/aws4_request",
        {},
    ),
    "link that sends": (
        "GET",
        "/?Action=Publish&TopicArn=x&X-Amz-Credential=a/20261129/us-east-1/sns/aws4_request",
        {},
    ),
    # moto's own paths.
    "reset": ("POST", "/moto-api/reset", {}),
    "reset, signed": ("POST", "/moto-api/reset", {"Authorization": signed("s3")}),
    "reset by query": ("POST", "/moto-api/reset?X-Amz-Credential=a/b/us-east-1/s3/d", {}),
    "reset, encoded": ("POST", "/%6doto-api/reset", {}),
    "data": ("GET", "/moto-api/data.json", {}),
    "configuration": ("POST", "/moto-api/config", {}),
    "recorder": ("POST", "/moto-api/recorder/start-recording", {}),
    "seed": ("POST", "/moto-api/seed?a=1", {}),
    "instance's credentials": ("GET", "/latest/meta-data/iam/security-credentials/role", {}),
    "instance's token": ("PUT", "/latest/api/token", {}),
    "icon": ("GET", "/favicon.ico", {}),
    "service in the path": ("GET", "/iam_us-east-1/", {}),
    "another account": (
        "POST",
        "/",
        {"x-moto-account-id": "999999999999", **PAGE, "Content-Type": FORM},
    ),
    # Services that run code or hand out more.
    "new function": (
        "POST",
        "/2015-03-31/functions",
        {"Authorization": signed("lambda")},
    ),
    "function's configuration": (
        "PUT",
        "/2015-03-31/functions/fixture-echo/configuration",
        {"Authorization": signed("lambda")},
    ),
    "new stack": (
        "POST",
        "/?Action=CreateStack",
        {"Authorization": signed("cloudformation"), "Content-Type": FORM},
    ),
    "bucket that any page may read": (
        "PUT",
        "/{bucket}?cors",
        {"Authorization": signed("s3")},
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_shows_nothing_and_changes_nothing(aws: Aws, bucket: str, name: str) -> None:
    method, path, headers = ATTACKS[name]
    body = form_upload("planted") if "multipart" in headers.get("Content-Type", "") else b"x=1"

    status, given, text = ask(
        aws,
        method,
        path.replace("{bucket}", bucket),
        b"" if method == "GET" else body,
        **{key.replace("-", "_"): value for key, value in headers.items()},
    )

    assert status in {400, 403, 404, 405, 501}, (status, text[:300])
    assert SECRET not in text
    assert not [header for header in given if header.startswith("access-control-")]
    listed = aws.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert "planted" not in {each["Key"] for each in listed}
    assert "secret.csv" in {each["Key"] for each in listed}


def test_no_answer_allows_an_origin_or_lets_a_browser_use_it(aws: Aws, bucket: str) -> None:
    status, given, text = ask(aws, "GET", f"/{bucket}/secret.csv", Authorization=signed("s3"))

    assert (status, text) == (200, SECRET)
    assert not [header for header in given if header.startswith("access-control-")]
    assert given["cross-origin-resource-policy"] == "same-origin"
    assert given["x-content-type-options"] == "nosniff"
    assert given["content-security-policy"] == "sandbox"


def test_a_client_reads_why_its_host_was_refused(aws: Aws) -> None:
    status, _, text = ask(
        aws,
        "POST",
        "/",
        b"{}",
        Host="host.docker.internal:4566",
        X_Amz_Target="AWSStepFunctions.ListStateMachines",
        Authorization=signed("states"),
    )
    answer: dict[str, Any] = json.loads(text)

    assert status == 403
    assert answer["__type"] == "AccessDenied"
    assert "--host-name" in answer["message"]
    assert "host.docker.internal" in answer["message"]
