"""The hosted page signs as botocore does: same request, same time, same headers."""

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.contract.node import node

ROOT = Path(__file__).parents[2]
PROGRAM = """
import { readFileSync } from "node:fs";
import { encoded, signedHeaders } from "./signature.js";
const asked = JSON.parse(readFileSync(0, "utf8"));
const answers = [];
for (const one of asked) {
  const path = `/v1/${one.parts.map(encoded).join("/")}${one.end}`;
  const query = one.query.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join("&");
  const url = `${one.origin}${path}${query && `?${query}`}`;
  const now = new Date(one.now);
  answers.push({ url, headers: await signedHeaders({ ...one, url, now }) });
}
console.log(JSON.stringify(answers));
"""
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
SECRET = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
HEADERS = st.fixed_dictionaries(
    {}, optional={"Content-Type": WORDS, "Accept": WORDS, "Idempotency-Key": WORDS}
)
REQUESTS = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "POST", "PUT", "DELETE", "post"]),
        "origin": st.sampled_from(
            [
                "https://a1b2.execute-api.eu-west-1.amazonaws.com",
                "https://A1b2.execute-api.eu-west-1.amazonaws.com:443",
                "http://127.0.0.1:4566",
                "http://localhost:80",
            ]
        ),
        "parts": st.lists(TEXT, max_size=4),
        "end": st.sampled_from(["", "/", "//", "/./x", "/a/../b"]),
        "query": st.lists(st.tuples(TEXT, TEXT), max_size=4),
        "headers": HEADERS,
        "body": st.one_of(st.just(""), TEXT),
        "region": st.sampled_from(["eu-west-1", "us-gov-west-1"]),
        "service": st.sampled_from(["execute-api", "sts"]),
        "credentials": st.fixed_dictionaries(
            {"accessKeyId": st.just("AKIDEXAMPLE"), "secretAccessKey": SECRET},
            optional={"sessionToken": SECRET},
        ),
    }
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The signer where node takes it for a module."""
    made = tmp_path_factory.mktemp("page")
    shutil.copy(ROOT / "web/js/account/signature.js", made)
    (made / "package.json").write_text('{"type": "module"}')
    (made / "sign.js").write_text(PROGRAM)
    return made


def signed_by_page(folder: Path, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns what the page's module makes of requests: the address and the headers of each."""
    ran = subprocess.run(
        [node(), "sign.js"],
        cwd=folder,
        input=json.dumps(requests).encode(),
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    found: list[dict[str, Any]] = json.loads(ran.stdout)
    return found


def signed_by_botocore(request: dict[str, Any], url: str) -> tuple[dict[str, str], datetime]:
    """Returns the headers that botocore sends now, and when that is."""
    keys = request["credentials"]
    credentials = Credentials(
        keys["accessKeyId"], keys["secretAccessKey"], keys.get("sessionToken")
    )
    made = AWSRequest(
        method=request["method"],
        url=url,
        data=request["body"].encode(),
        headers=dict(request["headers"]),
    )
    SigV4Auth(credentials, request["service"], request["region"]).add_auth(made)
    when = datetime.strptime(made.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return dict(made.headers.items()), when


# To make a failing list smaller takes minutes; its first difference says enough.
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)
@given(requests=st.lists(REQUESTS, min_size=40, max_size=60))
def test_the_page_signs_as_botocore_does(folder: Path, requests: list[dict[str, Any]]) -> None:
    start = datetime(2026, 11, 30, tzinfo=UTC).isoformat()
    addresses = [
        one["url"] for one in signed_by_page(folder, [{**x, "now": start} for x in requests])
    ]
    wanted = [signed_by_botocore(*both) for both in zip(requests, addresses, strict=True)]
    asked = [
        {**one, "now": when.isoformat()} for one, (_, when) in zip(requests, wanted, strict=True)
    ]

    for found, (headers, _) in zip(signed_by_page(folder, asked), wanted, strict=True):
        assert found["headers"] == headers


def test_another_secret_path_or_body_is_another_signature(folder: Path) -> None:
    request: dict[str, Any] = {
        "method": "POST",
        "origin": "https://a1b2.execute-api.eu-west-1.amazonaws.com",
        "parts": ["runs"],
        "end": "",
        "query": [],
        "headers": {},
        "body": "{}",
        "region": "eu-west-1",
        "service": "execute-api",
        "credentials": {"accessKeyId": "AKID", "secretAccessKey": "secret"},
        "now": "2026-11-30T00:00:00Z",
    }
    others: list[dict[str, Any]] = [
        {"credentials": {**request["credentials"], "secretAccessKey": "other"}},
        {"parts": ["approvals"]},
        {"body": "{ }"},
        {"now": "2026-11-30T00:00:01Z"},
    ]
    found = signed_by_page(folder, [request, *({**request, **one} for one in others)])

    assert len({one["headers"]["Authorization"] for one in found}) == 1 + len(others)
